//! One JSON object a finding, one finding a line.

use super::{View, clean, json};

pub(super) fn render(view: &View) -> String {
    view.findings.iter().map(|f| clean::document(&json::diagnostic(view, f), false)).collect()
}
