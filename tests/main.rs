//! The one integration binary: a module a subject.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, reason = "helpers of tests may panic")]

mod cli;
mod comments;
mod compose;
mod dockerfile;
#[cfg(all(unix, feature = "execute"))]
mod engine;
mod formats;
mod laws;
mod layout;
mod pages;
mod plan;
mod quoting;
mod report;
mod shell;
