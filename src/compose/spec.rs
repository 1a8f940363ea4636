//! The schema of Compose files, read once from the specification's own JSON into what a walk asks of it.

use std::fmt;
use std::marker::PhantomData;
use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::keypaths::Keys;
use super::tree::{Data, Node, Value};

/// The whole schema; what its parts refer to by name is looked up when it is read.
pub(super) struct Schema {
    parts: Vec<Part>,
    root: usize,
    service: usize,
}

/// What may stand at a place.
#[derive(Default)]
pub(super) struct Part {
    /// One of these; where there are any, nothing else is said.
    pub(super) one_of: Vec<usize>,
    pub(super) kinds: Vec<&'static str>,
    pub(super) properties: Option<Vec<(&'static str, usize)>>,
    pub(super) patterns: Vec<(Pattern, usize)>,
    /// Other keys are none.
    pub(super) closed: bool,
    pub(super) required: Vec<&'static str>,
    pub(super) items: Option<usize>,
    pub(super) unique: bool,
    pub(super) allowed: Option<Vec<&'static str>>,
    pub(super) pattern: Option<Pattern>,
    pub(super) minimum: Option<f64>,
    pub(super) maximum: Option<f64>,
    /// `kinds` as bits.
    kind_bits: u8,
    /// `properties`, to look them up.
    by_name: Keys,
}

/// A regular expression; those that nearly every key meets are compared by hand.
pub(super) enum Pattern {
    /// `^x-`.
    Extension,
    /// `^[a-zA-Z0-9._-]+$`.
    Name,
    /// `^.+$`.
    Line,
    /// `.+`.
    Some,
    Other(&'static str, OnceLock<Option<Regex>>),
}

impl Pattern {
    fn new(text: &'static str) -> Pattern {
        match text {
            "^x-" => Pattern::Extension,
            "^[a-zA-Z0-9._-]+$" => Pattern::Name,
            "^.+$" => Pattern::Line,
            ".+" => Pattern::Some,
            other => Pattern::Other(other, OnceLock::new()),
        }
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        match self {
            Pattern::Extension => text.starts_with("x-"),
            Pattern::Name => !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')),
            Pattern::Line => !text.is_empty() && !text.contains('\n'),
            Pattern::Some => text.contains(|c| c != '\n'),
            Pattern::Other(pattern, regex) => regex.get_or_init(|| Regex::new(pattern).ok()).as_ref().is_some_and(|r| r.is_match(text)),
        }
    }
}

/// The bit of a kind of value by its name in schemas; none for a name that is no kind.
const fn kind_bit(name: &str) -> u8 {
    match name.as_bytes() {
        b"object" => 1,
        b"array" => 1 << 1,
        b"string" => 1 << 2,
        b"number" => 1 << 3,
        b"integer" => 1 << 4,
        b"boolean" => 1 << 5,
        b"null" => 1 << 6,
        _ => 0,
    }
}

/// The kinds that a value is of.
fn kinds_of(node: &Node) -> u8 {
    const OBJECT: u8 = kind_bit("object");
    const ARRAY: u8 = kind_bit("array");
    const STRING: u8 = kind_bit("string");
    const NUMBER: u8 = kind_bit("number");
    const INTEGER: u8 = kind_bit("integer");
    const BOOLEAN: u8 = kind_bit("boolean");
    const NULL: u8 = kind_bit("null");
    match &node.value {
        Value::Map(_) => OBJECT,
        Value::Seq(_) => ARRAY,
        Value::Scalar(scalar) => match scalar.data {
            Data::Str | Data::Date(_) => STRING,
            Data::Bool(_) => BOOLEAN,
            Data::Null => NULL,
            Data::Int(_) | Data::Uint(_) => INTEGER | NUMBER,
            Data::Float(f) if f.fract() == 0.0 => INTEGER | NUMBER,
            Data::Float(_) => NUMBER,
        },
    }
}

impl Part {
    /// Whether a value is of one of the kinds.
    pub(super) fn takes(&self, node: &Node) -> bool {
        self.kind_bits & kinds_of(node) != 0
    }

    /// What is laid down for a key by its name.
    pub(super) fn property(&self, key: &str) -> Option<usize> {
        self.by_name.get(key)
    }
}

impl Schema {
    /// The schema.
    pub(super) fn get() -> &'static Schema {
        static SCHEMA: OnceLock<Schema> = OnceLock::new();
        SCHEMA.get_or_init(|| {
            let raw: Raw = serde_json::from_str(include_str!("../../rules/data/compose-spec.json")).unwrap_or_default();
            let names: Vec<&'static str> = raw.definitions.0.iter().map(|(name, _)| *name).collect();
            // the definitions come first, so that a reference is a place in their list
            let mut schema = Schema { parts: names.iter().map(|_| Part::default()).collect(), root: 0, service: 0 };
            for (n, (_, definition)) in raw.definitions.0.iter().enumerate() {
                let part = schema.read(definition, &names);
                if let Some(slot) = schema.parts.get_mut(n) {
                    *slot = part;
                }
            }
            schema.service = names.iter().position(|n| *n == "service").unwrap_or_default();
            schema.root = schema.add(&raw, &names);
            schema
        })
    }

