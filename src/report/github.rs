//! Workflow commands of GitHub Actions: annotations on the lines of a pull request. Only the start is given: GitHub
//! drops annotations whose end it does not like.

use std::fmt::Write;

use super::{View, clean};
use crate::diagnostic::Severity;

pub(super) fn render(view: &View) -> String {
    let mut out = String::new();
    for f in &view.findings {
        let d = f.diagnostic;
        let at = view.start(d.primary);
        let level = match d.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info | Severity::Style => "notice",
        };
        let mut message = view.text(&d.message).into_owned();
        if let Some(help) = view.help(d) {
            let _ = write!(message, "\n{help}");
        }
        let (path, title) = (property(view.path(d.primary)), property(d.rule));
        let _ = writeln!(out, "::{level} file={path},line={},col={},title={title}::{}", at.line, at.column, data(&message));
    }
    out
}

fn data(text: &str) -> String {
    let escaped = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    clean::line(&escaped).into_owned()
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
