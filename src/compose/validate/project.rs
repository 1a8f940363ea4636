//! What services share: volumes, secrets, names, and the order in which they wait for each other.

use std::collections::BTreeMap;

use super::context::Validate;
use crate::compose::model::ProblemKind;
use crate::compose::normalize::implied;
use crate::compose::tree::{Entry, Node};
use crate::source::Span;

impl Validate<'_> {
    pub(super) fn resources(&mut self) {
        let model = self.model;
        for entry in model.entries_at("volumes") {
            if entry.value.get("external").is_some_and(Node::is_true) {
                let other = entry
                    .value
                    .entries()
                    .iter()
                    .find(|e| !matches!(e.key.value.as_str(), "name" | "external") && !e.key.value.starts_with("x-"));
                if let Some(other) = other {
                    let message = format!("`{}` cannot be set for the external volume `{}`", other.key.value, entry.key.value);
                    self.invalid(other.key.span, message);
                }
            }
        }
        for (kind, word, sources) in
            [("secrets", "secret", &["file", "environment"][..]), ("configs", "config", &["file", "environment", "content"])]
        {
            for entry in model.entries_at(kind) {
                self.file_object(entry, word, sources);
                self.driver_options(&entry.value);
            }
        }
    }

    fn file_object(&mut self, entry: &Entry, word: &str, sources: &[&str]) {
        let node = &entry.value;
        let name = &entry.key.value;
        let set: Vec<&Entry> = sources.iter().filter_map(|s| node.entry(s)).collect();
        if let [_, second, ..] = set.as_slice() {
            let message = format!("the {word} `{name}` has more than one of {}", sources.join(", "));
            self.invalid(second.key.span, message);
        }
        let external = node.get("external").is_some_and(Node::is_true);
        let filled = |key: &str| node.get(key).is_some_and(|n| n.any_text().is_some_and(|t| !t.value.is_empty()));
        let missing = match word {
            "secret" => !external && node.get("file").is_none_or(Node::is_null) && !filled("environment"),
            _ => set.is_empty() && node.get("driver").is_none() && node.get("external").is_none(),
        };
        if missing && !set.iter().any(|e| self.open(&e.value)) {
            let message = format!("the {word} `{name}` says nowhere what it holds");
            self.invalid(entry.key.span, message).help = Some(format!("give it one of {}, or `external: true`", sources.join(", ")));
        }
    }

    /// Services with one name: Compose loads and builds them, and starts the first only.
    pub(super) fn container_names(&mut self) {
        let mut seen: BTreeMap<&str, &Entry> = BTreeMap::new();
        let model = self.model;
        for entry in model.entries_at("services").filter(|e| self.active.contains(&e.key.value.as_str())).collect::<Vec<_>>() {
            let Some(name) = entry.value.get("container_name").filter(|n| !self.open(n)).and_then(Node::as_str).filter(|n| !n.is_empty())
            else {
                continue;
            };
            if let Some(first) = seen.insert(name, entry) {
                // by an anchor both have the very same text: the service is at fault then
                let own = |e: &Entry| e.value.get("container_name").map_or(e.key.span, |n| n.span);
                let span = if own(entry) == own(first) { entry.key.span } else { own(entry) };
                let message = format!("`{}` does not start: the name `{name}` is taken by `{}`", entry.key.value, first.key.value);
                let related = (own(first), "taken here".to_owned());
                let problem = self.invalid(span, message);
                problem.kind = ProblemKind::ContainerName;
                problem.fatal = false;
                problem.related.push(related);
                problem.help = Some("give each its own `container_name`, or leave it out: Compose names them by service".to_owned());
            }
        }
    }

    /// Services that wait for each other, each circle reported once.
    pub(super) fn cycles(&mut self) {
        let mut edges: BTreeMap<&str, Vec<(String, Span)>> = BTreeMap::new();
        for entry in self.model.entries_at("services").filter(|e| self.active.contains(&e.key.value.as_str())) {
            let direct = entry.value.entries_at("depends_on").map(|d| (d.key.value.clone(), d.key.span));
            let implied = implied(&entry.value).into_iter().map(|(name, _, span)| (name, span));
            edges.insert(&entry.key.value, direct.chain(implied).collect());
        }
        // who waits for nobody stands in no circle
        edges.retain(|_, waits| !waits.is_empty());
        let mut done: Vec<String> = Vec::new();
        let mut found: Vec<(Span, String)> = Vec::new();
        for &name in edges.keys() {
            walk(name, &edges, &mut done, &mut found);
        }
        for (span, circle) in found {
            self.add(ProblemKind::DependencyCycle, span, format!("these services wait for each other: {circle}"));
        }
    }
}

/// Follows dependencies depth first, without recursion.
fn walk(start: &str, edges: &BTreeMap<&str, Vec<(String, Span)>>, done: &mut Vec<String>, found: &mut Vec<(Span, String)>) {
    let mut path: Vec<(String, usize)> = vec![(start.to_owned(), 0)];
    while let Some((name, next)) = path.last_mut() {
        let name = name.clone();
        let edge = edges.get(name.as_str()).and_then(|e| e.get(*next));
        *next += 1;
        let Some((to, span)) = edge.filter(|_| !done.contains(&name)) else {
            done.push(name);
            path.pop();
            continue;
        };
        if let Some(at) = path.iter().position(|(n, _)| n == to) {
            let names: Vec<&str> = path.iter().skip(at).map(|(n, _)| n.as_str()).chain([to.as_str()]).collect();
            found.push((*span, names.join(" → ")));
        } else if !done.contains(to) {
            path.push((to.clone(), 0));
        }
    }
}
