//! One model over another: the rules by which override files, `extends` and `include` combine.

use super::Problems;
use super::model::ProblemKind;
use super::tree::{Data, Entry, Node, Scalar, Value, fits};
use crate::source::{At, Span};
use crate::text::Text;

/// Lists of `name=value` and such: a mapping in one of the two becomes a list, then both are joined.
const JOINED: &[&str] = &[
    "networks.*.labels",
    "volumes.*.labels",
    "services.*.annotations",
    "services.*.build.args",
    "services.*.build.additional_contexts",
    "services.*.build.labels",
    "services.*.deploy.labels",
    "services.*.dns",
    "services.*.dns_opt",
    "services.*.dns_search",
    "services.*.env_file",
    "services.*.label_file",
    "services.*.environment",
    "services.*.labels",
    "services.*.volumes.*.volume.labels",
    "services.*.sysctls",
    "services.*.tmpfs",
];

/// Replaced whole, also by nothing.
const REPLACED: &[&str] = &["services.*.command", "services.*.entrypoint", "services.*.healthcheck.test"];

/// Lays `over` on `base`; `path` is where both stand.
pub(super) fn merge(base: Node, over: Node, path: &mut Vec<String>, problems: &mut Problems) -> Node {
    let is = |pattern: &str| fits(path, pattern);
    if REPLACED.iter().any(|p| is(p)) || is("services.*.ulimits.*") {
        return over;
    }
    if JOINED.iter().any(|p| is(p)) {
        if over.as_scalar().is_some_and(|s| !matches!(s.data, Data::Null | Data::Str)) {
            mismatch(&base, &over, path, problems);
            // Compose drops it without a word.
            problems.list.last_mut().into_iter().for_each(|p| p.fatal = false);
        }
        return join(base, over);
    }
    if is("services.*.extra_hosts") || is("services.*.build.extra_hosts") {
        return join_once(base, over);
    }
    if is("services.*.build") {
        return maps(built(base), built(over), path, problems);
    }
    if is("services.*.depends_on") {
        return maps(named(base, true), named(over, true), path, problems);
    }
    if is("services.*.networks") || is("services.*.models") {
        return maps(named(base, false), named(over, false), path, problems);
    }
    if is("services.*.logging") {
        return logging(base, over, path, problems);
    }
    if is("networks.*.ipam.config") && matches!((&base.value, &over.value), (Value::Seq(_), Value::Seq(_))) {
        return ipam(base, over, path, problems);
    }
    if over.is_null() {
        return base;
    }
    match (base.value, over.value) {
        (base_value @ Value::Map(_), value @ Value::Map(_)) => {
            maps(Node { value: base_value, span: base.span }, Node { value, span: over.span }, path, problems)
        }
        (Value::Seq(mut items), Value::Seq(more)) => {
            items.extend(more);
            Node::seq(items, over.span)
        }
        (Value::Scalar(_), value) => Node { value, span: over.span },
        (value, other) => {
            let base = Node { value, span: base.span };
            let over = Node { value: other, span: over.span };
            mismatch(&base, &over, path, problems);
            base
        }
    }
}

fn mismatch(base: &Node, over: &Node, path: &[String], problems: &mut Problems) {
    let name = path.last().map_or("", String::as_str);
    let message = format!("`{name}` is {} here and {} in what it overrides", over.kind(), base.kind());
    problems.fatal(ProblemKind::Schema, over.span, &message).related.push((base.span, "overrides this".to_owned()));
}

/// Deep merge of two mappings. Anything else gives way to a mapping.
fn maps(base: Node, over: Node, path: &mut Vec<String>, problems: &mut Problems) -> Node {
    let span = if over.is_map() { over.span } else { base.span };
    if base.is_map() && !over.is_map() && !over.is_null() {
        mismatch(&base, &over, path, problems);
        return base;
    }
    let (mut entries, more) = match (base.value, over.value) {
        (Value::Map(entries), Value::Map(more)) => (entries, more),
        (value @ Value::Map(_), _) | (_, value) => return Node { value, span },
    };
    for entry in more {
        let Some(slot) = entries.iter_mut().find(|e| e.key.value == entry.key.value) else {
            entries.push(entry);
            continue;
        };
        path.push(entry.key.value.clone());
        let old = std::mem::replace(&mut slot.value, Node::null(span));
        let keeps = entry.value.is_null() && !old.is_null();
        slot.value = merge(old, entry.value, path, problems);
        if !keeps {
            slot.key = entry.key;
        }
        path.pop();
    }
    Node::map(entries, span)
}

