//! `stacklint rules`.

use super::{Failure, output};
use crate::files::Disk;
use crate::report::{RuleInfo, rules};
use crate::rule::{Info, RULES_DIR, Registry};

/// The arguments of `stacklint rules`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How the list is printed
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    format: Format,
    /// Run the examples of the project's own rules (.stacklint/rules/*.md) as tests
    #[arg(long)]
    test: bool,
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
    let registry = super::settings::rules(&Disk::new("."), &super::here())?;
    if args.test {
        return Ok(test(registry));
    }
    let infos: Vec<RuleInfo> = registry.rules().iter().map(info).collect();
    super::print(&match args.format {
        Format::Text => rules::text(&infos, &output::style(args.color)),
        Format::Json => rules::json(&infos),
        Format::Markdown => rules::markdown(&infos),
    });
    Ok(0)
}

/// Says which examples do not hold; one that does not is exit status 1.
fn test(registry: &'static Registry) -> u8 {
    let own = registry.rules().iter().filter(|rule| rule.path.is_some()).count();
    let failures = super::examples::failures(registry);
    if own == 0 {
        super::say(&format!("stacklint: no rule of this project's own: there is no {RULES_DIR}/*.md"));
    } else if failures.is_empty() {
        super::say(&format!(
            "{own} {} as {} examples say",
            if own == 1 { "rule does" } else { "rules do" },
            if own == 1 { "its" } else { "their" }
        ));
    }
    failures.iter().for_each(|failure| super::print(&format!("{}\n", failure.trim_end())));
    u8::from(!failures.is_empty())
}

/// What reports say about a rule.
pub(super) fn info(rule: &Info) -> RuleInfo {
    RuleInfo {
        name: rule.name.to_owned(),
        category: rule.category.to_owned(),
        summary: rule.page().meta.summary.clone(),
        help_markdown: rule.page().body.to_owned(),
        url: rule.url(),
        aliases: rule.aliases.iter().map(|a| (*a).to_owned()).collect(),
        severity: rule.severity,
    }
}
