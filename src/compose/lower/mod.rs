//! From the complete model to the typed project. What does not fit is left out; the schema has said so already.

mod asked;
mod build;
mod parts;
mod read;

use asked::asked;
use build::build;
use parts::{command, depends_on, expose, healthcheck, limits, link, mounts, network, port, scale};
use read::{path, sources, strings, text};

use super::environment::{environment, variables};
use super::loader::{Extended, Loader};
use super::model::{Project, Resource, ResourceKind, Role, Service};
use super::tree::{Entry, Node};
use crate::source::{At, FileId};

/// Ports of one service in the typed model.
const MAX_PORTS: usize = 1_000;

/// What is known of a project besides its model.
pub(super) struct Lowered {
    pub(super) name: String,
    pub(super) named: bool,
    pub(super) dir: String,
    pub(super) role: Role,
    pub(super) files: Vec<FileId>,
    pub(super) extended: Extended,
    /// Key paths in services whose values are wanted as they are.
    pub(super) asked: Vec<String>,
}

pub(super) fn lower(model: &Node, known: Lowered, loader: &mut Loader<'_>) -> Project {
    let version = loader.problems.version.as_ref().and_then(|v| v.value.any_text()).map(|t| At::new(t.value.clone(), t.span));
    let services = model.get("services").map_or(&[][..], Node::entries);
    let services = services.iter().map(|e| service(e, &known, loader)).collect();
    let mut resources = Vec::new();
    for (key, kind) in [
        ("networks", ResourceKind::Network),
        ("volumes", ResourceKind::Volume),
        ("secrets", ResourceKind::Secret),
        ("configs", ResourceKind::Config),
    ] {
        resources.extend(model.get(key).map_or(&[][..], Node::entries).iter().map(|e| resource(e, kind)));
    }
    Project {
        name: known.name,
        named: known.named,
        files: known.files,
        dir: known.dir,
        role: known.role,
        services,
        resources,
        version,
        problems: Vec::new(),
        variables: Vec::new(),
    }
}

fn resource(entry: &Entry, kind: ResourceKind) -> Resource {
    Resource {
        kind,
        name: entry.key.clone(),
        external: entry.value.get("external").is_some_and(Node::is_true),
        file: text(&entry.value, "file"),
        path: entry.value.get("file").and_then(path),
        environment: text(&entry.value, "environment"),
        span: entry.key.span.to(entry.value.span),
    }
}

fn service(entry: &Entry, known: &Lowered, loader: &mut Loader<'_>) -> Service {
    let node = &entry.value;
    let (env_files, environment) = environment(node, loader);
    Service {
        name: entry.key.clone(),
        span: entry.key.span.to(node.span),
        image: text(node, "image"),
        build: node.entry("build").filter(|b| b.value.is_map()).map(|b| Box::new(build(b, &known.dir))),
        command: node.entry("command").and_then(command),
        entrypoint: node.entry("entrypoint").and_then(command),
        asked: asked(node, &environment, &known.asked, loader.sources),
        environment,
        env_files,
        ports: node.items_at("ports").filter_map(port).take(MAX_PORTS).collect(),
        expose: node.items_at("expose").flat_map(expose).take(MAX_PORTS).collect(),
        mounts: mounts(node),
        depends_on: node.entries_at("depends_on").map(depends_on).collect(),
        links: node.items_at("links").filter_map(link).collect(),
        networks: node.entries_at("networks").map(network).collect(),
        network_mode: text(node, "network_mode"),
        healthcheck: node.get("healthcheck").filter(|h| h.is_map()).map(|h| Box::new(healthcheck(h))),
        hooks: ["post_start", "pre_stop"]
            .into_iter()
            .flat_map(|key| node.items_at(key))
            .filter_map(|h| command(h.entry("command")?))
            .collect(),
        profiles: strings(node, "profiles"),
        container_name: text(node, "container_name"),
        hostname: text(node, "hostname"),
        user: text(node, "user"),
        working_dir: text(node, "working_dir"),
        restart: text(node, "restart"),
        privileged: node.get("privileged").filter(|p| p.is_true()).map(|p| p.span),
        init: node.get("init").is_some_and(Node::is_true),
        namespaces: ["pid", "ipc", "uts", "userns_mode", "cgroup"].iter().filter_map(|k| Some(((*k).to_owned(), text(node, k)?))).collect(),
        cap_add: strings(node, "cap_add"),
        cap_drop: strings(node, "cap_drop"),
        security_opt: strings(node, "security_opt"),
        labels: variables(node.get("labels")),
        secrets: sources(node, "secrets"),
        configs: sources(node, "configs"),
        extends: known.extended.get(&entry.key.value).cloned(),
        scale: scale(node),
        limits: limits(node),
        restart_attempts: node.at(&["deploy", "restart_policy", "max_attempts"]).and_then(Node::any_text),
        keys: node.entries().iter().map(|e| e.key.clone()).collect(),
    }
}
