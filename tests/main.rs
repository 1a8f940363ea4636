//! The one integration binary: a module a subject.

mod compose;
mod dockerfile;
mod pages;
mod report;
mod shell;
