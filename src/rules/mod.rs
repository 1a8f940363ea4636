//! The rules, one a file beside nothing else, by category. `support` holds what several of them know.

use crate::rule::Entry;

mod binds;
mod cache;
mod compose;
mod images;
mod packages;
pub mod peers;
mod privileges;
mod quoting;
mod secrets;
mod shell;
mod stages;
mod style;
mod syntax;

pub(crate) mod support;

/// All registered rules.
pub(crate) fn all() -> Vec<Entry> {
    let categories = [
        binds::RULES,
        cache::RULES,
        compose::RULES,
        images::RULES,
        packages::RULES,
        privileges::RULES,
        quoting::RULES,
        secrets::RULES,
        shell::RULES,
        stages::RULES,
        style::RULES,
        syntax::RULES,
    ];
    categories.into_iter().flatten().copied().collect()
}
