//! One model over another: the rules by which override files, `extends` and `include` combine.

use std::sync::LazyLock;

use super::keypaths::KeyPaths;
use super::model::ProblemKind;
use super::problems::Problems;
use super::tree::{Data, Entry, Node, Scalar, Value};
use crate::source::{At, Span};
use crate::text::Text;

/// How two values of a key combine, where it is not by their kind alone.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// Replaced whole, also by nothing.
    Replaced,
    /// Lists of `name=value` and such: a mapping in one of the two becomes a list, then both are joined.
    Joined,
    /// What is there already is not added again.
    JoinedOnce,
    Build,
    /// A list of names counts as a mapping.
    Named,
    DependsOn,
    Logging,
    Ipam,
}

const SPECIAL: &[(&str, How)] = &[
    ("networks.*.labels", How::Joined),
    ("networks.*.ipam.config", How::Ipam),
    ("volumes.*.labels", How::Joined),
    ("services.*.annotations", How::Joined),
    ("services.*.build", How::Build),
    ("services.*.build.args", How::Joined),
    ("services.*.build.additional_contexts", How::Joined),
    ("services.*.build.extra_hosts", How::JoinedOnce),
    ("services.*.build.labels", How::Joined),
    ("services.*.command", How::Replaced),
    ("services.*.depends_on", How::DependsOn),
    ("services.*.deploy.labels", How::Joined),
    ("services.*.dns", How::Joined),
    ("services.*.dns_opt", How::Joined),
    ("services.*.dns_search", How::Joined),
    ("services.*.entrypoint", How::Replaced),
    ("services.*.env_file", How::Joined),
    ("services.*.environment", How::Joined),
    ("services.*.extra_hosts", How::JoinedOnce),
    ("services.*.healthcheck.test", How::Replaced),
    ("services.*.label_file", How::Joined),
    ("services.*.labels", How::Joined),
    ("services.*.logging", How::Logging),
    ("services.*.models", How::Named),
    ("services.*.networks", How::Named),
    ("services.*.sysctls", How::Joined),
    ("services.*.tmpfs", How::Joined),
    ("services.*.ulimits.*", How::Replaced),
    ("services.*.volumes.*.volume.labels", How::Joined),
];

static PLACES: LazyLock<KeyPaths<How>> = LazyLock::new(|| KeyPaths::new(SPECIAL));

