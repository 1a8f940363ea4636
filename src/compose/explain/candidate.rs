//! Values that have, or had, a say at a place of the model.

use serde_json::Value as Json;

use crate::compose::print;
use crate::compose::tree::{Made, Node, Step, Value, is_named};

/// One value that has, or had, a say.
#[derive(Clone)]
pub(super) struct Candidate<'a> {
    pub(super) node: &'a Node,
    pub(super) via: Vec<Step>,
    pub(super) made: Made,
    /// For `name=value`: the name.
    pub(super) name: Option<String>,
    /// What it was asked for is only part of it.
    pub(super) whole: bool,
}

impl<'a> Candidate<'a> {
    pub(super) fn new(node: &'a Node) -> Self {
        Candidate { node, via: node.via().to_vec(), made: node.made(), name: None, whole: false }
    }

    pub(super) fn under(&self, node: &'a Node) -> Self {
        let via = self.via.iter().chain(node.via()).cloned().collect();
        let made = if node.made() == Made::Written { self.made } else { node.made() };
        Candidate { node, via, made, name: None, whole: false }
    }

    pub(super) fn itself(&self) -> Self {
        Candidate { whole: true, ..self.clone() }
    }

    pub(super) fn child(&self, key: &str) -> Option<Self> {
        if self.whole {
            return Some(self.clone());
        }
        match &self.node.value {
            Value::Map(_) => self.node.get(key).map(|n| self.under(n)),
            Value::Scalar(_) => Some(self.itself()),
            Value::Seq(items) => {
                let named = items.iter().find(|i| i.as_str().is_some_and(|t| is_named(t, key)));
                match (named, key.parse::<usize>()) {
                    (Some(item), _) => Some(Candidate { name: Some(key.to_owned()), ..self.under(item) }),
                    (None, Ok(i)) => items.get(i).map(|item| self.under(item)),
                    _ => None,
                }
            }
        }
    }

    /// For what lost as a whole: a list that was replaced has no item that stands for this one.
    pub(super) fn lost_child(&self, key: &str) -> Option<Self> {
        let replaced = matches!(self.node.value, Value::Seq(_)) && key.parse::<usize>().is_ok();
        if replaced { Some(self.itself()) } else { self.child(key) }
    }

    pub(super) fn past(&self) -> impl Iterator<Item = Self> {
        self.node.past().iter().map(|node| Candidate { name: self.name.clone(), ..Candidate::new(node) })
    }

    pub(super) fn value(&self) -> Json {
        match (&self.name, self.node.as_str()) {
            (Some(_), Some(text)) => text.split_once('=').map_or(Json::Null, |(_, value)| Json::from(value)),
            _ => print::any(self.node),
        }
    }

    pub(super) fn raw(&self) -> Option<String> {
        let raw = self.node.as_scalar()?.raw.clone()?;
        match (&self.name, raw.split_once('=')) {
            (Some(_), Some((_, value))) => Some(value.to_owned()),
            _ => Some(raw),
        }
    }
}

/// A place in the model: what holds there, and what held there before.
#[derive(Clone, Default)]
pub(super) struct Here<'a> {
    pub(super) lost: Vec<Candidate<'a>>,
    pub(super) wins: Option<Candidate<'a>>,
}

impl<'a> Here<'a> {
    pub(super) fn new(root: &'a Node) -> Self {
        Here { lost: Vec::new(), wins: Some(Candidate::new(root)) }
    }

    pub(super) fn child(&self, key: &str) -> Here<'a> {
        let mut lost: Vec<Candidate<'a>> = self.lost.iter().filter_map(|c| c.lost_child(key)).collect();
        let wins = self.wins.as_ref().map(|w| w.child(key).unwrap_or_else(|| w.itself()));
        lost.extend(wins.iter().filter(|w| !w.whole).flat_map(Candidate::past));
        Here { lost, wins }
    }
}