    fn add(&mut self, raw: &Raw, names: &[&'static str]) -> usize {
        if let Some(definition) = raw.reference.and_then(|r| r.strip_prefix("#/$defs/")) {
            return names.iter().position(|n| *n == definition).unwrap_or_default();
        }
        let part = self.read(raw, names);
        self.parts.push(part);
        self.parts.len() - 1
    }

    fn read(&mut self, raw: &Raw, names: &[&'static str]) -> Part {
        let properties: Option<Vec<(&'static str, usize)>> =
            raw.properties.as_ref().map(|p| p.0.iter().map(|(name, raw)| (*name, self.add(raw, names))).collect());
        let by_name = Keys::new(properties.as_deref().unwrap_or_default());
        Part {
            one_of: raw.one_of.iter().map(|raw| self.add(raw, names)).collect(),
            kinds: raw.kinds.0.clone(),
            kind_bits: raw.kinds.0.iter().fold(0, |bits, kind| bits | kind_bit(kind)),
            properties,
            patterns: raw.patterns.0.iter().map(|(pattern, raw)| (Pattern::new(pattern), self.add(raw, names))).collect(),
            closed: raw.additional.0,
            required: raw.required.clone(),
            items: raw.items.as_deref().map(|raw| self.add(raw, names)),
            unique: raw.unique,
            allowed: raw.allowed.as_ref().map(|a| a.iter().copied().flatten().collect()),
            pattern: raw.pattern.map(Pattern::new),
            minimum: raw.minimum,
            maximum: raw.maximum,
            by_name,
        }
    }

    /// A part by its number.
    pub(super) fn part(&self, number: usize) -> &Part {
        static NOTHING: Part = Part {
            one_of: Vec::new(),
            kinds: Vec::new(),
            kind_bits: 0,
            properties: None,
            patterns: Vec::new(),
            closed: false,
            required: Vec::new(),
            items: None,
            unique: false,
            allowed: None,
            pattern: None,
            minimum: None,
            maximum: None,
            by_name: Keys::NONE,
        };
        self.parts.get(number).unwrap_or(&NOTHING)
    }

    /// A whole file.
    pub(super) fn root(&self) -> &Part {
        self.part(self.root)
    }

    /// A service.
    pub(super) fn service(&self) -> &Part {
        self.part(self.service)
    }
}

/// A part as it is written; what is not asked for is passed over.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Raw {
    #[serde(rename = "$ref")]
    reference: Option<&'static str>,
    #[serde(rename = "$defs")]
    definitions: Pairs<Raw>,
    #[serde(rename = "oneOf")]
    one_of: Vec<Raw>,
    #[serde(rename = "type")]
    kinds: Kinds,
    properties: Option<Pairs<Raw>>,
    #[serde(rename = "patternProperties")]
    patterns: Pairs<Raw>,
    #[serde(rename = "additionalProperties")]
    additional: Closed,
    required: Vec<&'static str>,
    items: Option<Box<Raw>>,
    #[serde(rename = "uniqueItems")]
    unique: bool,
    #[serde(rename = "enum")]
    allowed: Option<Vec<Option<&'static str>>>,
    pattern: Option<&'static str>,
    minimum: Option<f64>,
    maximum: Option<f64>,
}

/// A mapping in the order in which it is written.
struct Pairs<T>(Vec<(&'static str, T)>);

impl<T> Default for Pairs<T> {
    fn default() -> Self {
        Pairs(Vec::new())
    }
}

impl<'de: 'static, T: Deserialize<'de>> Deserialize<'de> for Pairs<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de: 'static, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Pairs<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Reader(PhantomData))
    }
}

/// `"string"`, or a list of such.
#[derive(Default)]
struct Kinds(Vec<&'static str>);

impl<'de: 'static> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de: 'static> Visitor<'de> for Reader {
            type Value = Kinds;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a type or a list of types")
            }
            fn visit_borrowed_str<E>(self, kind: &'de str) -> Result<Kinds, E> {
                Ok(Kinds(vec![kind]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Kinds, A::Error> {
                let mut kinds = Vec::new();
                while let Some(kind) = list.next_element()? {
                    kinds.push(kind);
                }
                Ok(Kinds(kinds))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

/// Whether `additionalProperties` is false; it may be a schema of its own.
#[derive(Default)]
struct Closed(bool);

impl<'de> Deserialize<'de> for Closed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Closed;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a schema")
            }
            fn visit_bool<E>(self, open: bool) -> Result<Closed, E> {
                Ok(Closed(!open))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Closed, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Closed(false))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_is_read() {
        let schema = Schema::get();
        assert!(schema.root().property("services").is_some() && schema.service().property("image").is_some());
        assert!(schema.parts.len() > 300 && schema.parts.iter().all(|p| p.one_of.iter().all(|n| *n < schema.parts.len())));
    }

    #[test]
    fn patterns_compared_by_hand_match_as_regular_expressions() {
        for pattern in ["^x-", "^[a-zA-Z0-9._-]+$", "^.+$", ".+"] {
            let (own, regex) = (Pattern::new(pattern), Regex::new(pattern).unwrap());
            for text in ["", "x-a", "X-", "a.b_c-1", "é", "a b", "\n", "a\nb", "a\n", "x"] {
                assert_eq!(own.is_match(text), regex.is_match(text), "{pattern} {text:?}");
            }
        }
    }
}
