//! `!reset` and `!override`: keys that a later text takes out of what stands before it.

use super::convert::Reset;
use super::tree::{Node, Value};
use crate::source::Span;

/// What was taken out.
#[derive(Debug, Default)]
pub(super) struct Resets {
    pub(super) removed: Vec<Removed>,
}

/// A value that was taken out.
#[derive(Debug)]
pub(super) struct Removed {
    pub(super) path: Vec<String>,
    pub(super) value: Node,
    /// The tagged value.
    pub(super) by: Span,
}

impl Resets {
    /// Takes out of a model what the tags name.
    pub(super) fn apply(&mut self, model: &mut Node, resets: &[Reset]) {
        if !resets.is_empty() {
            self.node(model, resets, &mut Vec::new());
        }
    }

    fn node(&mut self, node: &mut Node, resets: &[Reset], path: &mut Vec<String>) {
        let Value::Map(entries) = &mut node.value else { return };
        entries.retain_mut(|entry| {
            path.push(entry.key.value.clone());
            let reset = resets.iter().find(|r| names(&r.path, path));
            match reset {
                None => self.node(&mut entry.value, resets, path),
                Some(reset) => {
                    let value = std::mem::replace(&mut entry.value, Node::null(entry.key.span));
                    self.removed.push(Removed { path: path.clone(), value, by: reset.span });
                }
            }
            path.pop();
            reset.is_none()
        });
    }
}

fn names(reset: &[String], path: &[String]) -> bool {
    reset.len() == path.len() && reset.iter().zip(path).all(|(r, p)| r == p || r == "*")
}
