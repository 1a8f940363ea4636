//! Values that Compose reads as sizes, durations, counts, words and the like.

use std::net::IpAddr;
use std::sync::LazyLock;

use super::context::Validate;
use super::typed::{is_count, is_fraction};
use crate::compose::keypaths::{KeyPaths, Place};
use crate::compose::model::ProblemKind;
use crate::compose::print::bytes;
use crate::compose::substitute::boolean;
use crate::compose::tree::{Data, Entry, Node};
use crate::compose::{units, words};
use crate::source::Span;

impl Validate<'_> {
    /// Values that Compose reads as sizes, durations, counts and words, of every service.
    pub(super) fn decoded(&mut self, entry: &Entry) {
        let node = &entry.value;
        let mut found = Vec::new();
        meant(node, "", PLACES.top(), &mut found);
        // in the order of the table: of two keys with one and the same value the first speaks
        found.sort_unstable_by_key(|found| found.0.0);
        for ((_, meaning), key, value) in &found {
            match meaning {
                Meaning::Duration => {
                    let fits = |n: &Node| n.any_text().is_some_and(|t| units::duration(&t.value).is_some());
                    self.value(value, key, "a duration such as 30s or 1m30s", fits);
                }
                Meaning::Size => self.value(value, key, "a size such as 512m or 2g", |n| bytes(n).is_some()),
                Meaning::Number => {
                    self.value(value, key, "a number", |n| n.any_text().is_some_and(|t| units::float(&t.value).is_some()));
                }
                Meaning::Count => self.value(value, key, "a whole number, 0 or more", |n| match n.as_scalar().map(|s| s.data) {
                    Some(Data::Float(f)) => f >= 0.0,
                    _ => n.any_text().is_some_and(|t| t.value.parse::<u64>().is_ok()),
                }),
                Meaning::Truth => {}
            }
        }
        for key in ["command", "entrypoint"] {
            if let Some(text) = node.get(key).filter(|n| !self.open(n)).and_then(Node::as_text)
                && !words::is_closed(text)
            {
                let message = format!("`{key}` has a quote or bracket that is never closed, so Compose cannot split it into words");
                self.invalid(text.span, message).help = Some("write it as a list".to_owned());
            }
        }
        for (_, key, value) in found.iter().filter(|((_, meaning), ..)| *meaning == Meaning::Truth) {
            self.truth(value, key);
        }
        self.converted(node);
        self.names_with_blanks(node);
        self.extra_hosts(node);
        self.device_counts(node);
        self.mounts_decoded(node);
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

    fn device_counts(&mut self, node: &Node) {
        for path in [&["gpus"][..], &["deploy", "resources", "reservations", "devices"]] {
            for device in node.at(path).map_or(&[][..], Node::items) {
                let count = device.entry("count");
                let wrong = count
                    .and_then(|c| c.value.any_text())
                    .filter(|t| !t.value.eq_ignore_ascii_case("all") && t.value.parse::<i64>().is_err())
                    .or_else(|| count.filter(|c| is_fraction(&c.value)).and_then(|c| c.value.any_text()));
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
        for port in node.items_at("ports").filter(|p| p.is_map()) {
            self.long_port(port);
        }
        for volume in node.items_at("volumes").filter(|v| v.is_map()) {
            if volume.get("target").is_none_or(Node::is_null) {
                self.add(ProblemKind::Schema, volume.span, "this mount names no `target`".to_owned());
            }
            if volume.get("type").and_then(Node::as_str) == Some("bind") && volume.get("source").is_none_or(Node::is_null) {
                self.add(ProblemKind::Schema, volume.span, "this bind mount names no `source`".to_owned());
            }
            self.one(volume, &["tmpfs", "mode"], "a whole number without quotes", is_count);
            self.one(volume, &["bind", "create_host_path"], "true or false", |n| n.as_str().is_none_or(|t| boolean(t).is_some()));
            self.one(volume, &["tmpfs", "size"], "a size such as 512m or 2g", |n| bytes(n).is_some());
        }
        for path in [&["secrets"][..], &["configs"], &["build", "secrets"]] {
            for item in node.at(path).map_or(&[][..], Node::items) {
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
        self.one(port, &["target"], "a port between 0 and 65535", |n| {
            n.any_text().is_some_and(|t| matches!(t.value.as_str(), "-0" | "-0.0") || t.value.parse::<u32>().is_ok())
        });
        self.one(port, &["published"], "a whole number or a string", |n| !is_fraction(n));
        if let Some(ip) = port.get("host_ip").filter(|i| !self.open(i)).and_then(Node::as_text)
            && ip.value.parse::<IpAddr>().is_err()
        {
            let message = format!("`{}` is no IP address", ip.value);
            self.add(ProblemKind::Schema, ip.span, message).help = Some("write 127.0.0.1 for this machine alone".to_owned());
        }
    }
}

/// What Compose reads a value of a service as.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Duration,
    Size,
    Number,
    Count,
    Truth,
}

const MEANINGS: &[(&str, Meaning)] = &[
    ("stop_grace_period", Meaning::Duration),
    ("healthcheck.interval", Meaning::Duration),
    ("healthcheck.timeout", Meaning::Duration),
    ("healthcheck.start_period", Meaning::Duration),
    ("healthcheck.start_interval", Meaning::Duration),
    ("deploy.update_config.delay", Meaning::Duration),
    ("deploy.update_config.monitor", Meaning::Duration),
    ("deploy.rollback_config.delay", Meaning::Duration),
    ("deploy.rollback_config.monitor", Meaning::Duration),
    ("deploy.restart_policy.delay", Meaning::Duration),
    ("deploy.restart_policy.window", Meaning::Duration),
    ("mem_limit", Meaning::Size),
    ("mem_reservation", Meaning::Size),
    ("memswap_limit", Meaning::Size),
    ("mem_swappiness", Meaning::Size),
    ("shm_size", Meaning::Size),
    ("build.shm_size", Meaning::Size),
    ("deploy.resources.limits.memory", Meaning::Size),
    ("deploy.resources.reservations.memory", Meaning::Size),
    ("deploy.resources.limits.cpus", Meaning::Number),
    ("deploy.resources.reservations.cpus", Meaning::Number),
    ("healthcheck.retries", Meaning::Count),
    ("deploy.update_config.parallelism", Meaning::Count),
    ("deploy.rollback_config.parallelism", Meaning::Count),
    ("deploy.restart_policy.max_attempts", Meaning::Count),
    ("deploy.placement.max_replicas_per_node", Meaning::Count),
    ("attach", Meaning::Truth),
    ("build.no_cache", Meaning::Truth),
    ("build.pull", Meaning::Truth),
    ("build.privileged", Meaning::Truth),
    ("use_api_socket", Meaning::Truth),
];

/// A meaning, and its place in the table.
type Ranked = (usize, Meaning);

static PLACES: LazyLock<KeyPaths<Ranked>> = LazyLock::new(|| {
    let ranked: Vec<(&'static str, Ranked)> = MEANINGS.iter().enumerate().map(|(n, (path, meaning))| (*path, (n, *meaning))).collect();
    KeyPaths::new(&ranked)
});

/// The values below a node that mean something, each with its key.
fn meant<'n>(node: &'n Node, key: &'n str, place: Place<'_, Ranked>, found: &mut Vec<(Ranked, &'n str, &'n Node)>) {
    found.extend(place.holds().map(|ranked| (ranked, key, node)));
    for entry in node.entries() {
        let below = place.below(&entry.key.value);
        if !below.is_bare() {
            meant(&entry.value, &entry.key.value, below, found);
        }
    }
}
