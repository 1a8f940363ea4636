//! reviewdog's diagnostic format. It counts columns in bytes; its suggestions are alternatives, each one edit of the
//! finding's own file, so a fix of several edits is none.

use serde::Serialize;

use super::{Finding, View, clean};
use crate::diagnostic::{Applicability, Fix, Severity};
use crate::source::Span;

#[derive(Serialize)]
struct Document<'a> {
    source: Source,
    diagnostics: Vec<Diagnostic<'a>>,
}

#[derive(Serialize)]
struct Source {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'static str>,
}

#[derive(Serialize)]
struct Diagnostic<'a> {
    message: String,
    location: Location<'a>,
    severity: &'static str,
    code: Code<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suggestions: Vec<Suggestion<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Related<'a>>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    range: Range,
}

#[derive(Serialize)]
struct Range {
    start: Position,
    end: Position,
}

#[derive(Serialize)]
struct Position {
    line: usize,
    column: usize,
}

#[derive(Serialize)]
struct Code<'a> {
    value: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct Suggestion<'a> {
    range: Range,
    text: &'a str,
}

#[derive(Serialize)]
struct Related<'a> {
    message: String,
    location: Location<'a>,
}

pub(super) fn render(view: &View) -> String {
    let document = Document {
        source: Source { name: super::TOOL, url: super::HOME },
        diagnostics: view.findings.iter().map(|f| diagnostic(view, f)).collect(),
    };
    clean::document(&document, true)
}

fn diagnostic<'a>(view: &View<'a>, f: &Finding<'a>) -> Diagnostic<'a> {
    let d = f.diagnostic;
    let one_here =
        |fix: &&Fix| fix.applicability != Applicability::Manual && matches!(fix.edits.as_slice(), [e] if e.span.file == d.primary.file);
    let edits = view.fix(d).filter(one_here).map(|fix| fix.edits.as_slice()).unwrap_or_default();
    Diagnostic {
        message: view.text(&d.message).into_owned(),
        location: location(view, d.primary),
        severity: match d.severity {
            Severity::Error => "ERROR",
            Severity::Warning => "WARNING",
            Severity::Info | Severity::Style => "INFO",
        },
        code: Code { value: d.rule, url: f.url() },
        suggestions: edits.iter().map(|e| Suggestion { range: range(view, e.span), text: &e.new_text }).collect(),
        related_locations: d
            .related
            .iter()
            .map(|l| Related { message: view.text(&l.message).into_owned(), location: location(view, l.span) })
            .collect(),
    }
}

fn location<'a>(view: &View<'a>, span: Span) -> Location<'a> {
    Location { path: view.path(span), range: range(view, span) }
}

fn range(view: &View, span: Span) -> Range {
    let position = |p: super::Place| Position { line: p.line, column: p.byte };
    Range { start: position(view.start(span)), end: position(view.end(span)) }
}
