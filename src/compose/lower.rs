//! From the complete model to the typed project. What does not fit is left out; the schema has said so already.

use super::canonical::split_pair;
use super::extends::Extended;
use super::load::Loader;
use super::model::*;
use super::paths::is_remote;
use super::short;
use super::substitute::Env;
use super::tree::{Data, Entry, Node, made};
use super::words;
use crate::files;
use crate::source::{At, FileId, Span};
use crate::syntax::dotenv::{self, Format};
use crate::text::Text;

/// The bytes of a command string, beyond which its words are of no interest to anybody.
const MAX_COMMAND: usize = 2 << 20;

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
        build: node.entry("build").filter(|b| b.value.is_map()).map(|b| build(b, known)),
        command: node.entry("command").and_then(command),
        entrypoint: node.entry("entrypoint").and_then(command),
        environment,
        env_files,
        ports: items(node, "ports").filter_map(port).take(MAX_PORTS).collect(),
        expose: items(node, "expose").flat_map(expose).take(MAX_PORTS).collect(),
        mounts: mounts(node),
        depends_on: entries(node, "depends_on").map(depends_on).collect(),
        links: items(node, "links").filter_map(link).collect(),
        networks: entries(node, "networks").map(network).collect(),
        network_mode: text(node, "network_mode"),
        healthcheck: node.get("healthcheck").filter(|h| h.is_map()).map(healthcheck),
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

fn limits(node: &Node) -> Limits {
    let deployed = |key: &str| node.at(&["deploy", "resources", "limits", key]).and_then(Node::any_text);
    Limits {
        memory: text(node, "mem_limit").or_else(|| deployed("memory")),
        cpus: text(node, "cpus").or_else(|| text(node, "cpu_quota")).or_else(|| deployed("cpus")),
        pids: text(node, "pids_limit").or_else(|| deployed("pids")),
    }
}

fn text(node: &Node, key: &str) -> Option<Text> {
    node.get(key).and_then(Node::any_text)
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    node.get(key).map_or(&[][..], Node::items).iter()
}

fn entries<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Entry> {
    node.get(key).map_or(&[][..], Node::entries).iter()
}

/// A string or a list of them.
fn texts(node: &Node, key: &str) -> Vec<Text> {
    match node.get(key) {
        None => Vec::new(),
        Some(value) => match value.any_text() {
            Some(text) => vec![text],
            None => value.items().iter().filter_map(Node::any_text).collect(),
        },
    }
}

fn strings(node: &Node, key: &str) -> Vec<At<String>> {
    texts(node, key).into_iter().map(|t| At::new(t.value, t.span)).collect()
}

fn sources(node: &Node, key: &str) -> Vec<At<String>> {
    items(node, key).filter_map(|i| text(i, "source")).map(|t| At::new(t.value, t.span)).collect()
}

/// `name=value` lists and mappings.
fn variables(node: Option<&Node>) -> Vec<EnvVar> {
    let Some(node) = node else { return Vec::new() };
    let mut out: Vec<EnvVar> = node.entries().iter().map(entry_variable).collect();
    out.extend(node.items().iter().filter_map(item_variable));
    out
}

fn entry_variable(entry: &Entry) -> EnvVar {
    let scalar = entry.value.as_scalar();
    let value = entry.value.any_text();
    let raw = scalar.filter(|s| s.data != Data::Null).map(|s| s.raw.clone().unwrap_or_else(|| s.text.value.clone()));
    EnvVar { name: entry.key.clone(), value, raw, span: entry.key.span.to(entry.value.span), from_file: false }
}

fn item_variable(item: &Node) -> Option<EnvVar> {
    let scalar = item.as_scalar()?;
    let whole = item.any_text()?;
    let Some((name, value)) = split_pair(&whole) else {
        return Some(EnvVar { name: At::new(whole.value.clone(), whole.span), value: None, raw: None, span: item.span, from_file: false });
    };
    let raw = match &scalar.raw {
        Some(raw) => raw.split_once('=').map(|(_, value)| value.to_owned()),
        None => Some(value.value.clone()),
    };
    Some(EnvVar { name, value: Some(value), raw, span: item.span, from_file: false })
}

