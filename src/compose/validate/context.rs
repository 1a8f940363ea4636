//! What the checks know, and how they say what they find.

use crate::compose::model::{Problem, ProblemKind};
use crate::compose::problems::Problems;
use crate::compose::tree::{Data, Node};
use crate::source::Span;

/// What a check needs to know.
pub(in crate::compose) struct Validate<'a> {
    pub(in crate::compose) model: &'a Node,
    /// Names of the services that run.
    pub(in crate::compose) active: Vec<&'a str>,
    /// Unset variables are facts.
    pub(in crate::compose) strict: bool,
    /// The file is not all of the project: what it lacks may stand elsewhere.
    pub(in crate::compose) partial: bool,
    /// The file's name says that it may be laid over another one: a kind of thing that it defines nowhere may stand there.
    pub(in crate::compose) loose: bool,
    pub(in crate::compose) problems: &'a mut Problems,
}

impl Validate<'_> {
    pub(super) fn add(&mut self, kind: ProblemKind, span: Span, message: String) -> &mut Problem {
        self.problems.fatal(kind, span, &message)
    }

    pub(super) fn invalid(&mut self, span: Span, message: String) -> &mut Problem {
        self.add(ProblemKind::Invalid, span, message)
    }

    /// Whether nothing can be said of a value, as a variable that it needs is not known.
    pub(super) fn open(&self, node: &Node) -> bool {
        !self.strict && node.unset()
    }

    /// Whether something is wrong with this very text already.
    pub(super) fn said(&self, span: Span) -> bool {
        self.problems.list.iter().any(|p| p.fatal && p.span == span)
    }

    pub(super) fn one(&mut self, service: &Node, path: &[&str], wanted: &str, fits: impl Fn(&Node) -> bool) {
        if let (Some(value), Some(key)) = (service.at(path), path.last()) {
            self.value(value, key, wanted, fits);
        }
    }

    /// A value that says something, under a key.
    pub(super) fn value(&mut self, value: &Node, key: &str, wanted: &str, fits: impl Fn(&Node) -> bool) {
        if value.as_scalar().is_some_and(|s| s.data != Data::Null) && !fits(value) && !self.open(value) && !self.said(value.span) {
            let shown = value.any_text().map(|t| t.value).unwrap_or_default();
            let message = format!("`{key}` takes {wanted}, not `{shown}`");
            let bare = !shown.is_empty() && shown.bytes().all(|b| b.is_ascii_digit());
            self.add(ProblemKind::Schema, value.span, message).help =
                (bare && wanted.starts_with("a duration")).then(|| format!("add the unit: `{shown}s`"));
        }
    }
}
