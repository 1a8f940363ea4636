//! `stacklint rules`.

use super::{Failure, output};
use crate::report::{RuleInfo, rules};
use crate::rule::{Info, registry};

/// The arguments of `stacklint rules`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How the list is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// When to use colours
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    color: output::Color,
}

#[derive(Clone, Copy, Default, clap::ValueEnum)]
enum Format {
    #[default]
    Text,
    Json,
    Markdown,
}

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let infos = infos();
    super::print(&match args.format {
        Format::Text => rules::text(&infos, &output::style(args.color)),
        Format::Json => rules::json(&infos),
        Format::Markdown => rules::markdown(&infos),
    });
    Ok(0)
}

/// What reports say about the rules.
pub(super) fn infos() -> Vec<RuleInfo> {
    registry().rules().iter().map(info).collect()
}

/// What reports say about a rule.
pub(super) fn info(rule: &Info) -> RuleInfo {
    RuleInfo {
        name: rule.name.to_owned(),
        category: rule.category.to_owned(),
        summary: rule.page.meta.summary.clone(),
        help_markdown: rule.page.body.to_owned(),
        url: rule.url(),
        aliases: rule.aliases.iter().map(|a| (*a).to_owned()).collect(),
        severity: rule.severity,
    }
}
