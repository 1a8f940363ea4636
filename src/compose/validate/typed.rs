//! Values whose type the schema leaves open, and Compose does not.

use super::context::Validate;
use crate::compose::model::ProblemKind;
use crate::compose::print::bytes;
use crate::compose::substitute::boolean;
use crate::compose::tree::{Data, Entry, Node, Value};

impl Validate<'_> {
    /// Texts that Compose makes a truth value or a number of, and those of which it makes none.
    pub(super) fn converted(&mut self, node: &Node) {
        for key in ["pre_start", "post_start", "pre_stop"] {
            for hook in node.items_at(key) {
                self.truth_at(hook, "privileged");
                self.truth_at(hook, "per_replica");
            }
        }
        self.numbers(node);
        self.limits_of_processes(node);
        self.files(node);
        self.build_contexts(node);
        for port in node.items_at("expose") {
            if matches!(data(port), Some(Data::Float(_) | Data::Uint(_) | Data::Date(_))) {
                self.add(ProblemKind::Schema, port.span, "a port is a whole number or a string".to_owned());
            }
        }
        for device in node.items_at("devices").filter(|d| d.is_map() && d.get("target").is_none_or(|t| t.as_str().is_none())) {
            self.add(ProblemKind::Schema, device.span, "this device names no `target`: its path in the container".to_owned());
        }
        for group in node.items_at("group_add").filter(|g| matches!(data(g), Some(Data::Float(_) | Data::Uint(_) | Data::Date(_)))) {
            self.add(ProblemKind::Schema, group.span, "a group is a name or a whole number".to_owned()).help =
                Some("put it in quotes".to_owned());
        }
        if let Some(pid) = node.entry("pid").filter(|p| p.value.is_null()) {
            self.add(ProblemKind::Schema, pid.key.span, "`pid` is empty: Compose crashes on that".to_owned()).help =
                Some("write `host`, `service:NAME` or `container:NAME`, or leave the key out".to_owned());
        }
        for option in node.entries_at("storage_opt") {
            self.text_only(option, &format!("the storage option `{}`", option.key.value));
        }
    }

    /// What drivers of secrets and configs are told.
    pub(super) fn driver_options(&mut self, resource: &Node) {
        for option in resource.entries_at("driver_opts") {
            if is_fraction(&option.value) {
                self.text_only(option, &format!("the driver option `{}`", option.key.value));
            }
        }
    }

    fn text_only(&mut self, option: &Entry, what: &str) {
        let plain = option.value.is_null() || option.value.as_str().is_some() || matches!(data(&option.value), Some(Data::Int(_)));
        if !plain && !self.said(option.value.span) {
            self.add(ProblemKind::Schema, option.value.span, format!("{what} takes a string, not {}", option.value.kind())).help =
                option.value.as_scalar().map(|_| "put it in quotes".to_owned());
        }
    }

    fn truth_at(&mut self, node: &Node, key: &str) {
        if let Some(value) = node.get(key) {
            self.truth(value, key);
        }
    }

    pub(super) fn truth(&mut self, value: &Node, key: &str) {
        self.value(value, key, "true or false", |n| match data(n) {
            Some(Data::Bool(_)) => true,
            _ => n.as_str().is_some_and(|t| boolean(t).is_some()),
        });
    }

    fn numbers(&mut self, node: &Node) {
        self.one(node, &["deploy", "resources", "limits", "pids"], "a whole number", |n| {
            n.as_str().is_none_or(|t| t.parse::<i64>().is_ok())
        });
        let resources = node.at(&["deploy", "resources", "reservations", "generic_resources"]);
        for spec in resources.map_or(&[][..], Node::items).iter().filter_map(|r| r.get("discrete_resource_spec")) {
            self.one(spec, &["value"], "a whole number", |n| match data(n) {
                Some(Data::Date(_)) => false,
                _ => n.as_str().is_none_or(|t| t.parse::<i64>().is_ok()),
            });
        }
        self.one(node, &["blkio_config", "weight"], "a whole number without quotes", is_count);
        for weighed in node.at(&["blkio_config", "weight_device"]).map_or(&[][..], Node::items) {
            self.one(weighed, &["weight"], "a whole number without quotes", is_count);
        }
        for key in ["device_read_bps", "device_write_bps", "device_read_iops", "device_write_iops"] {
            for device in node.at(&["blkio_config", key]).map_or(&[][..], Node::items) {
                self.one(device, &["rate"], "a size such as 12mb", |n| bytes(n).is_some());
            }
        }
    }

    fn limits_of_processes(&mut self, node: &Node) {
        let built = node.at(&["build", "ulimits"]).map_or(&[][..], Node::entries);
        for (limit, quoted) in node.entries_at("ulimits").map(|l| (l, true)).chain(built.iter().map(|l| (l, false))) {
            let counts = std::iter::once(&limit.value).chain(["soft", "hard"].iter().filter_map(|k| limit.value.get(k)));
            for count in counts {
                if !is_fraction(count) && (quoted || count.as_str().is_none() || self.open(count)) {
                    continue;
                }
                self.add(ProblemKind::Schema, count.span, "a limit is a whole number, without a point and without quotes".to_owned());
            }
        }
    }

    fn files(&mut self, node: &Node) {
        for file in node.items_at("env_file") {
            self.truth_at(file, "required");
        }
    }

    /// Formats of the env files of a service that runs.
    pub(super) fn env_formats(&mut self, node: &Node) {
        for file in node.items_at("env_file") {
            let Some(format) = file.get("format") else { continue };
            if format.as_str().is_some_and(|f| !matches!(f, "" | "raw")) && !self.open(format) {
                let message = format!("`{}` is no format of env files", format.as_str().unwrap_or_default());
                self.invalid(format.span, message).help = Some("write `raw`, or leave it out".to_owned());
            }
        }
    }

    fn build_contexts(&mut self, node: &Node) {
        for context in node.at(&["build", "additional_contexts"]).map_or(&[][..], Node::entries) {
            if context.value.as_scalar().is_some() && context.value.as_str().is_none() && !self.said(context.value.span) {
                let message = format!("the build context `{}` is no string: Compose crashes on that", context.key.value);
                let span = if context.value.is_null() { context.key.span } else { context.value.span };
                self.add(ProblemKind::Schema, span, message).help = Some("say where it comes from: a folder, a URL, an image".to_owned());
            }
        }
    }
}

fn data(node: &Node) -> Option<Data> {
    node.as_scalar().map(|s| s.data)
}

/// A whole number, 0 or more, as YAML has it.
pub(super) fn is_count(node: &Node) -> bool {
    match data(node) {
        Some(Data::Int(i)) => i >= 0,
        Some(Data::Float(f)) => f >= 0.0,
        Some(Data::Uint(_)) => true,
        _ => !matches!(node.value, Value::Scalar(_)),
    }
}

/// A number that no whole number of Compose's holds, or a date.
pub(super) fn is_fraction(node: &Node) -> bool {
    matches!(data(node), Some(Data::Float(_) | Data::Uint(_) | Data::Date(_)))
}
