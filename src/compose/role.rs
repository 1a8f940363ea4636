//! Is this a Compose file at all, and which kind?

use super::model::Role;
use crate::files;
use crate::syntax::yaml::{Node, Value, Yaml};

/// Names that `docker compose` takes by itself.
const DEFAULT_NAMES: &[&str] = &["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// Whether `docker compose` takes a file of this name by itself.
pub(super) fn is_default_name(path: &str) -> bool {
    DEFAULT_NAMES.contains(&files::file_name(path))
}

/// Top-level keys of a Compose file.
const TOP: &[&str] = &["version", "name", "include", "services", "models", "networks", "volumes", "secrets", "configs"];

/// Top-level keys that only other formats have.
const FOREIGN: &[&str] = &[
    "apiVersion",
    "kind",
    "jobs",
    "on",
    "stages",
    "stage",
    "steps",
    "pipeline",
    "pipelines",
    "openapi",
    "swagger",
    "workflows",
    "orbs",
    "language",
    "script",
    "before_script",
    "after_script",
    "AWSTemplateFormatVersion",
    "Resources",
    "hosts",
    "tasks",
    "chart",
    "dependencies",
    "packages",
    "definitions",
    "resources",
    "replicaCount",
    "parameters",
    "trigger",
    "pool",
    "workspace",
    "clone",
    "default",
    "ingress",
    "serviceAccount",
];

/// Keys that make a mapping look like a service.
const SERVICE: &[&str] = &[
    "image",
    "build",
    "command",
    "entrypoint",
    "environment",
    "env_file",
    "ports",
    "expose",
    "volumes",
    "depends_on",
    "networks",
    "restart",
    "container_name",
    "extends",
    "links",
    "deploy",
    "healthcheck",
    "network_mode",
    "profiles",
    "labels",
    "logging",
    "working_dir",
    "user",
    "privileged",
    "cap_add",
    "tty",
    "stdin_open",
    "secrets",
    "configs",
    "hostname",
    "extra_hosts",
    "ulimits",
    "platform",
    "provider",
    "volumes_from",
    "mem_limit",
    "security_opt",
    "tmpfs",
    "develop",
    "pull_policy",
    "init",
    "shm_size",
    "dns",
    "scale",
    "runtime",
    "gpus",
    "<<",
];

/// What Rancher 1 wants to know of the services of a `docker-compose.yml` beside it, with keys of its own.
const RANCHER: &str = "rancher-compose";

/// Judges a YAML file by its name and its top-level keys; `None` for what is no Compose file.
pub fn classify(yaml: &Yaml, path: &str) -> Option<Role> {
    let name = files::file_name(path).to_ascii_lowercase();
    let named = is_compose_name(&name);
    let root = yaml.documents.iter().find(|d| matches!(d.value, Value::Map(_)));
    let Some(root) = root else {
        return (named && yaml.documents.iter().all(Node::is_null)).then_some(Role::Complete);
    };
    let keys: Vec<&str> = root.entries().iter().filter_map(|e| e.key.as_str()).collect();
    if keys.contains(&"apiVersion") && keys.contains(&"kind") {
        return None;
    }
    let foreign = keys.iter().filter(|k| FOREIGN.contains(k)).count();
    let Some(services) = root.get("services") else {
        return without_services(root, &keys, &name, named && foreign == 0);
    };
    if foreign > 0 && (!named || keys.contains(&"jobs") || keys.contains(&"openapi") || keys.contains(&"swagger")) {
        return None;
    }
    let all = services.entries();
    let like = all.iter().filter(|e| is_service(root, &e.value)).count();
    let odd = keys.iter().filter(|k| !TOP.contains(k) && !k.starts_with("x-") && !k.starts_with('.')).count();
    if !named && (all.is_empty() || like * 2 < all.len() || (odd > 0 && like < all.len())) {
        return None;
    }
    // words such as `user` and `labels` alone stand in anybody's settings
    if !named && !all.iter().any(|e| has_source(&e.value) || e.value.entries().iter().any(|k| k.key.as_str().is_some_and(says_more))) {
        return None;
    }
    if named && !all.is_empty() && like == 0 && odd > 0 {
        return None;
    }
    Some(with_services(root, services, &name, named))
}

fn with_services(root: &Node, services: &Node, name: &str, named: bool) -> Role {
    if name.contains(".override.") {
        return Role::Overlay;
    }
    let bare = services.entries().iter().filter(|e| !has_source(&e.value)).count();
    let total = services.entries().len();
    if DEFAULT_NAMES.contains(&name) || (bare == 0 && total > 0) || root.get("include").is_some() {
        return Role::Complete;
    }
    match (named, is_part_name(name)) {
        (_, true) | (false, _) => Role::Fragment,
        (true, false) => Role::Overlay,
    }
}

fn without_services(root: &Node, keys: &[&str], name: &str, named: bool) -> Option<Role> {
    if matches!(root.get("include").map(|n| &n.value), Some(Value::Seq(_))) && keys.iter().all(|k| TOP.contains(k) || k.starts_with("x-")) {
        return Some(Role::Complete);
    }
    if !named {
        return None;
    }
    if keys.iter().any(|k| TOP.contains(k) && *k != "version" && *k != "name")
        && keys.iter().all(|k| TOP.contains(k) || k.starts_with("x-"))
    {
        return Some(if DEFAULT_NAMES.contains(&name) { Role::Complete } else { Role::Fragment });
    }
    let services: Vec<&Node> = root.entries().iter().map(|e| &e.value).filter(|v| is_service(root, v)).collect();
    let old = services.len() * 2 > root.entries().len() && services.iter().any(|s| s.get("image").is_some() || s.get("build").is_some());
    old.then_some(Role::V1)
}

fn is_service(root: &Node, node: &Node) -> bool {
    match &node.value {
        Value::Map(entries) => entries.iter().filter_map(|e| e.key.as_str()).any(|k| SERVICE.contains(&k)),
        Value::Alias(_) => root.entries().iter().any(|e| e.key.as_str().is_some_and(|k| k.starts_with("x-"))),
        _ => false,
    }
}

/// Keys that hardly any other format has below a `services` key.
fn says_more(key: &str) -> bool {
    let words =
        ["entrypoint", "environment", "env_file", "depends_on", "volumes", "restart", "container_name", "healthcheck", "network_mode"];
    words.contains(&key)
}

/// Whether a service says what it runs; one that merges something may.
fn has_source(node: &Node) -> bool {
    match &node.value {
        Value::Map(entries) => {
            entries.iter().filter_map(|e| e.key.as_str()).any(|k| matches!(k, "image" | "build" | "extends" | "provider" | "<<"))
        }
        Value::Alias(_) => true,
        _ => false,
    }
}

/// `compose.yaml`, `docker-compose.prod.yml`, `compose-dev.yml`, `dev.compose.yml` …
fn is_compose_name(name: &str) -> bool {
    let Some(stem) = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml")) else { return false };
    if stem == RANCHER {
        return false;
    }
    let bounded = |rest: &str| rest.is_empty() || rest.starts_with(['.', '-', '_']) || rest.starts_with(|c: char| c.is_ascii_digit());
    let starts =
        stem.strip_prefix("docker-compose").or_else(|| stem.strip_prefix("compose")).or_else(|| stem.strip_prefix("docker_compose"));
    starts.is_some_and(bounded) || stem.ends_with(".compose") || stem.ends_with("-compose") || stem.ends_with("_compose") || stem == "stack"
}

/// Names of files that others include or extend.
fn is_part_name(name: &str) -> bool {
    ["common", "base", "shared", "template"].iter().any(|part| name.contains(part))
}

/// The file among `siblings` (names in the same folder) that an overlay is laid over. Whether a file is an overlay at
/// all is [`classify`]'s to say: a complete `docker-compose.prod.yml` stands on its own.
pub fn overlay_base(path: &str, siblings: &[String]) -> Option<String> {
    let name = files::file_name(path);
    if DEFAULT_NAMES.contains(&name) || !is_compose_name(&name.to_ascii_lowercase()) {
        return None;
    }
    let family = if name.starts_with("docker-compose") { "docker-compose." } else { "compose." };
    let known = |n: &&&str| siblings.iter().any(|s| files::file_name(s) == **n);
    let same = DEFAULT_NAMES.iter().filter(|n| n.starts_with(family)).find(known);
    let base = same.or_else(|| DEFAULT_NAMES.iter().find(known))?;
    Some(files::join(files::parent(path), base))
}
