//! Text → tree, one module a format. Parsers never fail: they give what they could read and a list of errors.

use crate::source::Span;

pub mod dockerfile;
pub mod dockerignore;
pub mod dockerrun;
pub mod dotenv;
pub mod gunicorn;
pub mod interpolate;
pub mod json;
pub mod nginx;
pub mod package_json;
pub mod shell;
pub mod yaml;

/// What a parser could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// Which of the families of errors; decides the rule that reports it.
    pub kind: SyntaxErrorKind,
    /// One sentence: what was found and what was expected.
    pub message: String,
    /// What to do, where it is known.
    pub help: Option<String>,
}

/// Families of syntax errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyntaxErrorKind {
    /// Anything that has no family of its own.
    Syntax,
    /// A word that is no instruction.
    UnknownInstruction,
    /// A flag that the instruction does not have.
    UnknownFlag,
    /// The same key twice in one mapping.
    DuplicateKey,
}
