//! What a rule is: its page, and what it does with the model. Rules cannot fail, do no input or output, hold no state.

mod check_directive;
mod config;
mod config_file;
mod cx;
mod dclint_config;
mod front;
mod globs;
mod hadolint_config;
mod matcher;
mod meta;
mod own_config;
mod page;
mod registry;
mod select;
mod suppress;
mod unused;

pub use config::{Config, FailOn, Override, Place};
pub use config_file::{HADOLINT_NAMES, OWN_NAMES, RULES_DIR};
pub use cx::{Cx, Report, replace};
pub use dclint_config::{DCLINT_NAMES, in_package};
pub use front::Outline;
pub use meta::{FixKind, Meta};
pub use page::{Block, Page, Section};
pub use registry::{Info, OWN, Registry, registry};
pub use select::{Preset, SHELLCHECK, Selection, SelectionError, SelectionRequest};
pub use suppress::Suppressions;

pub(crate) use check_directive::CheckOptions;
pub(crate) use matcher::run as run_matcher;
pub(crate) use unused::unused_suppressions;

use crate::compose::Project;
use crate::stack::{DockerfileUnit, ScriptUnit, Stack};

/// A native rule. One empty default method a level; a rule fills in the one that sees what it needs.
pub trait Rule: Sync {
    /// Every Dockerfile of the stack, once.
    fn dockerfile(&self, _unit: &DockerfileUnit, _cx: &mut Cx<'_>) {}
    /// Every shell script of the stack: RUN, CMD, ENTRYPOINT, HEALTHCHECK, Compose commands, script files.
    fn script(&self, _script: &ScriptUnit, _cx: &mut Cx<'_>) {}
    /// Every Compose project.
    fn project(&self, _project: &Project, _cx: &mut Cx<'_>) {}
    /// The whole stack, once.
    fn stack(&self, _stack: &Stack, _cx: &mut Cx<'_>) {}

    /// [`Rule::dockerfile`] for several: a rule that does without it is called once, not for each.
    fn dockerfiles(&self, seen: &mut [(&DockerfileUnit, Cx<'_>)]) {
        seen.iter_mut().for_each(|(unit, cx)| self.dockerfile(unit, cx));
    }
    /// [`Rule::script`] for several.
    fn scripts(&self, seen: &mut [(&&ScriptUnit, Cx<'_>)]) {
        seen.iter_mut().for_each(|(script, cx)| self.script(script, cx));
    }
    /// [`Rule::project`] for several.
    fn projects(&self, seen: &mut [(&Project, Cx<'_>)]) {
        seen.iter_mut().for_each(|(project, cx)| self.project(project, cx));
    }
}

/// A rule as it is registered: its id (`category/name`), its page, and its code unless the page's `match:` says it all.
#[derive(Clone, Copy)]
pub struct Entry {
    /// `category/name`, also the page's place below `rules/`.
    pub id: &'static str,
    /// The page, as in the repository.
    pub page: &'static str,
    /// Where the page says what a start needs to know.
    pub outline: Outline,
    /// The code.
    pub native: Option<&'static dyn Rule>,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// Declares a native rule: a unit struct with its registry entry. No page, no build.
macro_rules! rule {
    ($name:ident, $id:literal) => {
        #[doc = concat!("The rule `", $id, "`; its page says the rest.")]
        pub(crate) struct $name;
        impl $name {
            /// Its line in the registry.
            pub(crate) const ENTRY: $crate::rule::Entry = $crate::rule::Entry {
                id: $id,
                page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $id, ".md")),
                outline: $crate::rule::Outline::of(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $id, ".md"))),
                native: Some(&$name),
            };
        }
    };
}
pub(crate) use rule;

/// The registry entry of a rule whose page's `match:` says it all.
macro_rules! declarative {
    ($id:literal) => {
        $crate::rule::Entry {
            id: $id,
            page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $id, ".md")),
            outline: const { $crate::rule::Outline::of(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/", $id, ".md"))) },
            native: None,
        }
    };
}
pub(crate) use declarative;
