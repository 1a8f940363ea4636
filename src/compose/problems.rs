//! What is wrong, as it is met.

use super::model::{Problem, ProblemKind};
use super::tree::Entry;
use crate::source::Span;

/// Problems, in the order in which they were met.
#[derive(Debug, Default)]
pub(super) struct Problems {
    pub(super) list: Vec<Problem>,
    /// The first `version:` met.
    pub(super) version: Option<Entry>,
    /// Some value read is a number without end.
    pub(super) endless: bool,
}

impl Problems {
    /// Adds a problem for which Compose refuses the project.
    pub(super) fn fatal(&mut self, kind: ProblemKind, span: Span, message: &str) -> &mut Problem {
        self.add(Problem { kind, span, message: message.to_owned(), help: None, related: Vec::new(), fatal: true })
    }

    pub(super) fn add(&mut self, problem: Problem) -> &mut Problem {
        self.list.push_mut(problem)
    }
}

/// The name that was probably meant.
pub(super) fn closest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    crate::syntax::closest(word, names).map(str::to_owned)
}
