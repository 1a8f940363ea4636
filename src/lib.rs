//! stacklint: Dockerfiles, Compose files and what stands around them, read as one stack.
//!
//! Data flows one way: discover → parse → resolve → check → report, or → plan → execute. A module imports only what
//! stands before it; `docs/architecture.md` has the picture and the reasons.

pub mod baseline;
#[cfg(feature = "cli")]
pub mod cli;
pub mod compose;
pub mod diagnostic;
pub mod diff;
pub mod files;
pub mod fix;
pub mod report;
pub mod source;
pub mod stack;
pub mod syntax;
pub mod text;
