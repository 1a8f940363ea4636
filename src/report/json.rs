//! The versioned JSON of the command line. These structs are the format: they change by addition only, whatever becomes
//! of the types inside.

use serde::Serialize;

use super::{Finding, View, clean};
use crate::diagnostic::{Applicability, Fix, Severity};
use crate::source::Span;

#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    diagnostics: Vec<Diagnostic<'a>>,
    summary: Summary,
}

#[derive(Serialize)]
pub(super) struct Diagnostic<'a> {
    rule: &'a str,
    aliases: &'a [&'static str],
    category: &'a str,
    severity: &'a str,
    message: String,
    help: Option<String>,
    url: Option<&'a str>,
    file: &'a str,
    range: Range,
    related: Vec<Related<'a>>,
    fix: Option<FixDocument<'a>>,
    fingerprint: &'a str,
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
    offset: usize,
}

#[derive(Serialize)]
struct Related<'a> {
    message: String,
    file: &'a str,
    range: Range,
}

#[derive(Serialize)]
struct FixDocument<'a> {
    applicability: &'a str,
    message: String,
    edits: Vec<EditDocument<'a>>,
}

#[derive(Serialize)]
struct EditDocument<'a> {
    file: &'a str,
    range: Range,
    new_text: &'a str,
}

#[derive(Serialize)]
struct Summary {
    files: usize,
    errors: usize,
    warnings: usize,
    infos: usize,
    styles: usize,
    suppressed: usize,
    fixable: usize,
}

/// What a finding seldom has more of.
const FINDING_BYTES: usize = 1200;

pub(super) fn render(view: &View) -> String {
    let document = Document {
        version: 1,
        diagnostics: view.findings.iter().map(|f| diagnostic(view, f)).collect(),
        summary: Summary {
            files: view.report.files,
            errors: view.count(Severity::Error),
            warnings: view.count(Severity::Warning),
            infos: view.count(Severity::Info),
            styles: view.count(Severity::Style),
            suppressed: view.report.suppressed,
            fixable: view.fixable(Applicability::Safe),
        },
    };
    clean::document_within(&document, true, FINDING_BYTES * (document.diagnostics.len() + 1))
}

pub(super) fn diagnostic<'a>(view: &'a View, f: &'a Finding) -> Diagnostic<'a> {
    let d = f.diagnostic;
    let related = |l: &'a crate::diagnostic::Label| Related {
        message: view.text(&l.message).into_owned(),
        file: view.path(l.span),
        range: range(view, l.span),
    };
    Diagnostic {
        rule: d.rule,
        aliases: &d.aliases,
        category: d.category,
        severity: d.severity.name(),
        message: view.text(&d.message).into_owned(),
        help: d.help.as_deref().map(|h| view.text(h).into_owned()),
        url: f.url(),
        file: view.path(d.primary),
        range: range(view, d.primary),
        related: d.related.iter().map(related).collect(),
        fix: view.fix(d).map(|x| fix(view, x)),
        fingerprint: &f.fingerprint,
    }
}

fn fix<'a>(view: &'a View, fix: &'a Fix) -> FixDocument<'a> {
    let edit = |e: &'a crate::diagnostic::Edit| EditDocument { file: view.path(e.span), range: range(view, e.span), new_text: &e.new_text };
    FixDocument {
        applicability: fix.applicability.name(),
        message: view.text(&fix.title).into_owned(),
        edits: fix.edits.iter().map(edit).collect(),
    }
}

fn range(view: &View, span: Span) -> Range {
    let position = |p: super::Place| Position { line: p.line, column: p.column, offset: p.offset };
    Range { start: position(view.start(span)), end: position(view.end(span)) }
}
