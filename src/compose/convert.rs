//! From a YAML document to the merged tree: anchors, merge keys, tags and plain scalars get their meaning.

use std::collections::HashMap;
use std::rc::Rc;

use super::date::Date;
use super::model::ProblemKind;
use super::problems::Problems;
use super::tree::{self, Data, Entry, Node, Scalar, StepKind, Value};
use crate::source::{At, Span};
use crate::syntax::yaml::{self, Style};

/// Aliases may blow a document up to this many values.
const MAX_NODES: usize = 200_000;

/// Aliases in aliases may nest this deep.
const MAX_DEPTH: usize = 150;

/// A document, and what it resets in those before it.
pub(super) struct Document {
    pub(super) root: Node,
    pub(super) resets: Vec<Reset>,
}

/// A `!reset` or `!override`.
#[derive(Clone, Debug)]
pub(super) struct Reset {
    /// The key path that it stands at.
    pub(super) path: Vec<String>,
    pub(super) span: Span,
}

/// Reads a document; `before` are those that stand before it in its file, whose anchors still hold.
pub(super) fn convert(document: &yaml::Node, before: &[yaml::Node], problems: &mut Problems) -> Document {
    let mut converter = Converter {
        problems,
        before,
        anchors: HashMap::new(),
        active: Vec::new(),
        nodes: 0,
        resets: Vec::new(),
        path: Vec::new(),
        overriding: 0,
    };
    let root = converter.node(document, 0).unwrap_or_else(|| Node::null(document.span));
    Document { root, resets: converter.resets }
}

/// A step down the document.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Item(usize),
}

struct Converter<'a, 'p> {
    problems: &'p mut Problems,
    before: &'a [yaml::Node],
    anchors: HashMap<&'a str, &'a yaml::Node>,
    /// Anchors whose node is being read.
    active: Vec<&'a str>,
    nodes: usize,
    resets: Vec<Reset>,
    path: Vec<Step<'a>>,
    /// Inside how many `!override`: tags in there say nothing.
    overriding: usize,
}

