//! stacklint: Dockerfiles, Compose files and what stands around them, read as one stack.
//!
//! Data flows one way: discover → parse → resolve → check → report, or → plan → execute. A module imports only what
//! stands before it; `docs/architecture.md` has the picture and the reasons.

pub mod baseline;
pub mod check;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compose;
pub mod diagnostic;
pub mod diff;
#[cfg(feature = "cli")]
pub mod discover;
#[cfg(feature = "execute")]
pub mod execute;
pub mod few;
pub mod files;
pub mod fix;
#[cfg(feature = "lsp")]
pub mod lsp;
mod par;
pub mod plan;
pub mod quoting;
pub mod report;
pub mod rule;
pub mod rules;
pub mod source;
pub mod stack;
pub mod syntax;
pub mod text;
pub mod trace;
mod word_set;
