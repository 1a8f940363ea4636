//! The files of a project joined into one stack.

pub mod context;