/// Lays `over` on `base`; `path` is where both stand.
pub(super) fn merge(base: Node, over: Node, path: &mut Vec<String>, problems: &mut Problems) -> Node {
    match PLACES.find(path).holds() {
        Some(How::Replaced) => return over.replacing(base),
        Some(How::Joined) => {
            if over.as_scalar().is_some_and(|s| !matches!(s.data, Data::Null | Data::Str)) {
                mismatch(&base, &over, path, problems);
                passes_unsaid(problems);
            }
            return join(base, over);
        }
        Some(How::JoinedOnce) => return join_once(base, over),
        Some(how @ (How::Build | How::Named | How::DependsOn)) => {
            if how != How::Build && base.as_scalar().is_some() {
                no_base(&base, "a list or a mapping", path, problems);
            }
            let build = how == How::Build;
            let long = |node: Node| if build { built(node) } else { named(node, how == How::DependsOn) };
            let (base, over) = (long(base), long(over));
            // what can be no mapping is dropped; a list of other things than names makes Compose crash
            if base.is_map() && !over.is_map() && !over.is_null() && (build || over.as_scalar().is_some()) {
                mismatch(&base, &over, path, problems);
                passes_unsaid(problems);
                return base;
            }
            return maps(base, over, path, problems);
        }
        Some(How::Logging) => return logging(base, over, path, problems),
        Some(How::Ipam) => {
            if matches!((&base.value, &over.value), (Value::Seq(_), Value::Seq(_))) {
                return ipam(base, over, path, problems);
            }
            mismatch(&base, &over, path, problems);
            return base;
        }
        None => {}
    }
    if over.is_null() {
        return base;
    }
    match (&base.value, &over.value) {
        (Value::Map(_), Value::Map(_)) => maps(base, over, path, problems),
        (Value::Seq(_), Value::Seq(_)) => join(base, over),
        (Value::Scalar(_), _) => over.replacing(base),
        _ => {
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

/// A value that nothing can be laid over, in a text that no schema has seen.
fn no_base(base: &Node, wanted: &str, path: &[String], problems: &mut Problems) {
    if !base.unset() {
        let name = path.last().map_or("", String::as_str);
        let message = format!("`{name}` takes {wanted}, not {}", base.kind());
        problems.fatal(ProblemKind::Schema, base.span, &message);
    }
}

/// Compose drops it without a word.
fn passes_unsaid(problems: &mut Problems) {
    problems.list.last_mut().into_iter().for_each(|p| p.fatal = false);
}

/// Deep merge of two mappings. Anything else gives way to a mapping.
fn maps(mut base: Node, mut over: Node, path: &mut Vec<String>, problems: &mut Problems) -> Node {
    let span = if over.is_map() { over.span } else { base.span };
    if base.is_map() && !over.is_map() && !over.is_null() {
        mismatch(&base, &over, path, problems);
        return base;
    }
    if !base.is_map() {
        return over.replacing(base);
    }
    if !over.is_map() {
        return base;
    }
    let past = both_pasts(&mut base, &mut over);
    let (mut entries, more) = (base.into_entries(), over.into_entries());
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
    Node::map(entries, span).with_past(past)
}

fn both_pasts(base: &mut Node, over: &mut Node) -> Vec<Node> {
    let mut past = base.take_past();
    past.append(&mut over.take_past());
    past
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
    if !names || !matches!(node.value, Value::Seq(_)) {
        return node;
    }
    let Value::Seq(items) = node.into_parts() else { return Node::null(span) };
    let mut entries: Vec<Entry> = Vec::new();
    for item in items {
        let Some(name) = item.as_str() else { continue };
        if entries.iter().any(|e| e.key.value == name) {
            continue;
        }
        let key = At::new(name.to_owned(), item.span);
        let mut value = if dependency { dependency_default(item.span) } else { Node::null(item.span) };
        if let Some(via) = item.origin.history.as_ref().and_then(|h| h.via.as_ref()) {
            value.brought_by(via);
        }
        entries.push(Entry { key, value });
    }
    Node::map(entries, span)
}

pub(super) fn dependency_default(span: Span) -> Node {
    let mut node = Node::map(Vec::new(), span);
    node.default("condition", |span| Node::string("service_started", span));
    node.default("required", |span| Node::bool(true, span));
    node
}

fn logging(base: Node, over: Node, path: &mut Vec<String>, problems: &mut Problems) -> Node {
    if over.is_null() {
        let problem =
            problems.fatal(ProblemKind::Schema, over.span, "`logging` is empty here, over one that is not: Compose crashes on that");
        problem.help = Some("leave the key out, or write `logging: !reset null`".to_owned());
        problem.related.push((base.span, "overrides this".to_owned()));
        return base;
    }
    if base.is_null() {
        no_base(&base, "a mapping", path, problems);
    }
    let driver = |n: &Node| n.get("driver").map(|d| d.as_str().map(str::to_owned));
    match (driver(&base), driver(&over)) {
        (Some(a), Some(b)) if a != b => over.replacing(base),
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

fn join(mut base: Node, mut over: Node) -> Node {
    let span = if over.is_null() { base.span } else { over.span };
    let past = both_pasts(&mut base, &mut over);
    let mut items = listed(base);
    items.extend(listed(over));
    Node::seq(items, span).with_past(past)
}

fn join_once(mut base: Node, mut over: Node) -> Node {
    let span = if over.is_null() { base.span } else { over.span };
    let past = both_pasts(&mut base, &mut over);
    let mut items = listed(base);
    let known: Vec<String> = items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect();
    items.extend(listed(over).into_iter().filter(|i| i.as_str().is_none_or(|t| !known.iter().any(|k| k == t))));
    Node::seq(items, span).with_past(past)
}

/// A mapping as a sorted list of `name=value`.
pub(super) fn listed(node: Node) -> Vec<Node> {
    if node.as_text().is_some() {
        return vec![node];
    }
    match node.into_parts() {
        Value::Seq(items) => items,
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
    if !matches!(value.value, Value::Seq(_)) {
        return vec![pair(&key, value)];
    }
    listed(value).into_iter().map(|item| pair(&key, item)).collect()
}

fn pair(key: &At<String>, value: Node) -> Node {
    let span = key.span.to(value.span);
    let mut text = Text::builder(span);
    text.push(&key.value, key.span);
    let Value::Scalar(scalar) = &value.value else {
        // a mapping where a value is meant: Go's way to write it out
        text.push(&format!("={}", written_out(&value)), value.span);
        return Node { origin: value.origin, ..Node::text(text) };
    };
    let mut raw = None;
    if scalar.data != Data::Null {
        text.push("=", key.span.at_end());
        match value.any_text() {
            Some(shown) => text.append(&shown),
            None => text.push("", value.span),
        }
        raw = scalar.raw.as_ref().map(|raw| format!("{}={raw}", key.value));
    }
    let scalar = Scalar { data: Data::Str, text, raw, unset: scalar.unset, path: scalar.path.clone() };
    Node { value: Value::Scalar(scalar), span, origin: value.origin }
}

fn written_out(node: &Node) -> String {
    match &node.value {
        Value::Map(entries) => {
            let mut all: Vec<String> = entries.iter().map(|e| format!("{}:{}", e.key.value, written_out(&e.value))).collect();
            all.sort();
            format!("map[{}]", all.join(" "))
        }
        Value::Seq(items) => format!("[{}]", items.iter().map(written_out).collect::<Vec<_>>().join(" ")),
        Value::Scalar(scalar) if scalar.data == Data::Null => "<nil>".to_owned(),
        Value::Scalar(scalar) => scalar.shown(),
    }
}
