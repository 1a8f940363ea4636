//! The merged tree: values whose aliases and merge keys are resolved, each still pointing at the text that it came from.

use std::rc::Rc;

use super::date::Date;
use super::units::show_float;
use crate::source::{At, Span};
use crate::text::Text;

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) span: Span,
    pub(super) origin: Origin,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Scalar(Scalar),
    Seq(Vec<Node>),
    Map(Vec<Entry>),
}

/// `key: value`.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: At<String>,
    pub(super) value: Node,
}

/// A scalar: what it means, and how it was written.
#[derive(Clone, Debug)]
pub(super) struct Scalar {
    pub(super) data: Data,
    /// After interpolation.
    pub(super) text: Text,
    /// Before interpolation, where that changed anything.
    pub(super) raw: Option<String>,
    /// A variable without value went into it: what it will be is not known.
    pub(super) unset: bool,
    /// For paths: the path from the project root, or an absolute one.
    pub(super) path: Option<String>,
}

/// What a scalar means by YAML's core schema, or after a cast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Data {
    Null,
    Bool(bool),
    Int(i64),
    /// Beyond what `Int` holds.
    Uint(u64),
    Float(f64),
    Date(Date),
    Str,
}

/// What is known of a value beyond its place.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin {
    pub(super) made: Made,
    /// Most have none: they stand where they are written, and replace nothing.
    pub(super) history: Option<Box<History>>,
}

/// How a value came where it stands.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    /// Values of the same key that it took the place of, oldest first.
    pub(super) past: Vec<Node>,
    /// What brought it here, outermost first.
    pub(super) via: Option<Rc<[Step]>>,
}

/// Whether a value is written anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Made {
    /// As it stands.
    #[default]
    Written,
    /// Read out of a short form.
    Short,
    /// Compose adds it.
    Default,
}

/// What brings a value to another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) kind: StepKind,
    pub(super) span: Span,
}

/// Kinds of such.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// `*name`, after `<<:` or alone.
    Alias,
    /// `extends`.
    Extends,
    /// `include`.
    Include,
    /// `env_file` or `label_file`.
    EnvFile,
}

impl Node {
    pub(super) fn null(span: Span) -> Node {
        Node::scalar(Data::Null, Text::verbatim("", span.at_end()), span)
    }

    pub(super) fn text(text: Text) -> Node {
        let span = text.span;
        Node::scalar(Data::Str, text, span)
    }

    pub(super) fn new(value: Value, span: Span) -> Node {
        Node { value, span, origin: Origin::default() }
    }

    /// A string that stands nowhere: it belongs to `span`.
    pub(super) fn string(value: &str, span: Span) -> Node {
        Node::text(made(value, span))
    }

    pub(super) fn bool(value: bool, span: Span) -> Node {
        Node::scalar(Data::Bool(value), made(if value { "true" } else { "false" }, span), span)
    }

    pub(super) fn int(value: i64, span: Span) -> Node {
        Node::scalar(Data::Int(value), made(&value.to_string(), span), span)
    }

    pub(super) fn map(entries: Vec<Entry>, span: Span) -> Node {
        Node::new(Value::Map(entries), span)
    }

    pub(super) fn seq(items: Vec<Node>, span: Span) -> Node {
        Node::new(Value::Seq(items), span)
    }

    fn scalar(data: Data, text: Text, span: Span) -> Node {
        Node::new(Value::Scalar(Scalar { data, text, raw: None, unset: false, path: None }), span)
    }

