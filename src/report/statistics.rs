//! How often each rule found something, instead of the findings.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Format, Report, clean};
use crate::diagnostic::Applicability;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    statistics: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    rule: &'a str,
    category: &'a str,
    severity: &'a str,
    count: usize,
    fixable: usize,
}

/// Prints the rules that found something, the most frequent first; `None` where a format has no such table.
pub fn render(format: Format, report: &Report) -> Option<String> {
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for d in report.diagnostics {
        let row = || Row { rule: d.rule, category: d.category, severity: d.severity.name(), count: 0, fixable: 0 };
        let row = rows.entry(d.rule).or_insert_with(row);
        row.count += 1;
        row.fixable += usize::from(d.fix.as_ref().is_some_and(|f| f.applicability == Applicability::Safe));
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_by_key(|r| std::cmp::Reverse(r.count));
    match format {
        Format::Text | Format::Compact => Some(table(&rows)),
        Format::Json => Some(clean::document(&Document { version: 1, statistics: rows }, true)),
        _ => None,
    }
}

fn table(rows: &[Row]) -> String {
    let digits = rows.iter().map(|r| r.count).max().unwrap_or(0).to_string().len();
    let width = rows.iter().map(|r| r.rule.len()).max().unwrap_or(0);
    let line = |r: &Row| {
        let fixes = if r.fixable > 0 { format!("   {} can be fixed with --fix", r.fixable) } else { String::new() };
        format!("{:>digits$}  {:<7}  {:<width$}{fixes}", r.count, r.severity, r.rule).trim_end().to_owned() + "\n"
    };
    rows.iter().map(line).collect()
}
