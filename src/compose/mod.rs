//! Compose files: from YAML trees to a typed project with a span on every leaf.

pub mod model;

pub use model::*;
