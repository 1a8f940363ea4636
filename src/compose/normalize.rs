//! What Compose adds to a model before it prints or runs it: the default network, implied dependencies, full names.

use super::substitute::Env;
use super::tree::{Data, Entry, Made, Node, Value, children, elements, made};
use crate::files;
use crate::source::{At, Span};

pub(super) fn normalize(root: &mut Node, name: &str, env: &Env) {
    default_network(root);
    for service in children(root, "services") {
        if service.get("pull_policy").and_then(Node::as_str) == Some("if_not_present") {
            let span = service.span;
            if let Some(policy) = service.get_mut("pull_policy") {
                let old = std::mem::replace(policy, Node::null(span));
                *policy = Node::string("missing", old.span).made_as(Made::Default).replacing(old);
            }
        }
        build(service, env);
        dependencies(service);
        for volume in elements(service, "volumes") {
            clean_target(volume);
        }
        hook_images(service);
    }
    for kind in ["networks", "volumes", "configs", "secrets"] {
        names(root, kind, name);
    }
}

fn default_network(root: &mut Node) {
    let mut used = false;
    for service in children(root, "services") {
        if !service.is_map() || service.get("provider").is_some() || service.get("network_mode").is_some() {
            continue;
        }
        let empty = service.get("networks").is_none_or(|n| n.entries().is_empty());
        if empty {
            let span = service.span;
            let mut networks = Node::map(Vec::new(), span);
            networks.set("default", Node::null(span));
            service.set("networks", networks.made_as(Made::Default));
        }
        used |= empty || service.at(&["networks", "default"]).is_some();
    }
    if used {
        root.default("networks", |span| Node::map(Vec::new(), span));
        if let Some(networks) = root.get_mut("networks") {
            if networks.is_null() {
                *networks = Node::map(Vec::new(), networks.span);
            }
            networks.default("default", Node::null);
        }
    }
}

fn build(service: &mut Node, env: &Env) {
    let Some(build) = service.get_mut("build").filter(|b| b.is_map()) else { return };
    if build.get("dockerfile").is_none_or(Node::is_null) && build.get("dockerfile_inline").is_none_or(Node::is_null) {
        let span = build.span;
        build.set("dockerfile", Node::string("Dockerfile", span).made_as(Made::Default));
    }
    let Some(args) = build.get_mut("args") else { return };
    match &mut args.value {
        Value::Map(entries) => {
            for entry in entries.iter_mut().filter(|e| e.value.is_null()) {
                if let Some(value) = env.get(&entry.key.value) {
                    entry.value = Node::string(value, entry.value.span);
                }
            }
            entries.retain(|e| !e.value.is_null());
        }
        Value::Seq(items) => {
            for item in items.iter_mut() {
                let bare = item.as_str().filter(|t| !t.contains('=')).and_then(|t| env.get(t).map(|v| format!("{t}={v}")));
                if let Some(text) = bare {
                    *item = Node { origin: item.origin.take(), ..Node::string(&text, item.span) };
                }
            }
            items.retain(|i| i.as_str().is_some_and(|t| t.contains('=')));
        }
        Value::Scalar(_) => {}
    }
}

/// Links, shared namespaces and `volumes_from` imply a dependency.
pub(super) fn implied(service: &Node) -> Vec<(String, bool, Span)> {
    let mut all = Vec::new();
    let items = |key: &str| service.get(key).map_or(&[][..], Node::items).iter();
    for (text, span) in items("links").filter_map(|i| Some((i.as_str()?, i.span))) {
        let parts: Vec<&str> = text.split(':').collect();
        let name = if parts.len() == 2 { parts.first().copied().unwrap_or_default() } else { text };
        all.push((name.to_owned(), true, span));
    }
    for key in ["network_mode", "ipc", "pid", "uts", "cgroup"] {
        let Some(value) = service.get(key) else { continue };
        if let Some(name) = value.as_str().and_then(|v| v.strip_prefix("service:")) {
            all.push((name.to_owned(), true, value.span));
        }
    }
    for (text, span) in items("volumes_from").filter_map(|i| Some((i.as_str()?, i.span))) {
        if !text.starts_with("container:") {
            all.push((text.split(':').next().unwrap_or_default().to_owned(), false, span));
        }
    }
    all
}

fn dependencies(service: &mut Node) {
    let implied = implied(service);
    if implied.is_empty() {
        return;
    }
    service.default("depends_on", |span| Node::map(Vec::new(), span));
    let Some(depends_on) = service.get_mut("depends_on") else { return };
    if depends_on.is_null() {
        *depends_on = Node::map(Vec::new(), depends_on.span);
    }
    for (name, restart, span) in implied {
        if depends_on.get(&name).is_some() {
            continue;
        }
        let mut dependency = super::merge::dependency_default(span);
        dependency.set("restart", Node::bool(restart, span));
        if let Value::Map(entries) = &mut depends_on.value {
            entries.push(Entry { key: At::new(name, span), value: dependency.made_as(Made::Default) });
        }
    }
}

fn clean_target(volume: &mut Node) {
    if let Some(Value::Scalar(target)) = volume.get_mut("target").map(|t| &mut t.value) {
        let clean = files::normalize(&target.text.value);
        if target.data == Data::Str && clean != target.text.value {
            target.text = made(&clean, target.text.span);
        }
    }
}

fn hook_images(service: &mut Node) {
    let Some(image) = service.get("image").filter(|i| i.as_str().is_some_and(|t| !t.is_empty())).cloned() else { return };
    for hook in elements(service, "pre_start") {
        hook.default("image", |_| image.clone());
    }
}

fn names(root: &mut Node, kind: &str, project: &str) {
    let Some(Value::Map(entries)) = root.get_mut(kind).map(|n| &mut n.value) else { return };
    for entry in entries {
        let node = &mut entry.value;
        if node.is_null() {
            *node = Node::map(Vec::new(), node.span);
        }
        if node.get("name").is_none_or(Node::is_null) && node.is_map() {
            let external = node.get("external").is_some_and(Node::is_true);
            let full = if external { entry.key.value.clone() } else { format!("{project}_{}", entry.key.value) };
            let span = entry.key.span;
            node.set("name", Node::string(&full, span).made_as(Made::Default));
        }
    }
}
