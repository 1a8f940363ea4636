//! Short forms become long ones, and what is left out gets its default.

use std::sync::LazyLock;

use super::keypaths::{KeyPaths, Place};
use super::merge::dependency_default;
use super::model::ProblemKind;
use super::problems::Problems;
use super::short;
use super::tree::{Data, Entry, Made, Node, Value, made};
use crate::files;
use crate::source::At;
use crate::text::Text;

/// At most this many ports come out of the ranges of one project.
const MAX_PORTS: usize = 200_000;

/// What is done at a key path.
#[derive(Clone, Copy)]
enum Form {
    /// A single text becomes a mapping of this key, and the mapping is gone through.
    Keyed(&'static str),
    /// A single text becomes a mapping of this key.
    Source,
    Text,
    KeyValues,
    Ssh,
    DependsOn,
    EnvFile,
    Listed,
    Dns,
    Gpus,
    Names,
    Volume,
    Device,
    Ports,
    External,
    Limit,
    /// Left as it is.
    Kept,
}

const FORMS: &[(&str, Form)] = &[
    ("include", Form::Kept),
    ("volumes.*", Form::External),
    ("networks.*", Form::External),
    ("secrets.*", Form::External),
    ("configs.*", Form::External),
    ("services.*.build", Form::Keyed("context")),
    ("services.*.build.additional_contexts", Form::KeyValues),
    ("services.*.build.provenance", Form::Text),
    ("services.*.build.sbom", Form::Text),
    ("services.*.build.secrets.[]", Form::Source),
    ("services.*.build.ssh", Form::Ssh),
    ("services.*.configs.[]", Form::Source),
    ("services.*.depends_on", Form::DependsOn),
    ("services.*.develop.watch.[].ignore", Form::Listed),
    ("services.*.develop.watch.[].include", Form::Listed),
    ("services.*.devices.[]", Form::Device),
    ("services.*.dns", Form::Dns),
    ("services.*.env_file", Form::EnvFile),
    ("services.*.extends", Form::Keyed("service")),
    ("services.*.gpus", Form::Gpus),
    ("services.*.label_file", Form::Listed),
    ("services.*.models", Form::Names),
    ("services.*.networks", Form::Names),
    ("services.*.ports", Form::Ports),
    ("services.*.secrets.[]", Form::Source),
    ("services.*.ulimits.*", Form::Limit),
    ("services.*.volumes.[]", Form::Volume),
];

static PLACES: LazyLock<KeyPaths<Form>> = LazyLock::new(|| KeyPaths::new(FORMS));

/// Brings a model into its long form.
pub(super) struct Canonical<'a> {
    pub(super) problems: &'a mut Problems,
    pub(super) strict: bool,
    pub(super) ports: usize,
}

