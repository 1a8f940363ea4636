//! Values that Compose reads as sizes, durations, counts, words and the like.

use std::net::IpAddr;

use super::context::Validate;
use super::typed::{is_count, is_fraction};
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
        for path in DURATIONS {
            self.one(node, path, "a duration such as 30s or 1m30s", |n| n.any_text().is_some_and(|t| units::duration(&t.value).is_some()));
        }
        for path in SIZES {
            self.one(node, path, "a size such as 512m or 2g", |n| bytes(n).is_some());
        }
        for path in NUMBERS {
            self.one(node, path, "a number", |n| n.any_text().is_some_and(|t| units::float(&t.value).is_some()));
        }
        for path in WHOLE {
            self.one(node, path, "a whole number, 0 or more", |n| match n.as_scalar().map(|s| s.data) {
                Some(Data::Float(f)) => f >= 0.0,
                _ => n.any_text().is_some_and(|t| t.value.parse::<u64>().is_ok()),
            });
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
        self.one(port, &["target"], "a port between 0 and 65535", |n| n.any_text().is_some_and(|t| t.value.parse::<u32>().is_ok()));
        self.one(port, &["published"], "a whole number or a string", |n| !is_fraction(n));
        if let Some(ip) = port.get("host_ip").filter(|i| !self.open(i)).and_then(Node::as_text)
            && ip.value.parse::<IpAddr>().is_err()
        {
            let message = format!("`{}` is no IP address", ip.value);
            self.add(ProblemKind::Schema, ip.span, message).help = Some("write 127.0.0.1 for this machine alone".to_owned());
        }
    }
}

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
