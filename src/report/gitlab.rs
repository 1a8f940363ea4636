//! GitLab's code quality report, the subset of Code Climate's format that GitLab reads.

use serde::Serialize;

use super::{Finding, View, clean};
use crate::diagnostic::Severity;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: &'a str,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

pub(super) fn render(view: &View) -> String {
    let issues: Vec<Issue> = view.findings.iter().map(|f| issue(view, f)).collect();
    clean::document(&issues, true)
}

fn issue<'a>(view: &View<'a>, f: &'a Finding) -> Issue<'a> {
    let d = f.diagnostic;
    let begin = view.start(d.primary).line;
    let end = view.end(d.primary).line.max(begin);
    Issue {
        description: view.text(&d.message).into_owned(),
        check_name: d.rule,
        fingerprint: &f.fingerprint,
        severity: severity(d.severity),
        location: Location { path: view.path(d.primary), lines: Lines { begin, end } },
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "critical",
        Severity::Warning => "major",
        Severity::Info => "minor",
        Severity::Style => "info",
    }
}
