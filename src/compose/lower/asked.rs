//! Values of a service at key paths that somebody asks for, as they are after merging.

use crate::compose::model::{AskedValue, EnvVar};
use crate::compose::tree::{Made, Node, Value};
use crate::source::{Sources, Span};

/// The values at these paths; of a list each of its items, of a mapping each `name=value`.
pub(super) fn asked(service: &Node, environment: &[EnvVar], paths: &[String], sources: &Sources) -> Vec<AskedValue> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        let mut walk = Walk { path, sources, found: &mut found };
        walk.below(service, path.split('.').collect::<Vec<_>>().as_slice());
        // of variables the lines of env files count as well
        if let Some(name) = path.strip_prefix("environment.")
            && walk.found.len() == before
        {
            environment.iter().filter(|v| v.name.value == name).for_each(|v| walk.variable(v));
        }
    }
    found
}

struct Walk<'a> {
    path: &'a str,
    sources: &'a Sources,
    found: &'a mut Vec<AskedValue>,
}

impl Walk<'_> {
    fn below(&mut self, node: &Node, keys: &[&str]) {
        if keys.is_empty() {
            return self.leaves(node);
        }
        match &node.value {
            // names may hold points: `labels.com.example.team`
            Value::Map(_) => {
                for n in 1..=keys.len() {
                    let (name, rest) = keys.split_at(n);
                    if let Some(value) = node.get(&name.join(".")) {
                        self.below(value, rest);
                    }
                }
            }
            Value::Seq(items) => {
                let name = keys.join(".");
                for item in items {
                    match item.as_text() {
                        None => self.below(item, keys),
                        Some(text) => {
                            let of_name = text.value.strip_prefix(&name).and_then(|rest| rest.strip_prefix('='));
                            if let Some(value) = of_name {
                                self.add(text.span_of(name.len() + 1, text.value.len()), value, item.unset());
                            }
                        }
                    }
                }
            }
            Value::Scalar(_) => {}
        }
    }

    fn leaves(&mut self, node: &Node) {
        let short = node.made() == Made::Short;
        match &node.value {
            Value::Scalar(scalar) => self.add(node.span, &scalar.shown(), scalar.unset),
            Value::Seq(items) => items.iter().for_each(|item| self.leaves(item)),
            // a short form counts as it is written
            Value::Map(_) if short => {
                let written = self.sources.slice(node.span).trim().trim_matches(['"', '\'']).to_owned();
                self.add(node.span, &written, node.unset());
            }
            Value::Map(entries) => {
                for entry in entries {
                    let value = entry.value.any_text().map_or_else(String::new, |text| format!("={}", text.value));
                    self.add(entry.key.span.to(entry.value.span), &format!("{}{value}", entry.key.value), entry.value.unset());
                }
            }
        }
    }

    fn variable(&mut self, variable: &EnvVar) {
        let text = variable.value.as_ref();
        self.add(text.map_or(variable.span, |t| t.span), text.map_or("", |t| t.value.as_str()), text.is_none());
    }

    fn add(&mut self, span: Span, text: &str, open: bool) {
        self.found.push(AskedValue { path: self.path.to_owned(), text: (!open).then(|| text.to_owned()), span });
    }
}