/// `env_file`, then `environment` over it.
fn environment(node: &Node, loader: &mut Loader<'_>) -> (Vec<EnvFile>, Vec<EnvVar>) {
    let own = variables(node.get("environment"));
    let mut all: Vec<EnvVar> = Vec::new();
    let (files, lines) = env_files(node, &own, loader);
    for variable in lines.into_iter().map(|(variable, _)| variable).chain(own) {
        replace(&mut all, variable);
    }
    (files, all)
}

/// The lines of a service's env files, in order, each with the entry that names the file.
pub(super) fn env_file_lines(node: &Node, loader: &mut Loader<'_>) -> Vec<(EnvVar, Span)> {
    env_files(node, &variables(node.get("environment")), loader).1
}

fn env_files(node: &Node, own: &[EnvVar], loader: &mut Loader<'_>) -> (Vec<EnvFile>, Vec<(EnvVar, Span)>) {
    let mut known: Env = own.iter().filter_map(|v| Some((v.name.value.clone(), v.value.as_ref()?.value.clone()))).collect();
    let mut files = Vec::new();
    let mut lines = Vec::new();
    for item in items(node, "env_file") {
        let Some((file, found)) = env_file(item, &known, loader) else { continue };
        files.push(file);
        for variable in found {
            if let Some(value) = &variable.value {
                known.entry(variable.name.value.clone()).or_insert_with(|| value.value.clone());
            }
            lines.push((variable, item.span));
        }
    }
    (files, lines)
}

fn replace(all: &mut Vec<EnvVar>, variable: EnvVar) {
    match all.iter_mut().find(|v| v.name.value == variable.name.value) {
        Some(slot) => *slot = variable,
        None => all.push(variable),
    }
}

fn env_file(item: &Node, known: &Env, loader: &mut Loader<'_>) -> Option<(EnvFile, Vec<EnvVar>)> {
    let path_node = item.get("path")?;
    let path = path_node.any_text()?;
    let scalar = path_node.as_scalar()?;
    let resolved = scalar.path.clone().unwrap_or_else(|| path.value.clone());
    let required = item.get("required").is_none_or(|r| !matches!(r.as_scalar().map(|s| s.data), Some(Data::Bool(false))));
    let mut file = EnvFile { path, resolved: resolved.clone(), required, file: None };
    if scalar.unset || !matches!(loader.files.kind(&resolved), Some(files::Kind::File)) {
        return Some((file, Vec::new()));
    }
    let Some(id) = loader.read(&resolved, None) else { return Some((file, Vec::new())) };
    file.file = Some(id);
    let raw = item.get("format").and_then(Node::as_str) == Some("raw");
    let env = std::rc::Rc::clone(&loader.env);
    let lookup = |name: &str| env.get(name).or_else(|| known.get(name)).cloned();
    let parsed = dotenv::parse(loader.sources.get(id), if raw { Format::Raw } else { Format::Compose }, &lookup);
    for error in parsed.errors {
        loader.problems.fatal(ProblemKind::Invalid, error.span, &error.message).help = error.help;
    }
    Some((file, parsed.variables.into_iter().map(from_env_file).collect()))
}

pub(super) fn from_env_file(line: dotenv::Variable) -> EnvVar {
    EnvVar { name: line.name, value: line.value, raw: Some(line.raw), span: line.span, from_file: true }
}

fn build(entry: &Entry, known: &Lowered) -> Build {
    let node = &entry.value;
    let context_node = node.get("context");
    let context = context_node.and_then(Node::any_text).unwrap_or_else(|| made(".", entry.key.span));
    let resolved = context_node.and_then(Node::as_scalar).and_then(|s| s.path.clone());
    let context_dir = if is_remote(&context.value) { None } else { resolved.or_else(|| Some(files::join(&known.dir, &context.value))) };
    let dockerfile = text(node, "dockerfile");
    let inline = text(node, "dockerfile_inline");
    let dockerfile_path = context_dir
        .as_ref()
        .filter(|_| inline.is_none())
        .map(|dir| files::join(dir, dockerfile.as_ref().map_or("Dockerfile", |d| d.value.as_str())));
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
        additional_contexts: entries(node, "additional_contexts").filter_map(|e| Some((e.key.clone(), e.value.any_text()?))).collect(),
        secrets: sources(node, "secrets"),
        secret_targets: items(node, "secrets").filter_map(secret_target).collect(),
        ssh: entries(node, "ssh").map(|e| (e.key.value.clone(), path(&e.value))).collect(),
        labels: variables(node.get("labels")),
        network: text(node, "network"),
        ulimits: entries(node, "ulimits").map(ulimit).collect(),
        entitlements: texts(node, "entitlements"),
        privileged: node.get("privileged").is_some_and(truth),
        no_cache_filter: texts(node, "no_cache_filter"),
        no_cache: node.get("no_cache").is_some_and(truth),
        pull: node.get("pull").is_some_and(truth),
        cache_from: texts(node, "cache_from"),
        cache_to: texts(node, "cache_to"),
        extra_hosts: hosts(node.get("extra_hosts")),
        shm_size: text(node, "shm_size").and_then(|t| super::units::bytes(&t.value)).and_then(|n| u64::try_from(n).ok()),
        context_folders: entries(node, "additional_contexts").filter_map(|e| context_folder(e, known)).collect(),
    }
}

