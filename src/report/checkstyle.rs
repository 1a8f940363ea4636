//! Checkstyle's XML, which most CI servers read.

use std::fmt::Write;

use super::{View, by_file, xml};
use crate::diagnostic::Severity;

pub(super) fn render(view: &View) -> String {
    let mut out = format!("{}<checkstyle version=\"4.3\">\n", xml::HEAD);
    for (path, findings) in by_file(view) {
        let _ = writeln!(out, "  <file name=\"{}\">", xml::escape(path));
        for f in findings {
            let d = f.diagnostic;
            let at = view.start(d.primary);
            let severity = match d.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Info | Severity::Style => "info",
            };
            let message = xml::escape(&view.text(&d.message));
            let _ = writeln!(
                out,
                "    <error line=\"{}\" column=\"{}\" severity=\"{severity}\" message=\"{message}\" source=\"stacklint.{}\"/>",
                at.line,
                at.column,
                xml::escape(d.rule)
            );
        }
        out.push_str("  </file>\n");
    }
    out.push_str("</checkstyle>\n");
    out
}
