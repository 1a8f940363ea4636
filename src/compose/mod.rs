//! Compose files: from YAML trees to a typed project with a span on every leaf.
//!
//! A file is parsed, converted (anchors, merge keys), interpolated, completed by `include` and `extends`, merged over
//! the files before it, checked against the schema and brought into its long form; the result is lowered to [`Project`].

mod canonical;
mod convert;
mod date;
pub mod explain;

mod extends;
mod include;
mod load;
mod lower;
mod merge;
pub mod model;
mod normalize;
mod origin;
mod paths;
mod print;
mod reset;
mod role;
mod schema;
mod short;
mod substitute;
mod tree;
mod unique;
mod units;
mod validate;
mod words;

pub use explain::Explained;
pub use load::{Loaded, Request, Trees, default_files, load, load_with};
pub use model::*;
pub use origin::StepKind;
pub use role::{classify, overlay_base};
pub(crate) use units::{bytes, duration};
pub use words::split as split_command;

use crate::source::Span;

/// Problems, in the order in which they were met.
#[derive(Debug, Default)]
struct Problems {
    list: Vec<Problem>,
    /// The first `version:` met.
    version: Option<tree::Entry>,
}

impl Problems {
    /// Adds a problem for which Compose refuses the project.
    fn fatal(&mut self, kind: ProblemKind, span: Span, message: &str) -> &mut Problem {
        self.add(Problem { kind, span, message: message.to_owned(), help: None, related: Vec::new(), fatal: true })
    }

    fn add(&mut self, problem: Problem) -> &mut Problem {
        self.list.push_mut(problem)
    }
}
