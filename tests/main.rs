//! The one integration binary: a module a subject.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stderr,
    clippy::type_complexity,
    reason = "helpers of tests may panic, and tables of cases are types of their own"
)]

mod cli;
mod commands;
mod comments;
mod compose;
mod compose_origins;
#[cfg(unix)]
mod differential;
mod dockerfile;
mod dockerrun;
#[cfg(all(unix, feature = "execute"))]
mod engine;
mod formats;
mod ignore;
mod laws;
mod layout;
#[cfg(feature = "lsp")]
mod lsp;
mod mutations;
mod own_rules;
mod pages;
mod parts;
mod plan;
mod prediction;
#[cfg(unix)]
mod process_one;
#[cfg(unix)]
mod programs;
mod quoting;
mod report;
mod shapes;
mod shell;
mod shell_findings;
mod shellcheck;
mod trace;
mod truths;
