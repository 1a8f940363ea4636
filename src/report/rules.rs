//! The rules themselves: the list, and one rule's page.

use std::fmt::Write;

use serde::Serialize;

use super::{RuleInfo, Style, clean};
use crate::diagnostic::Severity;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Rule<'a> {
    name: &'a str,
    category: &'a str,
    severity: &'static str,
    summary: &'a str,
    aliases: &'a [String],
    url: Option<&'a str>,
}

/// The list as a table for people.
pub fn text(rules: &[RuleInfo], style: &Style) -> String {
    let width = rules.iter().map(|r| r.name.chars().count()).max().unwrap_or(0);
    let mut out = String::new();
    for (category, rules) in by_category(rules) {
        let _ = writeln!(out, "{}", bold(category, style));
        for r in rules {
            let severity = format!("{:<7}", r.severity.name());
            let _ = writeln!(out, "  {:<width$}  {}  {}", r.name, colored(&severity, r.severity, style), clean::line(&r.summary));
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{} rules; `stacklint explain RULE` prints the page of one", rules.len());
    out
}

/// The list as one versioned object.
pub fn json(rules: &[RuleInfo]) -> String {
    let mut sorted: Vec<&RuleInfo> = rules.iter().collect();
    sorted.sort_by_key(|r| (r.category.as_str(), r.name.as_str()));
    let rules = sorted
        .into_iter()
        .map(|r| Rule {
            name: &r.name,
            category: &r.category,
            severity: r.severity.name(),
            summary: &r.summary,
            aliases: &r.aliases,
            url: Some(r.url.as_str()).filter(|u| !u.is_empty()),
        })
        .collect();
    clean::document(&Document { version: 1, rules }, true)
}

/// The list as Markdown tables, one a category.
pub fn markdown(rules: &[RuleInfo]) -> String {
    let mut out = String::new();
    for (category, rules) in by_category(rules) {
        let _ = write!(out, "## {category}\n\n| rule | severity | what it finds | elsewhere known as |\n|---|---|---|---|\n");
        for r in rules {
            let name = if r.url.is_empty() { format!("`{}`", r.name) } else { format!("[`{}`]({})", r.name, r.url) };
            let aliases: Vec<String> = r.aliases.iter().map(|a| format!("`{a}`")).collect();
            let _ = writeln!(out, "| {name} | {} | {} | {} |", r.severity.name(), cell(&r.summary), cell(&aliases.join(", ")));
        }
        out.push('\n');
    }
    out
}

/// A rule's page: on a terminal with weights instead of marks, elsewhere the Markdown as it is.
pub fn page(rule: &RuleInfo, style: &Style) -> String {
    let mut out = format!("{}\n", bold(&rule.name, style));
    let _ = writeln!(out, "{} · {}", rule.category, colored(rule.severity.name(), rule.severity, style));
    if !rule.aliases.is_empty() {
        let _ = writeln!(out, "also known as {}", rule.aliases.join(", "));
    }
    let _ = write!(out, "\n{}\n\n", rule.summary);
    let mut in_code = false;
    for line in rule.help_markdown.trim().lines() {
        let fence = line.trim_start().starts_with("```");
        match line.trim_start_matches('#') {
            heading if !in_code && heading.len() < line.len() && style.color => {
                let _ = writeln!(out, "{}", bold(heading.trim(), style));
            }
            _ if style.color && fence => out.push('\n'),
            _ if style.color && in_code => {
                let _ = writeln!(out, "    {line}");
            }
            _ => {
                let _ = writeln!(out, "{line}");
            }
        }
        in_code ^= fence;
    }
    out
}

/// The rules of each category, both by name.
fn by_category(rules: &[RuleInfo]) -> std::collections::BTreeMap<&str, Vec<&RuleInfo>> {
    let mut categories: std::collections::BTreeMap<&str, Vec<&RuleInfo>> = std::collections::BTreeMap::new();
    for r in rules {
        categories.entry(&r.category).or_default().push(r);
    }
    for rules in categories.values_mut() {
        rules.sort_by_key(|r| r.name.as_str());
    }
    categories
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn bold(text: &str, style: &Style) -> String {
    if style.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

fn colored(text: &str, severity: Severity, style: &Style) -> String {
    let code = match severity {
        Severity::Error => 31,
        Severity::Warning => 33,
        Severity::Info | Severity::Style => 36,
    };
    if style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
