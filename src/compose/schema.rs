//! The Compose schema, walked in step with the model, so that every finding stands at its key.

use std::borrow::Cow;
use std::collections::HashSet;

use super::date::{self, Fate};
use super::model::ProblemKind;
use super::problems::{Problems, closest};
use super::spec::{Part, Schema};
use super::tree::{Data, Entry, Node, Value};
use crate::source::Span;

/// Keys that take a duration, wherever they stand.
const DURATIONS: &[&str] =
    &["interval", "timeout", "start_period", "start_interval", "stop_grace_period", "delay", "monitor", "window", "pull_refresh_after"];

/// Checks a model. Where `strict` is not set, values that an unset variable went into are left alone.
pub(super) fn check(model: &Node, strict: bool, problems: &mut Problems) {
    let schema = Schema::get();
    let mut walk = Walk { schema, strict, found: Vec::new(), path: Vec::new() };
    walk.node(model, schema.root(), model.span.at_start());
    for found in walk.found {
        let problem = problems.fatal(ProblemKind::Schema, found.span, &found.message);
        problem.help = found.help;
        problem.fatal = found.fatal;
    }
}

/// Numbers without end. Compose checks JSON, which has none, so it refuses each that no other value has taken the place of.
pub(super) fn endless(node: &Node, problems: &mut Problems) {
    match &node.value {
        Value::Map(entries) => entries.iter().for_each(|entry| endless(&entry.value, problems)),
        Value::Seq(items) => items.iter().for_each(|item| endless(item, problems)),
        Value::Scalar(scalar) if scalar.is_endless() && problems.list.iter().all(|p| p.span != node.span) => {
            let message = format!("`{}` is a number without end, which Compose cannot pass on", scalar.text.value);
            problems.fatal(ProblemKind::Schema, node.span, &message).help = Some("put it in quotes".to_owned());
        }
        Value::Scalar(_) => {}
    }
}

struct Finding {
    span: Span,
    message: String,
    help: Option<String>,
    fatal: bool,
}

struct Walk<'a> {
    schema: &'a Schema,
    strict: bool,
    found: Vec<Finding>,
    path: Vec<&'a str>,
}

impl<'a> Walk<'a> {
    fn report(&mut self, span: Span, message: String, help: Option<String>) {
        self.found.push(Finding { span, message, help, fatal: true });
    }

    /// The key that the value belongs to, as shown in messages.
    fn name(&self) -> String {
        match self.path.iter().rev().find(|p| **p != "[]") {
            Some(key) if self.path.last().is_some_and(|p| *p == "[]") => format!("an entry of `{key}`"),
            Some(key) => format!("`{key}`"),
            None => "a Compose file".to_owned(),
        }
    }

    /// `place` is where to point at when the value itself has no text.
    fn node(&mut self, node: &'a Node, schema: &'a Part, place: Span) {
        if !self.strict && node.as_scalar().is_some_and(|s| s.unset) {
            return;
        }
        if !schema.one_of.is_empty() {
            let mut branches = schema.one_of.iter().map(|b| self.schema.part(*b));
            match branches.find(|b| self.accepts(node, b)) {
                Some(branch) => self.node(node, branch, place),
                None => {
                    let branches = schema.one_of.iter().map(|b| self.schema.part(*b));
                    let kinds: Vec<&str> = branches.flat_map(|b| b.kinds.iter().copied()).collect();
                    self.wrong_kind(node, &kinds, place);
                }
            }
            return;
        }
        let wanted = schema.kinds.as_slice();
        if !wanted.is_empty() && !schema.takes(node) {
            self.wrong_kind(node, wanted, place);
            return;
        }
        if let Some(Data::Date(date)) = node.as_scalar().map(|s| s.data) {
            self.date(node, wanted, &date.shown());
        }
        match &node.value {
            Value::Map(entries) => self.map(entries, schema, place),
            Value::Seq(items) => self.seq(items, schema),
            Value::Scalar(_) => self.scalar(node, schema),
        }
    }

    fn accepts(&self, node: &Node, schema: &Part) -> bool {
        schema.one_of.iter().any(|b| self.accepts(node, self.schema.part(*b))) || schema.one_of.is_empty() && schema.takes(node)
    }

