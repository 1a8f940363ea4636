//! `extends`: a service starts from a copy of another one.

use std::rc::Rc;

use super::convert::Reset;
use super::loader::Loader;
use super::merge::merge;
use super::model::ProblemKind;
use super::paths::{Base, resolve};
use super::problems::closest;
use super::tree::{Node, Step, StepKind, Value};
use crate::files;
use crate::source::{At, Span};

/// Services of one file, and what its `!reset` tags say.
pub(super) struct Scope {
    /// The file's path, for cycles and messages.
    pub(super) file: String,
    pub(super) services: Node,
    pub(super) resets: Vec<Reset>,
}

/// Keys whose short forms are read in an extended file, too: what they take, and whether that is a mapping once it is read.
const READ: &[(&str, &str, bool)] = &[
    ("depends_on", "a list or a mapping", true),
    ("build", "a string or a mapping", true),
    ("extends", "a string or a mapping", true),
    ("env_file", "a string or a list", false),
    ("gpus", "a string or a list", false),
    ("ports", "a list", false),
];

/// Lists whose items are strings or mappings.
const ITEMS: &[&str] = &["volumes", "devices", "secrets", "configs"];

/// A service that is being extended: file and name.
type Link = (String, String);

impl Loader<'_> {
    /// Resolves `extends` in a model.
    pub(super) fn extend(&mut self, root: &mut Node, file: &str, dir: &str, resets: &[Reset]) {
        if let Some(entry) = root.entry("services").filter(|e| e.value.is_null()) {
            self.problems.fatal(ProblemKind::Schema, entry.key.span, "`services` is empty; it takes a mapping");
        }
        let Some(services) = root.get_mut("services").filter(|s| s.is_map()) else { return };
        let names: Vec<String> = services.entries().iter().map(|e| e.key.value.clone()).collect();
        let taken = std::mem::replace(services, Node::null(services.span));
        let mut scope = Scope { file: file.to_owned(), services: taken, resets: resets.to_vec() };
        for name in names {
            if let Some(service) = scope.services.get(&name)
                && let Some(extends) = service.get("extends")
            {
                let target = if extends.is_map() { extends.get("service") } else { Some(extends) };
                if let Some(text) = target.and_then(Node::as_text) {
                    self.extended.insert(name.clone(), At::new(text.value.clone(), text.span));
                }
            }
            self.service(&mut scope, &name, dir, &mut Vec::new());
        }
        if let Some(slot) = root.get_mut("services") {
            *slot = scope.services;
        }
    }

    /// Completes one service of a scope, whatever it extends first.
    fn service(&mut self, scope: &mut Scope, name: &str, dir: &str, chain: &mut Vec<Link>) {
        let Some(service) = scope.services.get(name).filter(|s| s.is_map()) else { return };
        let Some(extends) = service.get("extends").cloned() else { return };
        let link = (scope.file.clone(), name.to_owned());
        if chain.contains(&link) {
            let first = chain.first().map_or("", |(_, n)| n.as_str());
            let message = format!("`{first}` extends itself, by way of `{name}`");
            self.problems.fatal(ProblemKind::Extends, extends.span, &message);
            scope.services.get_mut(name).map(|s| s.remove("extends"));
            return;
        }
        self.extensions += 1;
        if chain.len() > 100 || self.extensions > 20_000 {
            self.problems.fatal(ProblemKind::Extends, extends.span, "too many services extend one another here to be followed");
            return;
        }
        chain.push(link);
        let base = self.base(scope, name, &extends, dir, chain);
        chain.pop();
        let Some(mut base) = base else { return };
        base.brought_by(&Rc::from([Step { kind: StepKind::Extends, span: extends.span }]));
        self.copy(scope, name, base);
    }

    /// The service that is extended, itself complete.
    fn base(&mut self, scope: &mut Scope, name: &str, extends: &Node, dir: &str, chain: &mut Vec<Link>) -> Option<Node> {
        let target = if extends.is_map() { extends.get("service") } else { Some(extends) };
        let Some(target) = target.and_then(Node::as_text).cloned() else {
            self.problems.fatal(ProblemKind::Extends, extends.span, "`extends` names no service").help =
                Some("add `service: NAME`".to_owned());
            return None;
        };
        let file = extends.get("file").filter(|f| !f.is_null());
        let Some(file) = file else {
            if scope.services.get(&target.value).is_none() {
                self.unknown(&target.value, target.span, name, &scope.services, None);
                return None;
            }
            self.service(scope, &target.value, dir, chain);
            return scope.services.get(&target.value).filter(|s| s.is_map()).cloned();
        };
        let mut other = self.other_file(file, dir)?;
        if other.services.get(&target.value).is_none() {
            self.unknown(&target.value, target.span, name, &other.services, Some(&other.file));
            return None;
        }
        self.service(&mut other, &target.value, dir, chain);
        other.services.get(&target.value).filter(|s| s.is_map()).cloned()
    }

    fn unknown(&mut self, target: &str, span: Span, name: &str, services: &Node, file: Option<&str>) {
        let place = file.map_or(String::new(), |f| format!(" in {f}"));
        let names = services.entries().iter().map(|e| e.key.value.as_str());
        let help = closest(target, names).map(|n| format!("did you mean `{n}`?"));
        let message = format!("`{name}` extends `{target}`, which is no service{place}");
        self.problems.fatal(ProblemKind::Extends, span, &message).help = help;
    }

    fn other_file(&mut self, file: &Node, dir: &str) -> Option<Scope> {
        let Some(text) = file.as_text().cloned() else {
            self.problems.fatal(ProblemKind::Extends, file.span, "`extends.file` takes the path of a file");
            return None;
        };
        if self.is_elsewhere(&text.value, text.span, ProblemKind::Extends) {
            return None;
        }
        let path = file.as_scalar().and_then(|s| s.path.clone()).unwrap_or_else(|| files::join(dir, &text.value));
        if !self.count_file(file.span) {
            return None;
        }
        let id = self.read(&path, Some((file.span, ProblemKind::Extends)))?;
        let (mut root, resets) = self.raw_model(id);
        self.unread(&root);
        let home = self.home.clone();
        resolve(&mut root, &Base { dir: files::parent(&path), home: home.as_deref() });
        match root.remove("services") {
            Some(entry) if entry.value.is_map() => Some(Scope { file: path, services: entry.value, resets }),
            _ => {
                let message = format!("{path} has no services to extend");
                self.problems.fatal(ProblemKind::Extends, file.span, &message);
                None
            }
        }
    }

    /// Values of an extended file that no short form can be read out of. The schema looks only at what comes of them.
    fn unread(&mut self, root: &Node) {
        for service in root.entries_at("services") {
            for (key, wanted, mapping) in READ {
                let Some(value) = service.value.get(key) else { continue };
                let fits = if *mapping { value.is_map() } else { matches!(value.value, Value::Seq(_)) };
                if !fits && (self.strict || !value.unset()) {
                    let message = format!("`{key}` takes {wanted}, not {}", value.kind());
                    self.problems.fatal(ProblemKind::Schema, value.span, &message);
                }
            }
            for limit in service.value.entries_at("ulimits").filter(|l| l.value.is_null()) {
                let message = format!("the limit `{}` is empty; it takes a whole number", limit.key.value);
                self.problems.fatal(ProblemKind::Schema, limit.key.span, &message);
            }
            for item in ITEMS.iter().flat_map(|key| service.value.items_at(key)) {
                if item.as_str().is_none() && !item.is_map() {
                    let message = format!("an entry of this list is a string or a mapping, not {}", item.kind());
                    self.problems.fatal(ProblemKind::Schema, item.span, &message);
                }
            }
        }
    }

    /// Lays a service over a copy of its base.
    fn copy(&mut self, scope: &mut Scope, name: &str, base: Node) {
        let span = base.span;
        let mut wrapped = Node::map(Vec::new(), span);
        let mut services = Node::map(Vec::new(), span);
        services.set(name, base);
        wrapped.set("services", services);
        self.resets.apply(&mut wrapped, &scope.resets);
        let base = wrapped.get_mut("services").and_then(|s| s.remove(name)).map(|e| e.value);
        let Some(slot) = scope.services.get_mut(name) else { return };
        let service = std::mem::replace(slot, Node::null(span));
        let Some(base) = base else {
            *slot = service;
            return;
        };
        let mut path = vec!["services".to_owned(), "x".to_owned()];
        let mut merged = merge(base, service, &mut path, &mut self.problems);
        merged.remove("extends");
        if let Value::Map(_) = merged.value {
            *slot = merged;
        }
    }
}
