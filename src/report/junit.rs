//! JUnit's XML: a suite a file, a failed case a finding; where nothing was found, one case that passed.

use std::fmt::Write;

use super::{View, by_file, xml};

pub(super) fn render(view: &View) -> String {
    let count = view.findings.len();
    let mut out = format!("{}<testsuites name=\"stacklint\" tests=\"{}\" failures=\"{count}\" errors=\"0\">\n", xml::HEAD, count.max(1));
    for (path, findings) in by_file(view) {
        let (path, n) = (xml::escape(path), findings.len());
        let _ = writeln!(out, "  <testsuite name=\"{path}\" tests=\"{n}\" failures=\"{n}\" errors=\"0\" skipped=\"0\">");
        for f in findings {
            let d = f.diagnostic;
            let at = view.start(d.primary);
            let message = view.text(&d.message);
            let mut body = format!("{}:{}:{}: {}", view.path(d.primary), at.line, at.column, message);
            if let Some(help) = view.help(d) {
                let _ = write!(body, "\n{help}");
            }
            let (rule, severity) = (xml::escape(d.rule), d.severity.name());
            let _ = writeln!(out, "    <testcase name=\"{rule} {}:{}\" classname=\"{path}\">", at.line, at.column);
            let _ =
                writeln!(out, "      <failure type=\"{severity}\" message=\"{}\">{}</failure>", xml::escape(&message), xml::escape(&body));
            out.push_str("    </testcase>\n");
        }
        out.push_str("  </testsuite>\n");
    }
    if count == 0 {
        out.push_str("  <testsuite name=\"stacklint\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\">\n");
        out.push_str("    <testcase name=\"nothing to report\" classname=\"stacklint\"/>\n  </testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}
