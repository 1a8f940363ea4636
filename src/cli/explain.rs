//! `stacklint explain`.

use super::{Failure, output};
use crate::files::Disk;
use crate::report::rules;
use crate::rule::{Info, Registry};
use crate::syntax::closest;

/// The arguments of `stacklint explain`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// A rule, or the id that another linter has for it
    #[arg(value_name = "RULE")]
    rule: String,
    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: output::Color,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let name = args.rule.as_str();
    let registry = super::settings::rules(&Disk::new("."), &super::here())?;
    let found: Vec<&Info> = match registry.find(name) {
        Some(rule) => vec![rule],
        None => registry.by_alias(name).collect(),
    };
    if found.is_empty() {
        return Err(unknown(name, registry));
    }
    let style = output::style(args.color);
    let pages: Vec<String> = found.into_iter().map(|rule| rules::page(&super::rules::info(rule), &style)).collect();
    super::print(&pages.join("\n"));
    Ok(0)
}

fn unknown(name: &str, registry: &Registry) -> Failure {
    if crate::rules::peers::is_peer_id(name) {
        return format!("no rule of ours stands for `{name}`");
    }
    let known = registry.rules().iter().flat_map(|r| r.aliases.iter().copied().chain([r.name]));
    match closest(name, known) {
        Some(nearest) => format!("no rule is named `{name}`; did you mean `{nearest}`?"),
        None => format!("no rule is named `{name}`; `stacklint rules` lists them"),
    }
}