    fn wrong_kind(&mut self, node: &Node, kinds: &[&str], place: Span) {
        let mut words: Vec<&str> = Vec::new();
        for kind in kinds {
            let word = match *kind {
                "object" => "a mapping",
                "array" => "a list",
                "string" => "a string",
                "number" => "a number",
                "integer" => "a whole number",
                "boolean" => "true or false",
                _ => continue,
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let span = if node.span.is_empty() { place } else { node.span };
        // strings are taken there for the sake of variables
        if words.contains(&"true or false") && !kinds.contains(&"number") {
            words.retain(|w| *w != "a string");
        }
        if let ([top, key], false) = (self.path.as_slice(), node.is_map() || node.is_null())
            && *top == "services"
            && self.is_service_key(key)
        {
            let message = format!("`{key}` stands between the services, so Compose takes it for one");
            self.report(place, message, Some("indent it under the service that it belongs to".to_owned()));
            return;
        }
        if let (Some(key), Some(Data::Int(n))) = (self.path.last(), node.as_scalar().map(|s| s.data))
            && DURATIONS.contains(key)
        {
            let message = format!("`{key}` takes a duration such as 30s or 1m30s, not `{n}`");
            self.report(span, message, Some(format!("add the unit: `{n}s`")));
            return;
        }
        let name = self.name();
        let wanted = either(&words);
        let message = match node.is_null() {
            true => format!("{name} is empty; it takes {wanted}"),
            false => format!("{name} takes {wanted}, not {}", node.kind()),
        };
        self.report(span, message, self.instead(node, &words));
    }

    /// How to write a value of another kind.
    fn instead(&self, node: &Node, words: &[&str]) -> Option<String> {
        let text = node.any_text().map(|t| t.value).filter(|t| t.len() < 40 && !t.contains('\n'));
        match (&node.value, text) {
            (Value::Scalar(s), _) if s.data == Data::Null => None,
            (Value::Scalar(_), _) if words.contains(&"true or false") => Some("write true or false".to_owned()),
            (Value::Scalar(s), _) if s.data != Data::Str && words.contains(&"a string") => Some("put it in quotes".to_owned()),
            (Value::Scalar(_), Some(text)) if words.contains(&"a list") && text.starts_with('-') => {
                Some("put a blank after each `-` that starts an item".to_owned())
            }
            (Value::Scalar(_), Some(text)) if words.contains(&"a list") && text.starts_with(['\u{2013}', '\u{2014}']) => {
                Some("this is a dash of typesetters: items start with the minus sign, `-`".to_owned())
            }
            (Value::Scalar(_), Some(text)) if words.contains(&"a list") => Some(format!("write it as an item: `- {text}`")),
            (Value::Scalar(_), Some(text)) if words == ["a mapping"] => Some(format!("write `{text}:`, with a colon")),
            (Value::Seq(_), _) if words == ["a mapping"] => Some("write the names as keys, each with a colon, without `-`".to_owned()),
            (Value::Map(entries), _) if words == ["a string"] && self.path.last().is_some_and(|p| *p == "[]") => {
                let entry = entries.first()?;
                let value = entry.value.any_text().map(|t| t.value).unwrap_or_default();
                Some(format!("write `{}={value}`, or leave the `-` out everywhere", entry.key.value))
            }
            _ => None,
        }
    }

    fn is_service_key(&self, key: &str) -> bool {
        self.schema.service().property(key).is_some()
    }

    /// YAML makes a point in time of a plain date; where any kind of value may stand, Compose writes it out in full.
    fn date(&mut self, node: &Node, wanted: &[&str], shown: &str) {
        let passed_on = wanted.is_empty() || wanted.iter().any(|k| matches!(*k, "number" | "boolean" | "null"));
        let fate = date::fate(&self.path).unwrap_or(if passed_on { Fate::Written } else { Fate::Refused });
        let name = self.name();
        let message = match fate {
            Fate::Kept => return,
            Fate::Written => format!("YAML reads a date here: {name} gets `{shown}`"),
            Fate::Lost => format!("YAML reads a date here, of which Compose makes nothing: {name} counts as not set"),
            Fate::Refused => format!("{name} takes a string, and YAML reads a date here"),
        };
        let fatal = fate == Fate::Refused;
        self.found.push(Finding { span: node.span, message, help: Some("put it in quotes".to_owned()), fatal });
    }

    fn map(&mut self, entries: &'a [Entry], schema: &'a Part, place: Span) {
        for entry in entries {
            let key = entry.key.value.as_str();
            let by_pattern = || schema.patterns.iter().find(|(p, _)| p.is_match(key)).map(|(_, part)| *part);
            match schema.property(key).or_else(by_pattern) {
                Some(inner) => {
                    self.path.push(key);
                    self.node(&entry.value, self.schema.part(inner), entry.key.span);
                    self.path.pop();
                }
                None if schema.closed => self.unknown(entry, schema.properties.as_deref()),
                None => {}
            }
        }
        for key in &schema.required {
            if entries.iter().all(|e| e.key.value != *key) {
                let message = format!("{} lacks `{key}`", self.name());
                self.report(place, message, Some(format!("add `{key}:`")));
            }
        }
    }

    fn unknown(&mut self, entry: &Entry, properties: Option<&[(&'static str, usize)]>) {
        let key = &entry.key.value;
        let span = entry.key.span;
        let in_service = matches!(self.path.as_slice(), [top, _] if *top == "services");
        if let ([top], None) = (self.path.as_slice(), properties) {
            let message = format!("`{key}` cannot be a name in `{top}`");
            self.report(span, message, Some("use letters, digits, `.`, `_` and `-`".to_owned()));
            return;
        }
        if in_service && self.is_service(&entry.value) {
            let outer = self.path.last().copied().unwrap_or_default();
            let message = format!("the service `{key}` stands inside the service `{outer}`, so Compose reads it as an unknown key");
            self.report(span, message, Some(format!("indent `{key}` like `{outer}`")));
            return;
        }
        let names = properties.into_iter().flatten().map(|(name, _)| *name);
        let near = closest(key, names);
        let place = match self.path.as_slice() {
            [] => "at the top of a Compose file".to_owned(),
            _ if in_service => "in a service".to_owned(),
            _ => format!("in {}", self.name()),
        };
        let help = near.map(|n| format!("did you mean `{n}`?")).or_else(|| self.elsewhere(key));
        self.report(span, format!("`{key}` is no key {place}"), help);
    }

    /// Where a key belongs that stands one level too high or too low.
    fn elsewhere(&self, key: &str) -> Option<String> {
        let top = self.schema.root().property(key).is_some();
        let service = self.is_service_key(key);
        match self.path.as_slice() {
            [] if service => Some("it belongs into a service, indented under its name".to_owned()),
            [_, ..] if top && !service => Some("it belongs to the top of the file, without indentation".to_owned()),
            [_, _, _, ..] if service => Some("it belongs into the service itself: indent it less".to_owned()),
            _ => None,
        }
    }

    fn is_service(&self, node: &Node) -> bool {
        let keys = node.entries().iter().filter(|e| self.is_service_key(&e.key.value)).count();
        node.get("image").is_some() || node.get("build").is_some() || keys >= 2
    }

    fn seq(&mut self, items: &'a [Node], schema: &'a Part) {
        self.path.push("[]");
        if let Some(inner) = schema.items {
            for item in items {
                self.node(item, self.schema.part(inner), item.span);
            }
        }
        if schema.unique && !all_differ(items) {
            let mut seen: HashSet<(bool, Cow<'_, str>)> = HashSet::new();
            for item in items {
                let Some(scalar) = item.as_scalar() else { continue };
                let shown = match scalar.data {
                    Data::Str => Cow::Borrowed(scalar.text.value.as_str()),
                    _ => Cow::Owned(scalar.shown()),
                };
                let shown = (matches!(scalar.data, Data::Bool(_) | Data::Null), shown);
                if !seen.insert(shown) && (self.strict || !item.unset()) {
                    let message = format!("`{}` stands twice in this list", item.any_text().map(|t| t.value).unwrap_or_default());
                    self.report(item.span, message, Some("remove one of the two".to_owned()));
                }
            }
        }
        self.path.pop();
    }

    fn scalar(&mut self, node: &Node, schema: &Part) {
        let Some(scalar) = node.as_scalar() else { return };
        if schema.allowed.is_none() && schema.pattern.is_none() && schema.minimum.is_none() && schema.maximum.is_none() {
            return;
        }
        let shown = scalar.shown();
        if let Some(names) = schema.allowed.as_ref().filter(|names| !names.contains(&shown.as_str())) {
            let help = closest(&shown, names.iter().copied()).map(|n| format!("did you mean `{n}`?"));
            let message = format!("`{shown}` is no value for {}: it takes {}", self.name(), names.join(", "));
            self.report(node.span, message, help);
        }
        if schema.pattern.as_ref().is_some_and(|p| !p.is_match(&shown)) {
            let message = format!("`{shown}` is no value for {}", self.name());
            self.report(node.span, message, None);
        }
        let number = match scalar.data {
            Data::Int(i) => Some(i as f64),
            Data::Uint(u) => Some(u as f64),
            Data::Float(f) => Some(f),
            _ => None,
        };
        let (low, high) = (schema.minimum, schema.maximum);
        if let Some(n) = number
            && (low.is_some_and(|low| n < low) || high.is_some_and(|high| n > high))
        {
            let range = match (low, high) {
                (Some(low), Some(high)) => format!("between {low} and {high}"),
                (Some(low), None) => format!("at least {low}"),
                _ => format!("at most {}", high.unwrap_or_default()),
            };
            let message = format!("{} is {range}, not {shown}", self.name());
            self.report(node.span, message, None);
        }
    }
}

/// Whether the items of a list are a few different strings, as they are in nearly all.
fn all_differ(items: &[Node]) -> bool {
    items.len() <= FEW
        && items.iter().enumerate().all(|(n, item)| {
            let text = item.as_str();
            text.is_some() && items.iter().take(n).all(|before| before.as_str() != text)
        })
}

/// So many items are compared with one another.
const FEW: usize = 16;

/// `a, b or c`.
fn either(words: &[&str]) -> String {
    match words.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => "something else".to_owned(),
    }
}
