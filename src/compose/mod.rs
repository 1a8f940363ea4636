//! Compose files: from YAML trees to a typed project with a span on every leaf.
//!
//! A file is parsed, converted (anchors, merge keys), interpolated, completed by `include` and `extends`, merged over
//! the files before it, checked against the schema and brought into its long form; the result is lowered to [`Project`].

mod canonical;
mod convert;
mod date;
mod defaults;
mod environment;
pub mod explain;

mod extends;
mod include;
mod keypaths;
mod layers;
mod load;
mod loader;
mod lower;
mod merge;
pub mod model;
mod normalize;
mod origin;
mod paths;
mod print;
mod problems;
mod request;
mod reset;
mod role;
mod schema;
mod short;
mod spec;
mod substitute;
mod tree;
mod unique;
mod units;
mod validate;
mod words;

pub use explain::Explained;
pub use load::{Loaded, load, load_with};
pub use loader::Trees;
pub use model::*;
pub use request::{Request, default_files};
pub use role::{classify, overlay_base};
pub use tree::StepKind;
pub(crate) use units::{bytes, duration};
pub use words::split as split_command;