/// An additional context that is a folder.
fn context_folder(entry: &Entry, known: &Lowered) -> Option<(String, String)> {
    let context = entry.value.any_text().filter(|text| !is_remote(&text.value) && !text.value.starts_with("target:"))?;
    let resolved = entry.value.as_scalar().and_then(|s| s.path.clone());
    Some((entry.key.value.clone(), resolved.unwrap_or_else(|| files::join(&known.dir, &context.value))))
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

/// A path, resolved; `None` for an empty one.
fn path(node: &Node) -> Option<String> {
    let resolved = node.as_scalar().and_then(|scalar| scalar.path.clone());
    resolved.or_else(|| node.any_text().map(|text| text.value)).filter(|path| !path.is_empty())
}

fn truth(node: &Node) -> bool {
    node.is_true() || node.as_str().and_then(super::substitute::boolean) == Some(true)
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

fn command(entry: &Entry) -> Option<CommandLine> {
    let node = &entry.value;
    if let Some(string) = node.any_text() {
        // Linux starts nothing with more than that
        let argv = if string.len() > MAX_COMMAND { Vec::new() } else { words::split(&string).unwrap_or_default() };
        return Some(CommandLine { span: node.span, argv, string: Some(string) });
    }
    let list = matches!(node.value, super::tree::Value::Seq(_));
    list.then(|| CommandLine { span: node.span, argv: node.items().iter().filter_map(Node::any_text).collect(), string: None })
}

fn port(item: &Node) -> Option<Port> {
    let target = text(item, "target")?.value.parse().ok()?;
    Some(Port {
        span: item.span,
        target,
        published: text(item, "published").map(|t| t.value).filter(|p| !p.is_empty()),
        host_ip: text(item, "host_ip").map(|t| t.value).filter(|p| !p.is_empty()),
        protocol: text(item, "protocol").map_or_else(|| "tcp".to_owned(), |t| t.value),
    })
}

fn expose(item: &Node) -> Vec<At<u16>> {
    let Some(text) = item.any_text() else { return Vec::new() };
    short::exposed(&text.value).into_iter().map(|p| At::new(p, item.span)).collect()
}

fn mounts(node: &Node) -> Vec<ServiceMount> {
    let mut all: Vec<ServiceMount> = items(node, "volumes").filter_map(mount).collect();
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

fn depends_on(entry: &Entry) -> DependsOn {
    let required = entry.value.get("required").is_none_or(truth);
    let condition = text(&entry.value, "condition").map_or_else(|| "service_started".to_owned(), |t| t.value);
    DependsOn { service: entry.key.clone(), condition, required }
}

fn link(item: &Node) -> Option<Link> {
    let text = item.any_text()?;
    let (service, alias) = text.value.split_once(':').unwrap_or((&text.value, &text.value));
    Some(Link { span: item.span, service: service.to_owned(), alias: alias.to_owned() })
}

fn network(entry: &Entry) -> ServiceNetwork {
    ServiceNetwork { name: entry.key.clone(), aliases: strings(&entry.value, "aliases") }
}

fn healthcheck(node: &Node) -> Healthcheck {
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

fn scale(node: &Node) -> Option<At<u64>> {
    let replicas = node.get("scale").or_else(|| node.at(&["deploy", "replicas"]))?;
    let count = replicas.any_text()?.value.parse().ok()?;
    Some(At::new(count, Span { ..replicas.span }))
}