    pub(super) fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(s) => Some(s),
            _ => None,
        }
    }

    /// The text of a string; `None` for numbers and the like.
    pub(super) fn as_text(&self) -> Option<&Text> {
        self.as_scalar().filter(|s| s.data == Data::Str).map(|s| &s.text)
    }

    pub(super) fn as_str(&self) -> Option<&str> {
        self.as_text().map(|t| t.value.as_str())
    }

    /// The text of any scalar but null.
    pub(super) fn any_text(&self) -> Option<Text> {
        let scalar = self.as_scalar().filter(|s| s.data != Data::Null)?;
        let changed = Some(scalar).filter(|s| s.data != Data::Str).map(Scalar::shown).filter(|shown| *shown != scalar.text.value);
        Some(changed.map_or_else(|| scalar.text.clone(), |shown| made(&shown, self.span)))
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(s) if s.data == Data::Null)
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(&self.value, Value::Scalar(s) if s.data == Data::Bool(true))
    }

    /// Whether an unset variable went into it, at any depth.
    pub(super) fn unset(&self) -> bool {
        match &self.value {
            Value::Scalar(s) => s.unset,
            Value::Seq(items) => items.iter().any(Node::unset),
            Value::Map(entries) => entries.iter().any(|e| e.value.unset()),
        }
    }

    pub(super) fn items(&self) -> &[Node] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    pub(super) fn is_map(&self) -> bool {
        matches!(self.value, Value::Map(_))
    }

    pub(super) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key.value == key)
    }

    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|e| &e.value)
    }

    /// The value below several keys.
    pub(super) fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The items of the list under a key.
    pub(super) fn items_at<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a Node> {
        self.get(key).map_or(&[][..], Node::items).iter()
    }

    /// The entries of the mapping under a key.
    pub(super) fn entries_at<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a Entry> {
        self.get(key).map_or(&[][..], Node::entries).iter()
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        match &mut self.value {
            Value::Map(entries) => entries.iter_mut().find(|e| e.key.value == key).map(|e| &mut e.value),
            _ => None,
        }
    }

    pub(super) fn remove(&mut self, key: &str) -> Option<Entry> {
        match &mut self.value {
            Value::Map(entries) => entries.iter().position(|e| e.key.value == key).map(|i| entries.remove(i)),
            _ => None,
        }
    }

    /// Sets a key, at the place of the value.
    pub(super) fn set(&mut self, key: &str, value: Node) {
        if let Some(old) = self.get_mut(key) {
            *old = value;
            return;
        }
        if let Value::Map(entries) = &mut self.value {
            let key = At::new(key.to_owned(), value.span.at_start());
            entries.push(Entry { key, value });
        }
    }

    /// Sets a key that is not there: Compose's doing.
    pub(super) fn default(&mut self, key: &str, value: impl FnOnce(Span) -> Node) {
        if self.is_map() && self.get(key).is_none() {
            let value = value(self.span).made_as(Made::Default);
            self.set(key, value);
        }
    }

    /// What kind of value it is, in plain words.
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Seq(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Scalar(s) => match s.data {
                Data::Null => "empty",
                Data::Bool(_) => "true or false",
                Data::Int(_) | Data::Uint(_) => "a whole number",
                Data::Float(_) => "a number",
                Data::Date(_) => "a date",
                Data::Str => "a string",
            },
        }
    }
}

impl Scalar {
    /// `.inf` and `.nan`.
    pub(super) fn is_endless(&self) -> bool {
        matches!(self.data, Data::Float(f) if !f.is_finite())
    }

    /// The value as Compose writes it into a string.
    pub(super) fn shown(&self) -> String {
        match self.data {
            Data::Null => String::new(),
            Data::Bool(b) => b.to_string(),
            Data::Int(i) => i.to_string(),
            Data::Uint(u) => u.to_string(),
            Data::Float(f) => show_float(f),
            Data::Date(date) => date.shown(),
            Data::Str => self.text.value.clone(),
        }
    }
}

pub(super) fn made(value: &str, span: Span) -> Text {
    let mut text = Text::builder(span);
    text.push(value, span);
    text
}

/// Whether a value that stands in a list as `name` or `name=value` has this name.
pub(super) fn is_named(text: &str, name: &str) -> bool {
    text.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

/// The values of a mapping under a key.
pub(super) fn children<'a>(node: &'a mut Node, key: &str) -> impl Iterator<Item = &'a mut Node> {
    let entries = match node.get_mut(key).map(|n| &mut n.value) {
        Some(Value::Map(entries)) => entries.as_mut_slice(),
        _ => &mut [],
    };
    entries.iter_mut().map(|e| &mut e.value)
}

/// The items of a list under a key.
pub(super) fn elements<'a>(node: &'a mut Node, key: &str) -> impl Iterator<Item = &'a mut Node> {
    let items = match node.get_mut(key).map(|n| &mut n.value) {
        Some(Value::Seq(items)) => items.as_mut_slice(),
        _ => &mut [],
    };
    items.iter_mut()
}
