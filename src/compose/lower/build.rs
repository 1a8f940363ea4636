//! A service's `build`.

use super::read::{path, sources, text, texts, truth};
use crate::compose::environment::variables;
use crate::compose::model::Build;
use crate::compose::paths::is_remote;
use crate::compose::tree::{Entry, Node, made};
use crate::compose::units;
use crate::files;

pub(super) fn build(entry: &Entry, dir: &str) -> Build {
    let node = &entry.value;
    let context_node = node.get("context");
    let context = context_node.and_then(Node::any_text).unwrap_or_else(|| made(".", entry.key.span));
    let resolved = context_node.and_then(Node::as_scalar).and_then(|s| s.path.clone());
    let context_dir = if is_remote(&context.value) { None } else { resolved.or_else(|| Some(files::join(dir, &context.value))) };
    let dockerfile = text(node, "dockerfile");
    let inline = text(node, "dockerfile_inline");
    let dockerfile_path = context_dir
        .as_ref()
        .filter(|_| inline.is_none())
        .map(|context| files::join(context, dockerfile.as_ref().map_or("Dockerfile", |d| d.value.as_str())));
    Build {
        span: entry.key.span.to(node.span),
        context,
        context_dir,
        dockerfile,
        dockerfile_path,
        inline,
        target: text(node, "target"),
        args: variables(node.get("args")),
        tags: texts(node, "tags"),
        platforms: texts(node, "platforms"),
        additional_contexts: node.entries_at("additional_contexts").filter_map(|e| Some((e.key.clone(), e.value.any_text()?))).collect(),
        secrets: sources(node, "secrets"),
        secret_targets: node.items_at("secrets").filter_map(secret_target).collect(),
        ssh: node.entries_at("ssh").map(|e| (e.key.value.clone(), path(&e.value))).collect(),
        labels: variables(node.get("labels")),
        network: text(node, "network"),
        ulimits: node.entries_at("ulimits").map(ulimit).collect(),
        entitlements: texts(node, "entitlements"),
        privileged: node.get("privileged").is_some_and(truth),
        no_cache_filter: texts(node, "no_cache_filter"),
        no_cache: node.get("no_cache").is_some_and(truth),
        pull: node.get("pull").is_some_and(truth),
        sbom: text(node, "sbom"),
        provenance: text(node, "provenance"),
        cache_from: texts(node, "cache_from"),
        cache_to: texts(node, "cache_to"),
        extra_hosts: hosts(node.get("extra_hosts")),
        shm_size: text(node, "shm_size").and_then(|t| units::bytes(&t.value)).and_then(|n| u64::try_from(n).ok()),
        context_folders: node.entries_at("additional_contexts").filter_map(|e| context_folder(e, dir)).collect(),
    }
}

/// An additional context that is a folder.
fn context_folder(entry: &Entry, dir: &str) -> Option<(String, String)> {
    let context = entry.value.any_text().filter(|text| !is_remote(&text.value) && !text.value.starts_with("target:"))?;
    let resolved = entry.value.as_scalar().and_then(|s| s.path.clone());
    Some((entry.key.value.clone(), resolved.unwrap_or_else(|| files::join(dir, &context.value))))
}

fn secret_target(item: &Node) -> Option<(String, String)> {
    Some((text(item, "source")?.value, text(item, "target")?.value))
}

fn ulimit(entry: &Entry) -> (String, i64, i64) {
    let number = |node: Option<&Node>| node.and_then(Node::any_text).and_then(|text| text.value.parse::<i64>().ok());
    let both = number(Some(&entry.value));
    let of = |key: &str| both.or_else(|| number(entry.value.get(key))).unwrap_or_default();
    (entry.key.value.clone(), of("soft"), of("hard"))
}

/// `extra_hosts` as `name:address`.
fn hosts(node: Option<&Node>) -> Vec<String> {
    let Some(node) = node else { return Vec::new() };
    let from_items = node.items().iter().filter_map(Node::any_text).map(|t| {
        let (host, address) = t.value.split_once('=').or_else(|| t.value.split_once(':')).unwrap_or((&t.value, ""));
        format!("{host}:{address}")
    });
    let from_entries = node.entries().iter().flat_map(|e| {
        let one = e.value.any_text().into_iter();
        one.chain(e.value.items().iter().filter_map(Node::any_text)).map(|t| format!("{}:{}", e.key.value, t.value))
    });
    from_items.chain(from_entries).collect()
}
