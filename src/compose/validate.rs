//! What Compose refuses beyond the schema, each at its key or value.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::Problems;
use super::load::closest;
use super::model::{Problem, ProblemKind};
use super::normalize::implied;
use super::print::bytes;
use super::substitute::boolean;
use super::tree::{Data, Entry, Node};
use super::{units, words};
use crate::source::Span;

/// What a check needs to know.
pub(super) struct Validate<'a> {
    pub(super) model: &'a Node,
    /// Names of the services that run.
    pub(super) active: Vec<&'a str>,
    /// Unset variables are facts.
    pub(super) strict: bool,
    /// The file is not all of the project: what it lacks may stand elsewhere.
    pub(super) partial: bool,
    /// The file's name says that it may be laid over another one: a kind of thing that it defines nowhere may stand there.
    pub(super) loose: bool,
    pub(super) problems: &'a mut Problems,
}

impl Validate<'_> {
    pub(super) fn run(&mut self) {
        let model = self.model;
        self.resources();
        for entry in entries(model, "services").filter(|e| e.value.is_map()) {
            self.decoded(entry);
            if self.active.contains(&entry.key.value.as_str()) {
                self.service(entry);
            }
        }
        if !self.partial {
            self.container_names();
            self.cycles();
        }
    }

    fn add(&mut self, kind: ProblemKind, span: Span, message: String) -> &mut Problem {
        self.problems.fatal(kind, span, &message)
    }

    fn invalid(&mut self, span: Span, message: String) -> &mut Problem {
        self.add(ProblemKind::Invalid, span, message)
    }

    /// Whether nothing can be said of a value, as a variable that it needs is not known.
    fn open(&self, node: &Node) -> bool {
        !self.strict && node.unset()
    }

    fn resources(&mut self) {
        let model = self.model;
        for entry in entries(model, "volumes") {
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
            for entry in entries(model, kind) {
                self.file_object(entry, word, sources);
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
            "secret" => !external && !filled("file") && !filled("environment"),
            _ => set.is_empty() && node.get("driver").is_none() && node.get("external").is_none(),
        };
        if missing && !set.iter().any(|e| self.open(&e.value)) {
            let message = format!("the {word} `{name}` says nowhere what it holds");
            self.invalid(entry.key.span, message).help = Some(format!("give it one of {}, or `external: true`", sources.join(", ")));
        }
    }

    /// Values that Compose reads as sizes, durations, counts and words, of every service.
    fn decoded(&mut self, entry: &Entry) {
        let node = &entry.value;
        for path in DURATIONS {
            self.one(node, path, "a duration such as 30s or 1m30s", |n| n.any_text().is_some_and(|t| units::duration(&t.value).is_some()));
        }
        for path in SIZES {
            self.one(node, path, "a size such as 512m or 2g", |n| bytes(n).is_some());
        }
        for path in NUMBERS {
            self.one(node, path, "a number", |n| n.any_text().is_some_and(|t| t.value.parse::<f64>().is_ok()));
        }
        for path in WHOLE {
            self.one(node, path, "a whole number, 0 or more", |n| n.any_text().is_some_and(|t| t.value.parse::<u64>().is_ok()));
        }
        for key in ["command", "entrypoint"] {
            if let Some(text) = node.get(key).filter(|n| !self.open(n)).and_then(Node::as_text)
                && !words::each(text, &mut |_| {})
            {
                let message = format!("`{key}` has a quote or bracket that is never closed, so Compose cannot split it into words");
                self.invalid(text.span, message).help = Some("write it as a list".to_owned());
            }
        }
        self.converted(node);
        self.names_with_blanks(node);
        self.extra_hosts(node);
        self.device_counts(node);
        self.mounts_decoded(node);
    }

    fn one(&mut self, service: &Node, path: &[&str], wanted: &str, fits: impl Fn(&Node) -> bool) {
        let Some(value) = service.at(path).filter(|v| v.as_scalar().is_some_and(|s| s.data != Data::Null)) else { return };
        if !fits(value) && !self.open(value) && !self.said(value.span) {
            let key = path.last().copied().unwrap_or_default();
            let shown = value.any_text().map(|t| t.value).unwrap_or_default();
            let message = format!("`{key}` takes {wanted}, not `{shown}`");
            let bare = !shown.is_empty() && shown.bytes().all(|b| b.is_ascii_digit());
            self.add(ProblemKind::Schema, value.span, message).help =
                (bare && wanted.starts_with("a duration")).then(|| format!("add the unit: `{shown}s`"));
        }
    }

    /// Whether something is wrong with this very text already.
    fn said(&self, span: Span) -> bool {
        self.problems.list.iter().any(|p| p.span == span)
    }

    fn names_with_blanks(&mut self, node: &Node) {
        for path in [&["environment"][..], &["build", "args"]] {
            for item in node.at(path).map_or(&[][..], Node::items) {
                let Some(text) = item.as_str() else { continue };
                let name = text.split('=').next().unwrap_or_default();
                if let (Some((key, value)), false) = (name.split_once(':'), text.contains('=') || text.contains('$')) {
                    let message = format!("this is a variable called `{name}`, without a value");
                    let problem = self.invalid(item.span, message);
                    problem.help = Some(format!("write `{key}={}`", value.trim()));
                    problem.fatal = false;
                }
                if name.ends_with(char::is_whitespace) {
                    let message = format!("the variable `{}` has a blank before its `=`", name.trim());
                    self.invalid(item.span, message).help = Some("remove the blank".to_owned());
                }
            }
        }
    }

    fn extra_hosts(&mut self, node: &Node) {
        for path in [&["extra_hosts"][..], &["build", "extra_hosts"]] {
            for item in node.at(path).map_or(&[][..], Node::items) {
                let Some(text) = item.as_str().filter(|_| !self.open(item)) else { continue };
                match text.split_once('=').or_else(|| text.split_once(':')) {
                    None => drop(self.invalid(item.span, format!("`{text}` names a host without its address"))),
                    Some((host, _)) => self.host_name(host, item.span),
                }
            }
            for host in node.at(path).map_or(&[][..], Node::entries) {
                self.host_name(&host.key.value, host.key.span);
            }
        }
    }

    fn host_name(&mut self, host: &str, span: Span) {
        if host.is_empty() || host.contains([':', '=']) {
            self.invalid(span, format!("`{host}` cannot be the name of a host")).help = Some("write name=address".to_owned());
        }
    }

    /// Texts that Compose makes a truth value or a number of, and those of which it makes none.
    fn converted(&mut self, node: &Node) {
        for path in BOOLEANS {
            self.one(node, path, "true or false", |n| n.as_str().is_none_or(|t| boolean(t).is_some()));
        }
        self.one(node, &["deploy", "resources", "limits", "pids"], "a whole number", |n| {
            n.as_str().is_none_or(|t| t.parse::<i64>().is_ok())
        });
        self.one(node, &["blkio_config", "weight"], "a whole number without quotes", |n| n.as_str().is_none());
        for weighed in node.at(&["blkio_config", "weight_device"]).map_or(&[][..], Node::items) {
            self.one(weighed, &["weight"], "a whole number without quotes", |n| n.as_str().is_none());
        }
        for port in items(node, "expose") {
            if matches!(port.as_scalar().map(|s| s.data), Some(Data::Float(_) | Data::Date(_))) {
                self.add(ProblemKind::Schema, port.span, "a port is a whole number or a string".to_owned());
            }
        }
        for device in items(node, "devices").filter(|d| d.is_map() && d.get("target").is_none_or(|t| t.as_str().is_none())) {
            self.add(ProblemKind::Schema, device.span, "this device names no `target`: its path in the container".to_owned());
        }
        for format in items(node, "env_file").filter_map(|f| f.get("format")) {
            if format.as_str().is_some_and(|f| !matches!(f, "" | "raw")) && !self.open(format) {
                let message = format!("`{}` is no format of env files", format.as_str().unwrap_or_default());
                self.invalid(format.span, message).help = Some("write `raw`, or leave it out".to_owned());
            }
        }
    }

    fn device_counts(&mut self, node: &Node) {
        for path in [&["gpus"][..], &["deploy", "resources", "reservations", "devices"]] {
            for device in node.at(path).map_or(&[][..], Node::items) {
                let count = device.entry("count");
                let wrong = count
                    .and_then(|c| c.value.any_text())
                    .filter(|t| !t.value.eq_ignore_ascii_case("all") && t.value.parse::<i64>().is_err());
                if let Some(text) = wrong.filter(|_| !self.open(device)) {
                    self.add(ProblemKind::Schema, text.span, format!("`count` takes a whole number or `all`, not `{}`", text.value));
                }
                if let (Some(_), Some(ids)) = (count, device.entry("device_ids")) {
                    self.invalid(ids.key.span, "`count` and `device_ids` exclude each other".to_owned());
                }
            }
        }
    }

    fn mounts_decoded(&mut self, node: &Node) {
        for port in items(node, "ports").filter(|p| p.is_map()) {
            self.long_port(port);
        }
        for volume in items(node, "volumes").filter(|v| v.is_map()) {
            if volume.get("target").is_none_or(Node::is_null) {
                self.add(ProblemKind::Schema, volume.span, "this mount names no `target`".to_owned());
            }
            if volume.get("type").and_then(Node::as_str) == Some("bind") && volume.get("source").is_none_or(Node::is_null) {
                self.add(ProblemKind::Schema, volume.span, "this bind mount names no `source`".to_owned());
            }
            self.one(volume, &["tmpfs", "mode"], "a whole number without quotes", |n| n.as_str().is_none());
            self.one(volume, &["bind", "create_host_path"], "true or false", |n| n.as_str().is_none_or(|t| boolean(t).is_some()));
            self.one(volume, &["tmpfs", "size"], "a size such as 512m or 2g", |n| bytes(n).is_some());
        }
        for key in ["secrets", "configs"] {
            for item in items(node, key) {
                self.one(item, &["mode"], "an octal number such as 0440", |n| match n.as_scalar().map(|s| s.data) {
                    Some(Data::Int(_)) => true,
                    _ => n.as_str().is_some_and(|t| i64::from_str_radix(t, 8).is_ok()),
                });
            }
        }
        for watch in node.at(&["develop", "watch"]).map_or(&[][..], Node::items) {
            if let Some(path) = watch.get("path").filter(|p| p.as_str() == Some("") && !self.open(p)) {
                self.add(ProblemKind::Schema, path.span, "`path` is empty; it takes what is to be watched".to_owned());
            }
        }
    }

    fn long_port(&mut self, port: &Node) {
        if port.get("target").is_none_or(Node::is_null) {
            self.add(ProblemKind::Schema, port.span, "this port names no `target`: the port inside the container".to_owned());
        }
        self.one(port, &["target"], "a port between 0 and 65535", |n| n.any_text().is_some_and(|t| t.value.parse::<u32>().is_ok()));
        if let Some(ip) = port.get("host_ip").filter(|i| !self.open(i)).and_then(Node::as_text)
            && ip.value.parse::<IpAddr>().is_err()
        {
            let message = format!("`{}` is no IP address", ip.value);
            self.add(ProblemKind::Schema, ip.span, message).help = Some("write 127.0.0.1 for this machine alone".to_owned());
        }
    }

    fn service(&mut self, entry: &Entry) {
        if !self.partial {
            self.runs_something(entry);
            self.references(entry);
        }
        self.exclusive(entry);
        self.health_and_watch(entry);
        self.limits(entry);
        self.mount_targets(&entry.value);
    }

    fn runs_something(&mut self, entry: &Entry) {
        let node = &entry.value;
        let empty_image = node.get("image").is_none_or(|i| i.is_null() || (i.as_str() == Some("") && !self.open(i)));
        if empty_image && node.get("build").is_none_or(Node::is_null) && node.get("provider").is_none() {
            // a slip in the text or in the key is what is wrong then, and is said
            let misspelt = node.entries().iter().any(|e| closest(&e.key.value, ["image", "build"].into_iter()).is_some());
            if misspelt || self.torn(entry) {
                return;
            }
            let message = format!("the service `{}` has neither `image` nor `build`", entry.key.value);
            self.invalid(entry.key.span, message).help = Some("say what it runs".to_owned());
        }
    }

    /// Whether the text of a service could not be read whole.
    fn torn(&self, entry: &Entry) -> bool {
        let start = entry.key.span;
        let next = entries(self.model, "services").map(|e| e.key.span).filter(|s| s.file == start.file && s.start > start.start);
        let end = next.map(|s| s.start).min().unwrap_or(u32::MAX);
        let inside = |span: Span| span.file == start.file && (start.start..end).contains(&span.start);
        self.problems.list.iter().any(|p| p.kind == ProblemKind::YamlSyntax && inside(p.span))
    }

    fn exclusive(&mut self, entry: &Entry) {
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

    fn references(&mut self, entry: &Entry) {
        let node = &entry.value;
        for used in entries(node, "networks").chain(entries(node, "models")).filter(|n| n.key.value.starts_with("x-")) {
            let name = &used.key.value;
            let message = format!("`{name}` cannot be used in a service: Compose takes it for an extension there");
            self.invalid(used.key.span, message).help = Some("give it a name that does not start with `x-`".to_owned());
        }
        for network in entries(node, "networks").filter(|n| n.key.value != "default") {
            self.defined("networks", "network", &network.key.value, network.key.span);
        }
        for volume in items(node, "volumes").filter(|v| v.get("type").and_then(Node::as_str) == Some("volume")) {
            if let Some(source) = volume.get("source").filter(|s| !self.open(s)).and_then(Node::as_text).filter(|s| !s.value.is_empty()) {
                self.defined("volumes", "volume", &source.value, source.span);
            }
        }
        for (path, kind, word) in [
            (&["secrets"][..], "secrets", "secret"),
            (&["configs"], "configs", "config"),
            (&["build", "secrets"], "secrets", "build secret"),
        ] {
            for item in node.at(path).map_or(&[][..], Node::items) {
                if let Some(source) = item.get("source").filter(|s| !self.open(s)).and_then(Node::as_text) {
                    self.defined(kind, word, &source.value, source.span);
                }
            }
        }
        for model in entries(node, "models") {
            self.defined("models", "model", &model.key.value, model.key.span);
        }
        self.services_referred(entry);
    }

    fn services_referred(&mut self, entry: &Entry) {
        let node = &entry.value;
        for dependency in entries(node, "depends_on") {
            let optional = dependency.value.get("required").is_some_and(|r| r.as_scalar().is_some_and(|s| s.data == Data::Bool(false)));
            self.running(&entry.key.value, &dependency.key.value, dependency.key.span, optional);
        }
        for (name, _, span) in implied(node) {
            if entries(node, "depends_on").all(|d| d.key.value != name) {
                self.running(&entry.key.value, &name, span, false);
            }
        }
        for context in node.at(&["build", "additional_contexts"]).map_or(&[][..], Node::entries) {
            let Some(name) = context.value.as_str().and_then(|v| v.strip_prefix("service:")) else { continue };
            let target = self.model.at(&["services", name]).filter(|_| self.active.contains(&name));
            match target {
                None => self.unknown_service(
                    name,
                    context.value.span,
                    format!("the build context `{}` is to come from `{name}`", context.key.value),
                ),
                Some(target) if target.get("build").is_none_or(Node::is_null) => {
                    let message = format!("the build context `{}` is to come from `{name}`, which builds nothing", context.key.value);
                    self.add(ProblemKind::UndefinedReference, context.value.span, message);
                }
                Some(_) => {}
            }
        }
    }

    fn running(&mut self, from: &str, name: &str, span: Span, optional: bool) {
        let exists = self.model.at(&["services", name]).is_some();
        if self.active.contains(&name) || (exists && optional) {
            return;
        }
        if exists {
            let message = format!("`{from}` needs `{name}`, whose profile is not active");
            self.add(ProblemKind::UndefinedReference, span, message);
            return;
        }
        self.unknown_service(name, span, format!("`{from}` needs `{name}`"));
    }

    fn unknown_service(&mut self, name: &str, span: Span, what: String) {
        let names = entries(self.model, "services").map(|e| e.key.value.as_str());
        let help = closest(name, names).map(|n| format!("did you mean `{n}`?"));
        if self.loose && help.is_none() {
            return;
        }
        self.add(ProblemKind::UndefinedReference, span, format!("{what}, which is no service of this project")).help = help;
    }

    fn defined(&mut self, kind: &str, word: &str, name: &str, span: Span) {
        let mut known = entries(self.model, kind).peekable();
        if (self.loose && known.peek().is_none()) || known.any(|e| e.key.value == name) {
            return;
        }
        let near = closest(name, entries(self.model, kind).map(|e| e.key.value.as_str()));
        let help = near.map_or_else(|| format!("define `{name}` under the top-level `{kind}:`"), |n| format!("did you mean `{n}`?"));
        let message = format!("the {word} `{name}` is defined nowhere");
        self.add(ProblemKind::UndefinedReference, span, message).help = Some(help);
    }

    fn health_and_watch(&mut self, entry: &Entry) {
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

    fn limits(&mut self, entry: &Entry) {
        let node = &entry.value;
        let count = |n: Option<&Node>| n.and_then(Node::any_text).and_then(|t| t.value.parse::<i64>().ok());
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

    fn mount_targets(&mut self, node: &Node) {
        let mut seen: BTreeMap<String, Span> = BTreeMap::new();
        let tmpfs = node.get("tmpfs").into_iter().flat_map(|t| std::iter::once(t).chain(t.items()));
        let tmpfs = tmpfs.filter_map(|t| Some((t.as_str()?.split(':').next()?.to_owned(), t.span)));
        let volumes = items(node, "volumes").filter_map(|v| Some((crate::files::normalize(v.get("target")?.as_str()?), v.span)));
        for (target, span) in tmpfs.chain(volumes).collect::<Vec<_>>() {
            if let Some(first) = seen.insert(target.clone(), span) {
                self.invalid(span, format!("`{target}` has two mounts")).related.push((first, "the first one".to_owned()));
            }
        }
    }

    fn container_names(&mut self) {
        let mut seen: BTreeMap<&str, &Entry> = BTreeMap::new();
        let model = self.model;
        for entry in entries(model, "services").filter(|e| self.active.contains(&e.key.value.as_str())).collect::<Vec<_>>() {
            let Some(name) = entry.value.get("container_name").filter(|n| !self.open(n)).and_then(Node::as_str).filter(|n| !n.is_empty())
            else {
                continue;
            };
            if let Some(first) = seen.insert(name, entry).filter(|first| self.strict || run_together(first, entry)) {
                // by an anchor both have the very same text: the service is at fault then
                let own = |e: &Entry| e.value.get("container_name").map_or(e.key.span, |n| n.span);
                let span = if own(entry) == own(first) { entry.key.span } else { own(entry) };
                let message = format!("`{}` does not start: the name `{name}` is taken by `{}`", entry.key.value, first.key.value);
                let related = (own(first), "taken here".to_owned());
                let problem = self.invalid(span, message);
                problem.kind = ProblemKind::ContainerName;
                problem.related.push(related);
                problem.help = Some("give each its own `container_name`, or leave it out: Compose names them by service".to_owned());
            }
        }
    }

    /// Services that wait for each other, each circle reported once.
    fn cycles(&mut self) {
        let mut edges: BTreeMap<&str, Vec<(String, Span)>> = BTreeMap::new();
        for entry in entries(self.model, "services").filter(|e| self.active.contains(&e.key.value.as_str())) {
            let direct = entries(&entry.value, "depends_on").map(|d| (d.key.value.clone(), d.key.span));
            let implied = implied(&entry.value).into_iter().map(|(name, _, span)| (name, span));
            edges.insert(&entry.key.value, direct.chain(implied).collect());
        }
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

/// Whether two services share a profile, or need none.
fn run_together(a: &Entry, b: &Entry) -> bool {
    let profiles = |e: &Entry| items(&e.value, "profiles").filter_map(|p| p.as_str().map(str::to_owned)).collect::<Vec<_>>();
    let (a, b) = (profiles(a), profiles(b));
    (a.is_empty() && b.is_empty()) || a.iter().any(|p| b.contains(p))
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

fn entries<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Entry> {
    node.get(key).map_or(&[][..], Node::entries).iter()
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    node.get(key).map_or(&[][..], Node::items).iter()
}

const BOOLEANS: &[&[&str]] = &[&["attach"], &["build", "no_cache"], &["build", "pull"], &["build", "privileged"], &["use_api_socket"]];

const DURATIONS: &[&[&str]] = &[
    &["stop_grace_period"],
    &["healthcheck", "interval"],
    &["healthcheck", "timeout"],
    &["healthcheck", "start_period"],
    &["healthcheck", "start_interval"],
    &["deploy", "update_config", "delay"],
    &["deploy", "update_config", "monitor"],
    &["deploy", "rollback_config", "delay"],
    &["deploy", "rollback_config", "monitor"],
    &["deploy", "restart_policy", "delay"],
    &["deploy", "restart_policy", "window"],
];

const SIZES: &[&[&str]] = &[
    &["mem_limit"],
    &["mem_reservation"],
    &["memswap_limit"],
    &["mem_swappiness"],
    &["shm_size"],
    &["build", "shm_size"],
    &["deploy", "resources", "limits", "memory"],
    &["deploy", "resources", "reservations", "memory"],
];

const NUMBERS: &[&[&str]] = &[&["deploy", "resources", "limits", "cpus"], &["deploy", "resources", "reservations", "cpus"]];

const WHOLE: &[&[&str]] = &[
    &["healthcheck", "retries"],
    &["deploy", "update_config", "parallelism"],
    &["deploy", "rollback_config", "parallelism"],
    &["deploy", "restart_policy", "max_attempts"],
    &["deploy", "placement", "max_replicas_per_node"],
];
