//! Dockerfiles as BuildKit reads them.

pub mod ast;

pub use ast::*;
