//! The layers that a text passes through. Stand-ins until the real ones land.
use crate::source::Span;
use crate::syntax::shell::*;
use crate::text::Text;
/// s
pub fn dialect_of(_a: &[String]) -> Dialect {
    Dialect::Posix
}
/// s
pub struct GeneratedFile {
    /// s
    pub path: String,
    /// s
    pub text: Text,
    /// s
    pub append: bool,
    /// s
    pub command: Span,
}
/// s
pub fn generated_files(_s: &Script) -> Vec<GeneratedFile> {
    Vec::new()
}
