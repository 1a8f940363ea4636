//! The YAML tree: what stands in the file, aliases and merge keys unresolved.

use crate::source::{At, FileId, Span};
use crate::syntax::SyntaxError;
use crate::text::Text;

/// A YAML file.
#[derive(Clone, Debug)]
pub struct Yaml {
    /// The file.
    pub file: FileId,
    /// Its documents.
    pub documents: Vec<Node>,
    /// Comments, from `#` to the end of the line.
    pub comments: Vec<Span>,
    /// What could not be read; the rest was read all the same.
    pub errors: Vec<SyntaxError>,
}

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// From the first to the last character of the value, without tag and anchor; empty for an absent value.
    pub span: Span,
    /// `!reset`, `!!str` …, as written.
    pub tag: Option<Box<At<String>>>,
    /// `&name`, without `&`.
    pub anchor: Option<Box<At<String>>>,
    /// What it holds.
    pub value: Value,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// A scalar, absent ones included (empty plain text).
    Scalar(Scalar),
    /// A sequence.
    Seq(Vec<Node>),
    /// A mapping, in order, duplicates kept.
    Map(Vec<Entry>),
    /// `*name`, without `*`.
    Alias(String),
}

/// `key: value`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Node,
    /// The value.
    pub value: Node,
}

/// A scalar.
#[derive(Clone, Debug)]
pub struct Scalar {
    /// The decoded text, with its map to the source.
    pub text: Text,
    /// How it is written.
    pub style: Style,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`.
    Single,
    /// `"…"`.
    Double,
    /// `|`.
    Literal,
    /// `>`.
    Folded,
}

impl Node {
    /// The text of a scalar.
    pub fn as_text(&self) -> Option<&Text> {
        match &self.value {
            Value::Scalar(s) => Some(&s.text),
            _ => None,
        }
    }

    /// The string of a scalar.
    pub fn as_str(&self) -> Option<&str> {
        self.as_text().map(|t| t.value.as_str())
    }

    /// Entries of a mapping; empty for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Nodes of a sequence; empty for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The entry of a key. The first of several.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key.as_str() == Some(key))
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|e| &e.value)
    }

    /// What an anchor names, here or below; the last of several.
    pub fn anchored(&self, name: &str) -> Option<&Node> {
        let below = match &self.value {
            Value::Seq(items) => items.iter().rev().find_map(|item| item.anchored(name)),
            Value::Map(entries) => entries.iter().rev().find_map(|e| e.value.anchored(name).or_else(|| e.key.anchored(name))),
            _ => None,
        };
        below.or_else(|| self.anchor.as_ref().filter(|a| a.value == name).map(|_| self))
    }

    /// Whether it is a plain `null`, `~` or nothing.
    pub fn is_null(&self) -> bool {
        matches!(&self.value, Value::Scalar(s) if s.style == Style::Plain && matches!(s.text.value.as_str(), "" | "~" | "null" | "Null" | "NULL"))
            && self.tag.is_none()
    }
}
