//! How a value got where it stands: what it replaced, through what it was brought in, what Compose made of it.

use std::borrow::Cow;
use std::rc::Rc;

use super::model::Problem;
use super::tree::{Entry, History, Made, Node, Origin, Step, StepKind, Value};
use crate::source::Span;

impl Node {
    fn history_mut(&mut self) -> &mut History {
        self.origin.history.get_or_insert_default()
    }

    pub(super) fn made_as(mut self, made: Made) -> Node {
        self.origin.made = made;
        self
    }

    /// Takes the place of an older value of the same key.
    pub(super) fn replacing(mut self, mut old: Node) -> Node {
        if old.is_null() {
            return self;
        }
        let mut past = old.take_past();
        past.push(old);
        past.append(&mut self.take_past());
        self.with_past(past)
    }

    pub(super) fn take_past(&mut self) -> Vec<Node> {
        self.origin.history.as_mut().map(|h| std::mem::take(&mut h.past)).unwrap_or_default()
    }

    pub(super) fn with_past(mut self, past: Vec<Node>) -> Node {
        if !past.is_empty() {
            self.history_mut().past = past;
        }
        self
    }

    /// Is brought in by `steps`, outermost first.
    pub(super) fn brought_by(&mut self, steps: &Rc<[Step]>) {
        let via = &mut self.history_mut().via;
        *via = Some(match via.take() {
            None => Rc::clone(steps),
            Some(inner) => steps.iter().chain(inner.iter()).cloned().collect(),
        });
    }

    /// What brought it in is said of each part, so that the parts can go separate ways.
    pub(super) fn into_parts(mut self) -> Value {
        if let Some(steps) = self.origin.take().history.and_then(|h| h.via) {
            match &mut self.value {
                Value::Map(entries) => entries.iter_mut().for_each(|e| e.value.brought_by(&steps)),
                Value::Seq(items) => items.iter_mut().for_each(|i| i.brought_by(&steps)),
                Value::Scalar(_) => {}
            }
        }
        self.value
    }

    /// The entries of a mapping, each knowing what brought it in.
    pub(super) fn into_entries(self) -> Vec<Entry> {
        match self.into_parts() {
            Value::Map(entries) => entries,
            _ => Vec::new(),
        }
    }

    pub(super) fn via(&self) -> &[Step] {
        self.origin.history.as_ref().and_then(|h| h.via.as_deref()).unwrap_or_default()
    }

    pub(super) fn past(&self) -> &[Node] {
        self.origin.history.as_ref().map(|h| h.past.as_slice()).unwrap_or_default()
    }

    pub(super) fn made(&self) -> Made {
        self.origin.made
    }
}

impl Origin {
    pub(super) fn take(&mut self) -> Origin {
        std::mem::take(self)
    }
}

/// At most this many places are remembered for what was brought in from elsewhere.
const MAX_BROUGHT: usize = 10_000;

/// Says of every problem in a text that was brought in from elsewhere what brought it in.
pub(super) fn relate(model: &Node, problems: &mut [Problem]) {
    if problems.iter().all(|p| !p.related.is_empty()) {
        return;
    }
    let mut brought: Vec<(Span, Vec<Step>)> = Vec::new();
    collect(model, &[], &mut brought);
    for problem in problems.iter_mut().filter(|p| p.related.is_empty()) {
        let around = brought.iter().filter(|(span, _)| span.contains(problem.span)).min_by_key(|(span, _)| span.len());
        for step in around.iter().flat_map(|(_, steps)| steps.iter().rev()) {
            problem.related.push((step.span, step.kind.says().to_owned()));
        }
    }
}

impl StepKind {
    fn says(self) -> &'static str {
        match self {
            StepKind::Alias => "this alias brings it in",
            StepKind::Extends => "this `extends` brings it in",
            StepKind::Include => "this `include` brings it in",
            StepKind::EnvFile => "this file is asked for here",
        }
    }
}

/// Steps after others; nearly always there are none.
fn both<'a>(outer: &'a [Step], inner: &'a [Step]) -> Cow<'a, [Step]> {
    match (outer, inner) {
        (one, []) | ([], one) => Cow::Borrowed(one),
        _ => Cow::Owned([outer, inner].concat()),
    }
}

fn collect(node: &Node, outer: &[Step], brought: &mut Vec<(Span, Vec<Step>)>) {
    let via = both(outer, node.via());
    match &node.value {
        _ if brought.len() >= MAX_BROUGHT => {}
        Value::Map(entries) => {
            for entry in entries {
                let all = both(&via, entry.value.via());
                if !all.is_empty() {
                    brought.push((entry.key.span.to(entry.value.span), all.into_owned()));
                }
                collect(&entry.value, &via, brought);
            }
        }
        Value::Seq(items) => {
            for item in items {
                let all = both(&via, item.via());
                if !all.is_empty() {
                    brought.push((item.span, all.into_owned()));
                }
                collect(item, &via, brought);
            }
        }
        Value::Scalar(_) => {}
    }
}
