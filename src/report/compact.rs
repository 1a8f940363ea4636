//! `file:line:col: severity rule: message`, which editors and grep read.

use std::fmt::Write;

use super::{Style, View, clean};

pub(super) fn render(view: &View, style: &Style) -> String {
    let mut out = String::new();
    for f in &view.findings {
        let d = f.diagnostic;
        let at = view.start(d.primary);
        let (path, message) = (view.path(d.primary), view.text(&d.message));
        let (path, message) = (clean::line(path), clean::line(&message));
        let _ = writeln!(out, "{path}:{}:{}: {} {}: {message}", at.line, at.column, d.severity.name(), d.rule);
    }
    if view.findings.is_empty() && style.terminal {
        let _ = writeln!(out, "{}, nothing to report", super::files(view.report.files));
    }
    out
}