impl<'a> Converter<'a, '_> {
    /// `None` for what `!reset` takes away.
    fn node(&mut self, node: &'a yaml::Node, depth: usize) -> Option<Node> {
        self.nodes += 1;
        if self.nodes > MAX_NODES || depth > MAX_DEPTH {
            if self.nodes <= MAX_NODES + 1 {
                self.nodes = MAX_NODES + 1;
                self.problems.fatal(ProblemKind::YamlSyntax, node.span, "aliases blow this file up beyond what can be read");
            }
            return Some(Node::null(node.span));
        }
        if let Some(anchor) = &node.anchor {
            self.anchors.insert(&anchor.value, node);
        }
        if self.tagged(node) {
            return None;
        }
        let name = node.anchor.as_ref().map(|a| a.value.as_str());
        self.active.extend(name);
        let overrides = node.tag.as_ref().is_some_and(|t| t.value == "!override");
        self.overriding += usize::from(overrides);
        let made = match &node.value {
            yaml::Value::Scalar(scalar) => Some(self.scalar(scalar, node)),
            yaml::Value::Seq(items) => Some(self.seq(items, node.span, depth)),
            yaml::Value::Map(entries) => Some(self.map(entries, node.span, depth)),
            yaml::Value::Alias(name) => self.alias(name, node.span, depth),
        };
        self.overriding -= usize::from(overrides);
        if name.is_some() {
            self.active.pop();
        }
        made
    }

    fn scalar(&mut self, scalar: &yaml::Scalar, node: &yaml::Node) -> Node {
        let made = scalar_node(scalar, node);
        if let Some(wanted) = mistagged(scalar, node, made.as_scalar().map(|s| s.data)) {
            let message = format!("`{}` is no {wanted}, as the tag before it says", scalar.text.value);
            self.problems.fatal(ProblemKind::YamlSyntax, node.span, &message).help = Some("leave the tag out".to_owned());
        }
        self.problems.endless |= made.as_scalar().is_some_and(Scalar::is_endless);
        made
    }

    /// Notes `!reset` and `!override`; true for `!reset`.
    fn tagged(&mut self, node: &yaml::Node) -> bool {
        let tag = node.tag.as_ref().map(|t| t.value.as_str());
        if self.overriding > 0 {
            return false;
        }
        if matches!(tag, Some("!reset" | "!override")) {
            let path = self.path.iter().map(|step| match step {
                Step::Key(key) => (*key).to_owned(),
                Step::Item(number) => number.to_string(),
            });
            self.resets.push(Reset { path: path.collect(), span: node.span });
        }
        tag == Some("!reset")
    }

    fn alias(&mut self, name: &'a str, span: Span, depth: usize) -> Option<Node> {
        let here = self.anchors.get(name).copied();
        let Some(target) = here.or_else(|| self.before.iter().rev().find_map(|document| document.anchored(name))) else {
            return Some(Node::null(span));
        };
        if self.active.contains(&name) {
            self.problems.fatal(ProblemKind::YamlSyntax, span, &format!("`*{name}` stands inside `&{name}` itself"));
            return Some(Node::null(span));
        }
        let mut node = self.node(target, depth + 1)?;
        node.brought_by(&Rc::from([tree::Step { kind: StepKind::Alias, span }]));
        Some(node)
    }

    fn seq(&mut self, items: &'a [yaml::Node], span: Span, depth: usize) -> Node {
        let mut made = Vec::with_capacity(items.len());
        for (i, item) in items.iter().enumerate() {
            self.path.push(Step::Item(i));
            made.extend(self.node(item, depth + 1));
            self.path.pop();
        }
        Node::seq(made, span)
    }

    fn map(&mut self, entries: &'a [yaml::Entry], span: Span, depth: usize) -> Node {
        let mut made: Vec<Entry> = Vec::with_capacity(entries.len());
        let mut merged: Vec<Entry> = Vec::new();
        for entry in entries {
            if is_merge(&entry.key) {
                self.merge(&entry.value, &mut merged, depth);
                continue;
            }
            let Some((name, span)) = self.key(&entry.key) else { continue };
            self.path.push(Step::Key(name));
            let value = self.node(&entry.value, depth + 1);
            self.path.pop();
            if let Some(value) = value {
                match made.iter_mut().find(|e| e.key.value == name) {
                    Some(first) => first.value = value,
                    None => made.push(Entry { key: At::new(name.to_owned(), span), value }),
                }
            }
        }
        for entry in merged {
            lost_to(&mut made, entry);
        }
        Node::map(made, span)
    }

    /// `<<`: one mapping or a list of them; the first that has a key wins.
    fn merge(&mut self, value: &'a yaml::Node, merged: &mut Vec<Entry>, depth: usize) {
        let Some(node) = self.node(value, depth + 1) else { return };
        let sources = match node.value {
            Value::Seq(_) => match node.into_parts() {
                Value::Seq(items) => items,
                _ => Vec::new(),
            },
            _ => vec![node],
        };
        for source in sources {
            if !source.is_map() {
                self.problems.fatal(ProblemKind::YamlSyntax, value.span.to(source.span), "`<<` takes a mapping, or a list of mappings");
                continue;
            }
            for entry in source.into_entries() {
                lost_to(merged, entry);
            }
        }
    }

    fn key(&mut self, key: &'a yaml::Node) -> Option<(&'a str, Span)> {
        let node = match &key.value {
            yaml::Value::Alias(name) => self.anchors.get(name.as_str()).copied().unwrap_or(key),
            _ => key,
        };
        if let Some(anchor) = &key.anchor {
            self.anchors.insert(&anchor.value, key);
        }
        let yaml::Value::Scalar(scalar) = &node.value else {
            let problem = self.problems.fatal(ProblemKind::YamlSyntax, key.span, "a key must be a string");
            problem.help = Some("write a plain word; a placeholder of a template has to be filled in first".to_owned());
            return None;
        };
        if data(scalar, node) != Data::Str {
            let message = format!("the key `{}` is no string", scalar.text.value);
            self.problems.fatal(ProblemKind::YamlSyntax, key.span, &message).help = Some("put it in quotes".to_owned());
        }
        Some((&scalar.text.value, key.span))
    }
}

/// Adds an entry, unless its key is there already: then it has lost to that one.
fn lost_to(entries: &mut Vec<Entry>, entry: Entry) {
    match entries.iter_mut().find(|e| e.key.value == entry.key.value) {
        None => entries.push(entry),
        Some(winner) => {
            let span = winner.value.span;
            let value = std::mem::replace(&mut winner.value, Node::null(span));
            winner.value = value.replacing(entry.value);
        }
    }
}

fn is_merge(key: &yaml::Node) -> bool {
    matches!(&key.value, yaml::Value::Scalar(s) if s.style == Style::Plain && s.text.value == "<<")
}

fn scalar_node(scalar: &yaml::Scalar, node: &yaml::Node) -> Node {
    let data = data(scalar, node);
    Node::new(Value::Scalar(Scalar { data, text: scalar.text.clone(), raw: None, unset: false, path: None }), node.span)
}