impl Canonical<'_> {
    pub(super) fn run(&mut self, model: &mut Node) {
        self.below(model, PLACES.top());
    }

    fn below(&mut self, node: &mut Node, place: Place<'_, Form>) {
        if place.is_bare() || place.holds().is_some_and(|form| self.transform(node, form)) {
            return;
        }
        match &mut node.value {
            Value::Map(entries) => entries.iter_mut().for_each(|entry| self.below(&mut entry.value, place.below(&entry.key.value))),
            Value::Seq(items) => items.iter_mut().for_each(|item| self.below(item, place.items())),
            Value::Scalar(_) => {}
        }
    }

    /// Rewrites a node that has a short form; true where its children need no visit.
    fn transform(&mut self, node: &mut Node, form: Form) -> bool {
        match form {
            Form::Keyed(key) => {
                if let Some(text) = node.as_text().cloned() {
                    let key = At::new(key.to_owned(), text.span);
                    let span = node.span;
                    let value = std::mem::replace(node, Node::null(span));
                    *node = Node::map(vec![Entry { key, value }], span);
                }
                return false;
            }
            Form::Gpus => {
                if node.as_str().is_some() {
                    let mut all = Node::map(Vec::new(), node.span);
                    all.set("count", Node::string("all", node.span));
                    *node = Node::seq(vec![longer(node, all)], node.span);
                }
                return false;
            }
            Form::External => {
                self.external(node);
                return false;
            }
            Form::Limit => {
                if node.as_scalar().is_some_and(|s| !matches!(s.data, Data::Int(_) | Data::Null)) {
                    self.refuse(node, "a limit is a whole number, without a point and without quotes");
                }
            }
            Form::Source => keyed(node, "source"),
            Form::Text => {
                if let Some(text) = node.any_text() {
                    *node = Node { value: Node::text(text).value, span: node.span, origin: node.origin.take() };
                }
            }
            Form::KeyValues => self.key_values(node),
            Form::Ssh => self.ssh(node),
            Form::DependsOn => depends_on(node, self.strict),
            Form::EnvFile => env_file(node),
            Form::Listed => listed_alone(node),
            Form::Dns => {
                listed_alone(node);
                if let Value::Seq(items) = &mut node.value {
                    items.retain(|i| !i.is_null() && i.as_str() != Some(""));
                }
            }
            Form::Names => names(node, self.strict),
            Form::Volume => self.volume(node),
            Form::Device => self.device(node),
            Form::Ports => self.ports(node),
            Form::Kept => {}
        }
        true
    }

    fn refuse(&mut self, node: &Node, message: &str) {
        if self.strict || !node.unset() {
            self.problems.fatal(ProblemKind::Schema, node.span, message);
        }
    }

    fn external(&mut self, node: &mut Node) {
        let Some(external) = node.get("external").filter(|e| e.is_map()).cloned() else { return };
        let old = external.get("name").cloned();
        node.set("external", Node::bool(true, external.span));
        match (node.get("name").map(|n| n.as_str().map(str::to_owned)), old) {
            (Some(name), Some(old)) if name.as_deref() != old.as_str() => {
                self.problems.fatal(ProblemKind::Invalid, old.span, "`name` and `external.name` differ; only `name` is needed");
            }
            (None, Some(old)) => node.set("name", old),
            _ => {}
        }
    }

    fn key_values(&mut self, node: &mut Node) {
        let Value::Seq(items) = &node.value else { return };
        let mut entries = Vec::new();
        let mut wrong = Vec::new();
        for item in items {
            match item.as_text().and_then(split_pair) {
                Some((key, value)) => entries.push(Entry { key, value: derived(item, value) }),
                None => wrong.push(item.clone()),
            }
        }
        for item in wrong {
            self.refuse(&item, "an entry of this list has the form name=value");
        }
        *node = Node { origin: node.origin.take(), ..Node::map(entries, node.span) };
    }

    fn ssh(&mut self, node: &mut Node) {
        let Value::Seq(items) = &node.value else { return };
        let mut entries: Vec<Entry> = Vec::new();
        let mut wrong = Vec::new();
        for item in items {
            let Some(text) = item.as_text() else { continue };
            let entry = match split_pair(text) {
                Some((key, value)) => Entry { key, value: derived(item, value) },
                None => {
                    if text.value != "default" {
                        wrong.push(item.clone());
                    }
                    Entry { key: At::new(text.value.clone(), item.span), value: Node::null(item.span) }
                }
            };
            entries.retain(|e| e.key.value != entry.key.value);
            entries.push(entry);
        }
        for item in wrong {
            self.refuse(&item, "an SSH key has the form id=path; only `default` needs no path");
        }
        *node = Node { origin: node.origin.take(), ..Node::map(entries, node.span) };
    }

    fn volume(&mut self, node: &mut Node) {
        let Some(text) = node.as_text().cloned() else { return };
        let volume = match short::volume(&text) {
            Ok(volume) => volume,
            Err(message) => return self.refuse(node, &message),
        };
        let span = node.span;
        for option in volume.unknown.iter().filter(|_| self.strict || !node.unset()) {
            let message = format!("`{option}` is no option of a volume: Compose drops it without a word");
            let problem = self.problems.fatal(ProblemKind::Schema, span, &message);
            problem.help = Some("options are ro, rw, nocopy, z, Z and those of propagation".to_owned());
            problem.fatal = false;
        }
        let mut long = Node::map(Vec::new(), span);
        long.set("type", Node::string(if volume.bind { "bind" } else { "volume" }, span));
        if let Some(source) = volume.source {
            long.set("source", derived(node, source));
        }
        let clean = files::normalize(&volume.target.value);
        let target = if clean == volume.target.value { volume.target } else { made(&clean, volume.target.span) };
        long.set("target", derived(node, target));
        if volume.read_only {
            long.set("read_only", Node::bool(true, span));
        }
        if volume.bind || volume.propagation.is_some() || volume.selinux.is_some() {
            let mut bind = Node::map(Vec::new(), span);
            if let Some(selinux) = volume.selinux {
                bind.set("selinux", Node::string(&selinux, span));
            }
            if let Some(propagation) = volume.propagation {
                bind.set("propagation", Node::string(&propagation, span));
            }
            if volume.bind {
                bind.default("create_host_path", |span| Node::bool(true, span));
            }
            long.set("bind", bind);
        }
        if (!volume.bind && !volume.bare) || volume.no_copy {
            let mut options = Node::map(Vec::new(), span);
            if volume.no_copy {
                options.set("nocopy", Node::bool(true, span));
            }
            long.set("volume", options);
        }
        *node = longer(node, long);
    }

    fn device(&mut self, node: &mut Node) {
        let Some(text) = node.as_text().cloned() else { return };
        let span = node.span;
        let parts: Vec<&str> = text.value.split(':').collect();
        let part = |i: usize| parts.get(i).copied().unwrap_or_default();
        if parts.len() > 3 {
            return self.refuse(node, "a device has the form source:target:permissions; write it out for anything else");
        }
        let target = if part(1).is_empty() { part(0) } else { part(1) };
        let mut long = Node::map(Vec::new(), span);
        for (key, value) in [("source", part(0)), ("target", target)] {
            long.set(key, Node::string(value, span));
        }
        match parts.get(2) {
            Some(permissions) => long.set("permissions", Node::string(permissions, span)),
            None => long.default("permissions", |span| Node::string("rwm", span)),
        }
        *node = longer(node, long);
    }

    fn ports(&mut self, node: &mut Node) {
        let Value::Seq(items) = &mut node.value else { return };
        let mut made_ports = Vec::with_capacity(items.len());
        for item in std::mem::take(items) {
            let Some(text) = item.any_text() else {
                made_ports.push(item);
                continue;
            };
            let fraction = item.as_scalar().is_some_and(|s| matches!(s.data, Data::Float(_) | Data::Bool(_)));
            match short::ports(&text.value) {
                Ok(_) if fraction => self.refuse(&item, "a port is a whole number or a string"),
                Ok(ports) => {
                    self.ports = self.ports.saturating_add(ports.len());
                    let keep = if self.ports > MAX_PORTS { 1 } else { ports.len() };
                    made_ports.extend(ports.into_iter().take(keep).map(|p| long_port(&item, &p)));
                }
                Err(message) => {
                    self.refuse(&item, &message);
                    made_ports.push(item);
                }
            }
        }
        node.value = Value::Seq(made_ports);
    }
}

