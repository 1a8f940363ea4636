//! TODO
use super::View;
pub(super) fn render(_: &View) -> String {
    String::new()
}