fn data(scalar: &yaml::Scalar, node: &yaml::Node) -> Data {
    let text = scalar.text.value.as_str();
    match tag(node).as_deref() {
        Some("!!str" | "!!binary") => Data::Str,
        Some("!!null") => Data::Null,
        Some("!!float") => number(text).map_or(Data::Str, |n| if let Data::Int(i) = n { Data::Float(i as f64) } else { n }),
        Some("!!int" | "!!bool") => plain(text),
        Some("!!timestamp") => Date::parse(text).map_or(Data::Str, Data::Date),
        Some(tag) if !tag.starts_with("!!") && tag != "!" => Data::Str,
        _ if scalar.style == Style::Plain => plain(text),
        _ => Data::Str,
    }
}

/// A node's tag, in short.
fn tag(node: &yaml::Node) -> Option<std::borrow::Cow<'_, str>> {
    let written = node.tag.as_ref()?.value.as_str();
    let core = written.strip_prefix("!<tag:yaml.org,2002:").and_then(|t| t.strip_suffix('>'));
    Some(core.map_or_else(|| written.into(), |name| format!("!!{name}").into()))
}

/// What a tag of YAML's own asks of a value that is none.
fn mistagged(scalar: &yaml::Scalar, node: &yaml::Node, data: Option<Data>) -> Option<&'static str> {
    match (tag(node)?.as_ref(), data?) {
        ("!!int", data) if !matches!(data, Data::Int(_) | Data::Uint(_)) => Some("whole number"),
        ("!!float", Data::Str) => Some("number"),
        ("!!bool", data) if !matches!(data, Data::Bool(_)) => Some("true or false"),
        ("!!null", _) if !matches!(plain(&scalar.text.value), Data::Null) => Some("null"),
        _ => None,
    }
}

fn plain(text: &str) -> Data {
    // most begin as nothing but a string does
    if !matches!(text.as_bytes().first(), None | Some(b'~' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'.' | b'+' | b'-' | b'0'..=b'9')) {
        return Data::Str;
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Data::Null,
        "true" | "True" | "TRUE" => Data::Bool(true),
        "false" | "False" | "FALSE" => Data::Bool(false),
        ".inf" | ".Inf" | ".INF" | "+.inf" => Data::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => Data::Float(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => Data::Float(f64::NAN),
        _ => number(text).or_else(|| Date::parse(text).map(Data::Date)).unwrap_or(Data::Str),
    }
}

fn number(text: &str) -> Option<Data> {
    let begins = matches!(text.as_bytes().first(), Some(b'-' | b'+' | b'.' | b'0'..=b'9'));
    let number_like = |b: u8| b.is_ascii_hexdigit() || matches!(b, b'.' | b'_' | b'+' | b'-' | b'x' | b'X' | b'o' | b'O');
    if !begins || !text.bytes().all(number_like) {
        return None;
    }
    if (1..=18).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0') {
        return text.parse().ok().map(Data::Int);
    }
    let plain = text.replace('_', "");
    if let Some(int) = integer(&plain) {
        return i64::try_from(int).map(Data::Int).or_else(|_| u64::try_from(int).map(Data::Uint)).ok();
    }
    let body = plain.trim_start_matches(['+', '-']);
    let floats = body.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && body.contains(|c: char| c.is_ascii_digit())
        && plain.len() - body.len() <= 1
        && body.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    plain.parse().ok().filter(|f: &f64| floats && f.is_finite()).map(Data::Float)
}

/// Decimal, `0x`, `0o`, `0b`, and a leading zero for octal.
fn integer(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.starts_with(['+', '-']) {
        return None;
    }
    let lower = digits.to_ascii_lowercase();
    let value = if let Some(hex) = lower.strip_prefix("0x") {
        i128::from_str_radix(hex, 16).ok()?
    } else if let Some(octal) = lower.strip_prefix("0o") {
        i128::from_str_radix(octal, 8).ok()?
    } else if let Some(binary) = lower.strip_prefix("0b") {
        i128::from_str_radix(binary, 2).ok()?
    } else if lower.len() > 1 && lower.starts_with('0') {
        i128::from_str_radix(&lower, 8).ok()?
    } else {
        lower.parse().ok()?
    };
    if text == "-0" {
        return None;
    }
    // what no 64 bits hold is a fraction to YAML
    let signed = if negative { -value } else { value };
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&signed).then_some(signed)
}
