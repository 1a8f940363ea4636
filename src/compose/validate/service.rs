//! Keys of one service that do not go together.

use std::collections::BTreeMap;

use super::context::Validate;
use crate::compose::model::ProblemKind;
use crate::compose::print::{bytes, int};
use crate::compose::problems::closest;
use crate::compose::tree::{Entry, Node};
use crate::source::Span;

impl Validate<'_> {
    pub(super) fn runs_something(&mut self, entry: &Entry) {
        let node = &entry.value;
        let empty_image = node.get("image").is_none_or(|i| i.is_null() || (i.as_str() == Some("") && !self.open(i)));
        if empty_image && node.get("build").is_none_or(Node::is_null) && node.get("provider").is_none() {
            // a slip in the text or in the key is what is wrong then, and is said
            let misspelt = node.entries().iter().any(|e| {
                let names = ["image", "build"];
                !names.contains(&e.key.value.as_str()) && closest(&e.key.value, names.into_iter()).is_some()
            });
            let unknown = node.entries().iter().any(|e| self.said(e.key.span));
            if misspelt || unknown || self.torn(entry) {
                return;
            }
            let message = format!("the service `{}` has neither `image` nor `build`", entry.key.value);
            self.invalid(entry.key.span, message).help = Some("say what it runs".to_owned());
        }
    }

    /// Whether the text of a service could not be read whole.
    fn torn(&self, entry: &Entry) -> bool {
        let start = entry.key.span;
        let next = self.model.entries_at("services").map(|e| e.key.span).filter(|s| s.file == start.file && s.start > start.start);
        let end = next.map(|s| s.start).min().unwrap_or(u32::MAX);
        let inside = |span: Span| span.file == start.file && (start.start..end).contains(&span.start);
        self.problems.list.iter().any(|p| p.kind == ProblemKind::YamlSyntax && inside(p.span))
    }

    pub(super) fn exclusive(&mut self, entry: &Entry) {
        let node = &entry.value;
        let name = &entry.key.value;
        if let Some(build) = node.get("build")
            && let (Some(_), Some(second)) = (build.entry("dockerfile"), build.entry("dockerfile_inline"))
        {
            self.invalid(second.key.span, "`dockerfile` and `dockerfile_inline` exclude each other".to_owned());
        }
        let networks = node.entry("networks").filter(|n| !n.value.entries().is_empty());
        if let (Some(mode), Some(networks)) = (node.entry("network_mode").filter(|m| m.value.as_str() != Some("")), networks) {
            let message = format!("`{name}` has both `network_mode` and `networks`, which exclude each other");
            self.invalid(mode.key.span, message).related.push((networks.key.span, "the networks".to_owned()));
        }
        let platform = node.get("platform").and_then(Node::as_text).filter(|p| !p.value.is_empty());
        let platforms = node.at(&["build", "platforms"]).map_or(&[][..], Node::items);
        if let Some(platform) = platform
            && !platforms.is_empty()
            && !platforms.iter().any(|p| p.as_str() == Some(&platform.value) || self.open(p))
        {
            self.invalid(platform.span, format!("`{}` is not among the `platforms` that are built", platform.value));
        }
    }

    pub(super) fn health_and_watch(&mut self, entry: &Entry) {
        let node = &entry.value;
        let first = node.at(&["healthcheck", "test"]).and_then(|t| t.items().first());
        if let Some(first) = first.filter(|f| !f.as_str().is_some_and(|t| matches!(t, "CMD" | "CMD-SHELL" | "NONE")) && !self.open(f)) {
            self.invalid(first.span, "a `healthcheck.test` list starts with CMD, CMD-SHELL or NONE".to_owned()).help =
                Some("put \"CMD\" in front".to_owned());
        }
        for watch in node.at(&["develop", "watch"]).map_or(&[][..], Node::items) {
            let action = watch.get("action").and_then(Node::as_str).unwrap_or_default();
            let target = watch.get("target").and_then(Node::as_str).unwrap_or_default();
            if target.is_empty() && !matches!(action, "rebuild" | "restart") && !self.open(watch) {
                self.invalid(watch.span, format!("the watch action `{action}` needs a `target`"));
            }
        }
    }

    pub(super) fn limits(&mut self, entry: &Entry) {
        let node = &entry.value;
        let count = |n: Option<&Node>| n.and_then(int);
        let (scale, replicas) = (node.entry("scale"), node.at(&["deploy", "replicas"]));
        let (scales, replicated) = (count(scale.map(|s| &s.value)), count(replicas));
        if let (Some(a), Some(b), Some(entry)) = (scales, replicated, scale)
            && a != b
        {
            self.invalid(entry.value.span, "`scale` and `deploy.replicas` differ".to_owned()).help = Some("keep one of the two".to_owned());
        }
        for (key, n, value) in [("scale", scales, scale.map(|s| &s.value)), ("replicas", replicated, replicas)] {
            if let Some(value) = value.filter(|_| n.is_some_and(|n| n < 0)) {
                self.invalid(value.span, format!("`{key}` cannot be negative"));
            }
        }
        let several = scales.or(replicated).is_some_and(|n| n > 1);
        if let Some(name) = node.entry("container_name").filter(|c| several && c.value.as_str() != Some("")) {
            let named = name.value.as_str().unwrap_or_default();
            let message = format!("Compose refuses the project: several containers of `{}` cannot all be named `{named}`", entry.key.value);
            let problem = self.invalid(name.value.span, message);
            problem.kind = ProblemKind::Scale;
            problem.help = Some("delete `container_name`: the containers are numbered then, and found by the service's name".to_owned());
        }
        for (key, part, field) in [
            ("cpus", "limits", "cpus"),
            ("mem_limit", "limits", "memory"),
            ("mem_reservation", "reservations", "memory"),
            ("pids_limit", "limits", "pids"),
        ] {
            self.same_limit(node, key, part, field);
        }
    }

    fn same_limit(&mut self, node: &Node, key: &str, part: &str, field: &str) {
        let Some(own) = node.entry(key) else { return };
        let Some(deploy) = node.at(&["deploy", "resources", part]).filter(|d| d.is_map()) else { return };
        let number = |n: &Node| match field {
            "memory" => bytes(n).map(|b| b as f64),
            _ => n.any_text().and_then(|t| t.value.parse::<f64>().ok()),
        };
        let (a, b) = (number(&own.value).unwrap_or_default(), deploy.get(field).and_then(number).unwrap_or_default());
        if a != 0.0 && (a as f32) != (b as f32) && !self.open(&own.value) && !self.open(deploy) {
            let message = format!("`{key}` and `deploy.resources.{part}.{field}` differ");
            self.invalid(own.value.span, message).help = Some("keep one of the two".to_owned());
        }
    }

    pub(super) fn mount_targets(&mut self, node: &Node) {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let tmpfs = node.get("tmpfs").into_iter().flat_map(|t| std::iter::once(t).chain(t.items()));
        let tmpfs = tmpfs.filter_map(|t| Some((t.as_str()?.split(':').next()?.to_owned(), t.span)));
        let volumes = node.items_at("volumes").filter_map(|v| Some((crate::files::normalize(v.get("target")?.as_str()?), v.span)));
        for (target, span) in tmpfs.chain(volumes).collect::<Vec<_>>() {
            if let Some(first) = seen.insert(target.clone(), span) {
                self.invalid(span, format!("`{target}` has two mounts")).related.push((first, "the first one".to_owned()));
            }
        }
    }
}
