//! The one integration binary: a module a subject.

mod pages;
mod report;
mod shell;