fn long_port(item: &Node, port: &short::Port) -> Node {
    let span = item.span;
    let mut long = Node::map(Vec::new(), span);
    long.default("mode", |span| Node::string("ingress", span));
    if !port.host_ip.is_empty() {
        long.set("host_ip", Node::string(&port.host_ip, span));
    }
    long.set("target", Node::int(i64::from(port.target), span));
    if !port.published.is_empty() {
        long.set("published", derived(item, made(&port.published, span)));
    }
    match item.any_text().is_some_and(|t| t.value.contains('/')) {
        true => long.set("protocol", Node::string(&port.protocol, span)),
        false => long.default("protocol", |span| Node::string(&port.protocol, span)),
    }
    longer(item, long)
}

/// The long form of a short one.
fn longer(short: &Node, mut long: Node) -> Node {
    long.origin.clone_from(&short.origin);
    long.made_as(Made::Short)
}

/// A single value as a list of one.
fn listed_alone(node: &mut Node) {
    if node.as_str().is_some() {
        let span = node.span;
        let item = std::mem::replace(node, Node::null(span));
        *node = Node::seq(vec![item], span);
    }
}

/// A part of a scalar, which knows as little as the whole.
fn derived(from: &Node, text: Text) -> Node {
    let mut node = Node::text(text);
    if let (Value::Scalar(new), Some(old)) = (&mut node.value, from.as_scalar()) {
        new.unset = old.unset;
        new.raw = old.raw.clone();
    }
    node.origin.clone_from(&from.origin);
    node
}

/// `name=value`, each at its place.
pub(super) fn split_pair(text: &Text) -> Option<(At<String>, Text)> {
    let at = text.value.find('=')?;
    let key = text.part(0, at);
    Some((At::new(key.value, key.span), text.part(at + 1, text.value.len())))
}

fn keyed(node: &mut Node, key: &str) {
    if let Some(text) = node.as_text().cloned() {
        let key = At::new(key.to_owned(), text.span);
        let mut long = Node::map(vec![Entry { key, value: node.clone() }], node.span);
        long.origin = node.origin.take();
        *node = long;
    }
}

/// A list of names as a mapping; a name that an unset variable leaves open is no name yet.
fn names(node: &mut Node, strict: bool) {
    let Value::Seq(items) = &node.value else { return };
    if items.iter().any(|i| i.as_str().is_none()) {
        return;
    }
    let mut entries: Vec<Entry> = Vec::new();
    for item in items {
        let Some(name) = item.as_str().filter(|_| strict || !item.unset()) else { continue };
        if entries.iter().all(|e| e.key.value != name) {
            let value = Node { origin: item.origin.clone(), ..Node::null(item.span) };
            entries.push(Entry { key: At::new(name.to_owned(), item.span), value });
        }
    }
    *node = Node { origin: node.origin.take(), ..Node::map(entries, node.span) };
}

fn depends_on(node: &mut Node, strict: bool) {
    names(node, strict);
    if let Value::Map(entries) = &mut node.value {
        for entry in entries {
            if entry.value.is_null() {
                let origin = entry.value.origin.take();
                entry.value = Node { origin, ..dependency_default(entry.value.span) };
            }
            entry.value.default("condition", |span| Node::string("service_started", span));
            entry.value.default("required", |span| Node::bool(true, span));
        }
    }
}

fn env_file(node: &mut Node) {
    listed_alone(node);
    if let Value::Seq(items) = &mut node.value {
        for item in items {
            if item.as_scalar().is_some_and(|s| matches!(s.data, Data::Date(_))) {
                *item = Node::map(Vec::new(), item.span);
                item.set("required", Node::bool(false, item.span));
            }
            keyed(item, "path");
            item.default("required", |span| Node::bool(true, span));
        }
    }
}
