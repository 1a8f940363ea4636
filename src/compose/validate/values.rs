//! Values that Compose reads as sizes, durations, counts, words and the like.

use std::net::IpAddr;

use super::context::Validate;
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

    /// Texts that Compose makes a truth value or a number of, and those of which it makes none.
    fn converted(&mut self, node: &Node) {
        for path in BOOLEANS {
            self.one(node, path, "true or false", |n| n.as_str().is_none_or(|t| boolean(t).is_some()));
        }
        self.one(node, &["deploy", "resources", "limits", "pids"], "a whole number", |n| {
            n.as_str().is_none_or(|t| t.parse::<i64>().is_ok())
        });
        for limit in node.entries_at("ulimits").chain(node.at(&["build", "ulimits"]).map_or(&[][..], Node::entries)) {
            let counts = std::iter::once(&limit.value).chain(["soft", "hard"].iter().filter_map(|k| limit.value.get(k)));
            for count in counts.filter(|c| matches!(c.as_scalar().map(|s| s.data), Some(Data::Float(_) | Data::Uint(_)))) {
                self.add(ProblemKind::Schema, count.span, "a limit is a whole number, written without a point".to_owned());
            }
        }
        for group in node.items_at("group_add").filter(|g| matches!(g.as_scalar().map(|s| s.data), Some(Data::Float(_)))) {
            self.add(ProblemKind::Schema, group.span, "a group is a name or a whole number".to_owned()).help =
                Some("put it in quotes".to_owned());
        }
        for key in ["device_read_bps", "device_write_bps", "device_read_iops", "device_write_iops"] {
            for device in node.at(&["blkio_config", key]).map_or(&[][..], Node::items) {
                self.one(device, &["rate"], "a size such as 12mb", |n| bytes(n).is_some());
            }
        }
        if let Some(pid) = node.entry("pid").filter(|p| p.value.is_null()) {
            self.add(ProblemKind::Schema, pid.key.span, "`pid` is empty: Compose crashes on that".to_owned()).help =
                Some("write `host`, `service:NAME` or `container:NAME`, or leave the key out".to_owned());
        }
        for context in node.at(&["build", "additional_contexts"]).map_or(&[][..], Node::entries).iter().filter(|c| c.value.is_null()) {
            let message = format!("the build context `{}` is empty: Compose crashes on that", context.key.value);
            self.add(ProblemKind::Schema, context.key.span, message).help =
                Some("say where it comes from: a folder, a URL, an image".to_owned());
        }
        self.one(node, &["blkio_config", "weight"], "a whole number without quotes", |n| n.as_str().is_none());
        for weighed in node.at(&["blkio_config", "weight_device"]).map_or(&[][..], Node::items) {
            self.one(weighed, &["weight"], "a whole number without quotes", |n| n.as_str().is_none());
        }
        for port in node.items_at("expose") {
            if matches!(port.as_scalar().map(|s| s.data), Some(Data::Float(_) | Data::Date(_))) {
                self.add(ProblemKind::Schema, port.span, "a port is a whole number or a string".to_owned());
            }
        }
        for device in node.items_at("devices").filter(|d| d.is_map() && d.get("target").is_none_or(|t| t.as_str().is_none())) {
            self.add(ProblemKind::Schema, device.span, "this device names no `target`: its path in the container".to_owned());
        }
        for format in node.items_at("env_file").filter_map(|f| f.get("format")) {
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
            self.one(volume, &["tmpfs", "mode"], "a whole number without quotes", |n| n.as_str().is_none());
            self.one(volume, &["bind", "create_host_path"], "true or false", |n| n.as_str().is_none_or(|t| boolean(t).is_some()));
            self.one(volume, &["tmpfs", "size"], "a size such as 512m or 2g", |n| bytes(n).is_some());
        }
        for key in ["secrets", "configs"] {
            for item in node.items_at(key) {
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
