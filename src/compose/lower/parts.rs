//! What a service is made of: ports, mounts, commands and the like.

use super::read::{strings, text, texts, truth};
use crate::compose::model::{CommandLine, DependsOn, Healthcheck, Limits, Link, MountKind, Port, ServiceMount, ServiceNetwork};
use crate::compose::tree::{Entry, Node, Value, made};
use crate::compose::{short, words};
use crate::source::{At, Span};

/// The bytes of a command string, beyond which its words are of no interest to anybody.
const MAX_COMMAND: usize = 2 << 20;

pub(super) fn command(entry: &Entry) -> Option<CommandLine> {
    let node = &entry.value;
    if let Some(string) = node.any_text() {
        // Linux starts nothing with more than that
        let argv = if string.len() > MAX_COMMAND { Vec::new() } else { words::split(&string).unwrap_or_default() };
        return Some(CommandLine { span: node.span, argv, string: Some(string) });
    }
    let list = matches!(node.value, Value::Seq(_));
    list.then(|| CommandLine { span: node.span, argv: node.items().iter().filter_map(Node::any_text).collect(), string: None })
}

pub(super) fn port(item: &Node) -> Option<Port> {
    let target = text(item, "target")?.value.parse().ok()?;
    Some(Port {
        span: item.span,
        target,
        published: text(item, "published").map(|t| t.value).filter(|p| !p.is_empty()),
        host_ip: text(item, "host_ip").map(|t| t.value).filter(|p| !p.is_empty()),
        protocol: text(item, "protocol").map_or_else(|| "tcp".to_owned(), |t| t.value),
    })
}

pub(super) fn expose(item: &Node) -> Vec<At<u16>> {
    let Some(text) = item.any_text() else { return Vec::new() };
    short::exposed(&text.value).into_iter().map(|p| At::new(p, item.span)).collect()
}

pub(super) fn mounts(node: &Node) -> Vec<ServiceMount> {
    let mut all: Vec<ServiceMount> = node.items_at("volumes").filter_map(mount).collect();
    all.extend(texts(node, "tmpfs").into_iter().map(|t| ServiceMount {
        span: t.span,
        kind: MountKind::Tmpfs,
        source: None,
        source_path: None,
        target: t.value.split(':').next().unwrap_or_default().to_owned(),
        read_only: false,
        propagation: None,
    }));
    all
}

fn mount(item: &Node) -> Option<ServiceMount> {
    let kind = match text(item, "type")?.value.as_str() {
        "bind" => MountKind::Bind,
        "volume" => MountKind::Volume,
        "tmpfs" => MountKind::Tmpfs,
        _ => MountKind::Other,
    };
    let source = item.get("source");
    let source_path = source.and_then(Node::as_scalar).filter(|_| kind == MountKind::Bind).and_then(|s| s.path.clone());
    Some(ServiceMount {
        span: item.span,
        kind,
        source: source.and_then(Node::any_text),
        source_path,
        target: text(item, "target").map(|t| t.value).unwrap_or_default(),
        read_only: item.get("read_only").is_some_and(truth),
        propagation: item.at(&["bind", "propagation"]).and_then(Node::any_text),
    })
}

pub(super) fn depends_on(entry: &Entry) -> DependsOn {
    let required = entry.value.get("required").is_none_or(truth);
    let condition = text(&entry.value, "condition").map_or_else(|| "service_started".to_owned(), |t| t.value);
    DependsOn { service: entry.key.clone(), condition, required }
}

pub(super) fn link(item: &Node) -> Option<Link> {
    let text = item.any_text()?;
    let (service, alias) = text.value.split_once(':').unwrap_or((&text.value, &text.value));
    Some(Link { span: item.span, service: service.to_owned(), alias: alias.to_owned() })
}

pub(super) fn network(entry: &Entry) -> ServiceNetwork {
    ServiceNetwork { name: entry.key.clone(), aliases: strings(&entry.value, "aliases") }
}

pub(super) fn healthcheck(node: &Node) -> Healthcheck {
    let test = node.entry("test").and_then(|entry| {
        let span = entry.value.span;
        match entry.value.any_text() {
            Some(string) => {
                let argv = vec![made("CMD-SHELL", span.at_start()), string.clone()];
                Some(CommandLine { span, argv, string: Some(string) })
            }
            None => command(entry),
        }
    });
    let none = test.as_ref().and_then(|t| t.argv.first()).is_some_and(|w| w.value == "NONE");
    Healthcheck { span: node.span, test, disabled: none || node.get("disable").is_some_and(truth) }
}

pub(super) fn scale(node: &Node) -> Option<At<u64>> {
    let replicas = node.get("scale").or_else(|| node.at(&["deploy", "replicas"]))?;
    let count = replicas.any_text()?.value.parse().ok()?;
    Some(At::new(count, Span { ..replicas.span }))
}

pub(super) fn limits(node: &Node) -> Limits {
    let deployed = |key: &str| node.at(&["deploy", "resources", "limits", key]).and_then(Node::any_text);
    Limits {
        memory: text(node, "mem_limit").or_else(|| deployed("memory")),
        cpus: text(node, "cpus").or_else(|| text(node, "cpu_quota")).or_else(|| deployed("cpus")),
        pids: text(node, "pids_limit").or_else(|| deployed("pids")),
    }
}
