//! YAML as a tree in which every node knows its bytes. The only module that names the YAML parser.

pub mod tree;

pub use tree::*;