fn built(node: Node) -> Node {
    let span = node.span;
    match node.as_text() {
        Some(text) => Node::map(vec![Entry { key: At::new("context".to_owned(), text.span), value: node }], span),
        None => node,
    }
}

/// A list of names as a mapping.
fn named(node: Node, dependency: bool) -> Node {
    let span = node.span;
    let names = node.items().iter().all(|i| i.as_str().is_some());
    let items = match node.value {
        Value::Seq(items) if names => items,
        value => return Node { value, span },
    };
    let mut entries: Vec<Entry> = Vec::new();
    for item in items {
        let Some(name) = item.as_str() else { continue };
        if entries.iter().any(|e| e.key.value == name) {
            continue;
        }
        let key = At::new(name.to_owned(), item.span);
        let value = if dependency { dependency_default(item.span) } else { Node::null(item.span) };
        entries.push(Entry { key, value });
    }
    Node::map(entries, span)
}

pub(super) fn dependency_default(span: Span) -> Node {
    let mut node = Node::map(Vec::new(), span);
    node.set("condition", Node::made("service_started", span));
    node.set("required", Node::bool(true, span));
    node
}

fn logging(base: Node, over: Node, path: &mut Vec<String>, problems: &mut Problems) -> Node {
    let driver = |n: &Node| n.get("driver").and_then(Node::as_str).map(str::to_owned);
    match (driver(&base), driver(&over)) {
        (Some(a), Some(b)) if a != b => over,
        _ => maps(base, over, path, problems),
    }
}

fn ipam(base: Node, over: Node, path: &mut Vec<String>, problems: &mut Problems) -> Node {
    let span = over.span;
    let subnet = |n: &Node| n.get("subnet").and_then(Node::as_str).map(str::to_owned);
    let (Value::Seq(originals), Value::Seq(overrides)) = (base.value, over.value) else { return Node::seq(Vec::new(), span) };
    let mut made: Vec<Node> = Vec::new();
    for original in originals {
        let mut right = original;
        for left in &overrides {
            if subnet(left) != subnet(&right) && !made.iter().any(|m| subnet(m) == subnet(left)) {
                made.push(left.clone());
                continue;
            }
            right = maps(right, left.clone(), path, problems);
            match made.iter_mut().find(|m| subnet(m) == subnet(&right)) {
                Some(slot) => *slot = right.clone(),
                None => made.push(right.clone()),
            }
        }
    }
    Node::seq(made, span)
}

fn join(base: Node, over: Node) -> Node {
    let span = if over.is_null() { base.span } else { over.span };
    let mut items = listed(base);
    items.extend(listed(over));
    Node::seq(items, span)
}

fn join_once(base: Node, over: Node) -> Node {
    let span = if over.is_null() { base.span } else { over.span };
    let mut items = listed(base);
    let known: Vec<String> = items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect();
    items.extend(listed(over).into_iter().filter(|i| i.as_str().is_none_or(|t| !known.iter().any(|k| k == t))));
    Node::seq(items, span)
}

/// A mapping as a sorted list of `name=value`.
pub(super) fn listed(node: Node) -> Vec<Node> {
    match node.value {
        Value::Seq(items) => items,
        Value::Scalar(scalar) if scalar.data == Data::Str => vec![Node { value: Value::Scalar(scalar), span: node.span }],
        Value::Scalar(_) => Vec::new(),
        Value::Map(entries) => {
            let mut items: Vec<Node> = entries.into_iter().flat_map(pairs).collect();
            items.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
            items
        }
    }
}

fn pairs(entry: Entry) -> Vec<Node> {
    let Entry { key, value } = entry;
    match value.value {
        Value::Seq(items) => items.into_iter().map(|item| pair(&key, item)).collect(),
        _ => vec![pair(&key, value)],
    }
}

fn pair(key: &At<String>, value: Node) -> Node {
    let span = key.span.to(value.span);
    let mut text = Text::builder(span);
    text.push(&key.value, key.span);
    let Value::Scalar(scalar) = &value.value else { return Node::text(text) };
    let mut raw = None;
    if scalar.data != Data::Null {
        text.push("=", key.span.at_end());
        match value.any_text() {
            Some(shown) => text.append(&shown),
            None => text.push("", value.span),
        }
        raw = scalar.raw.as_ref().map(|raw| format!("{}={raw}", key.value));
    }
    Node { value: Value::Scalar(Scalar { data: Data::Str, text, raw, unset: scalar.unset, path: scalar.path.clone() }), span }
}
