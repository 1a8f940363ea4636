//! The one integration binary: a module a subject.

mod report;
mod shell;
