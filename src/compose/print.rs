//! The resolved model as JSON, with the fields and omissions of `docker compose config --format json`.

use serde_json::{Map, Value as Json, json};

use super::model::EnvVar;
use super::substitute::{Env, boolean};
use super::tree::{Data, Node, Value};
use super::{units, words};
use crate::files;

/// How a field is printed, and when it is left out.
enum Kind {
    /// Left out where empty.
    Str,
    /// Left out where false.
    Flag,
    /// Printed wherever it is set.
    Bool,
    /// Left out where 0.
    Int,
    /// Printed wherever it is set.
    IntSet,
    /// Left out where 0.
    Float,
    /// A size: bytes as a string; left out where 0.
    Bytes,
    /// Left out where 0.
    Duration,
    /// Printed wherever it is set.
    DurationSet,
    /// Strings; left out where there is none.
    List,
    /// Strings by name; nothing is the empty string.
    Strings,
    /// Strings by name; nothing stays nothing.
    Environment,
    /// Words; always printed.
    Command,
    /// `[CMD-SHELL, …]`.
    Test,
    Hosts,
    Mode,
    Limits,
    Count,
    Ssh,
    /// Left out where true.
    OptOut,
    Options,
    /// Fields, printed wherever the key is set.
    Fields(&'static [(&'static str, Kind)]),
    /// Fields, always printed.
    Always(&'static [(&'static str, Kind)]),
    /// A list of such.
    Each(&'static [(&'static str, Kind)]),
    /// Such by name; nothing stays nothing.
    ByName(&'static [(&'static str, Kind)]),
    /// Fields of a list, printed under other names, always.
    Devices(&'static str),
}

use Kind::{
    Always, Bool, ByName, Bytes, Command, Count, Devices, Duration, DurationSet, Each, Environment, Fields, Flag, Float, Hosts, Int,
    IntSet, Limits, List, Mode, OptOut, Options, Ssh, Str, Strings, Test,
};

const FILE: &[(&str, Kind)] = &[("source", Str), ("target", Str), ("uid", Str), ("gid", Str), ("mode", Mode)];

const BUILD: &[(&str, Kind)] = &[
    ("context", Str),
    ("dockerfile", Str),
    ("dockerfile_inline", Str),
    ("entitlements", List),
    ("args", Environment),
    ("provenance", Str),
    ("sbom", Str),
    ("ssh", Ssh),
    ("labels", Strings),
    ("cache_from", List),
    ("cache_to", List),
    ("no_cache", Flag),
    ("no_cache_filter", List),
    ("additional_contexts", Strings),
    ("pull", Flag),
    ("extra_hosts", Hosts),
    ("isolation", Str),
    ("network", Str),
    ("target", Str),
    ("secrets", Each(FILE)),
    ("shm_size", Bytes),
    ("tags", List),
    ("ulimits", Limits),
    ("platforms", List),
    ("privileged", Flag),
];

const HOOK: &[(&str, Kind)] = &[
    ("command", Command),
    ("image", Str),
    ("user", Str),
    ("privileged", Flag),
    ("working_dir", Str),
    ("environment", Environment),
    ("per_replica", Flag),
];

const WATCH: &[(&str, Kind)] =
    &[("path", Str), ("action", Str), ("target", Str), ("exec", Always(HOOK)), ("include", List), ("ignore", List), ("initial_sync", Flag)];

const DEVICE: &[(&str, Kind)] = &[("capabilities", List), ("driver", Str), ("count", Count), ("device_ids", List), ("options", Strings)];

const SPEC: &[(&str, Kind)] = &[("kind", Str), ("value", IntSet)];

const RESOURCE: &[(&str, Kind)] = &[
    ("cpus", Float),
    ("memory", Bytes),
    ("pids", Int),
    ("devices", Each(DEVICE)),
    ("generic_resources", Each(&[("discrete_resource_spec", Fields(SPEC))])),
];

const UPDATE: &[(&str, Kind)] = &[
    ("parallelism", IntSet),
    ("delay", Duration),
    ("failure_action", Str),
    ("monitor", Duration),
    ("max_failure_ratio", Float),
    ("order", Str),
];

const DEPLOY: &[(&str, Kind)] = &[
    ("mode", Str),
    ("replicas", IntSet),
    ("labels", Strings),
    ("update_config", Fields(UPDATE)),
    ("rollback_config", Fields(UPDATE)),
    ("resources", Always(&[("limits", Fields(RESOURCE)), ("reservations", Fields(RESOURCE))])),
    ("restart_policy", Fields(&[("condition", Str), ("delay", DurationSet), ("max_attempts", IntSet), ("window", DurationSet)])),
    ("placement", Always(&[("constraints", List), ("preferences", Each(&[("spread", Str)])), ("max_replicas_per_node", Int)])),
    ("endpoint_mode", Str),
];

const NETWORK: &[(&str, Kind)] = &[
    ("aliases", List),
    ("driver_opts", Strings),
    ("gw_priority", Int),
    ("interface_name", Str),
    ("ipv4_address", Str),
    ("ipv6_address", Str),
    ("link_local_ips", List),
    ("mac_address", Str),
    ("priority", Int),
];

const PORT: &[(&str, Kind)] =
    &[("name", Str), ("mode", Str), ("host_ip", Str), ("target", Int), ("published", Str), ("protocol", Str), ("app_protocol", Str)];

const VOLUME: &[(&str, Kind)] = &[
    ("type", Str),
    ("source", Str),
    ("target", Str),
    ("read_only", Flag),
    ("consistency", Str),
    ("bind", Fields(&[("selinux", Str), ("propagation", Str), ("create_host_path", OptOut), ("recursive", Str)])),
    ("volume", Fields(&[("labels", Strings), ("nocopy", Flag), ("subpath", Str)])),
    ("tmpfs", Fields(&[("size", Bytes), ("mode", Int)])),
    ("image", Fields(&[("subpath", Str)])),
];

const HEALTHCHECK: &[(&str, Kind)] = &[
    ("test", Test),
    ("timeout", DurationSet),
    ("interval", DurationSet),
    ("retries", IntSet),
    ("start_period", DurationSet),
    ("start_interval", DurationSet),
    ("disable", Flag),
];

const BLKIO: &[(&str, Kind)] = &[
    ("weight", Int),
    ("weight_device", Devices("Weight")),
    ("device_read_bps", Devices("Rate")),
    ("device_read_iops", Devices("Rate")),
    ("device_write_bps", Devices("Rate")),
    ("device_write_iops", Devices("Rate")),
];

/// All but `environment`, which env files take part in.
const SERVICE: &[(&str, Kind)] = &[
    ("profiles", List),
    ("annotations", Strings),
    ("attach", Bool),
    ("build", Fields(BUILD)),
    ("develop", Fields(&[("watch", Each(WATCH))])),
    ("blkio_config", Fields(BLKIO)),
    ("cap_add", List),
    ("cap_drop", List),
    ("cgroup_parent", Str),
    ("cgroup", Str),
    ("cpu_count", Int),
    ("cpu_percent", Float),
    ("cpu_period", Int),
    ("cpu_quota", Int),
    ("cpu_rt_period", Int),
    ("cpu_rt_runtime", Int),
    ("cpus", Float),
    ("cpuset", Str),
    ("cpu_shares", Int),
    ("command", Command),
    ("configs", Each(FILE)),
    ("container_name", Str),
    ("credential_spec", Fields(&[("config", Str), ("file", Str), ("registry", Str)])),
    ("depends_on", ByName(&[("condition", Str), ("restart", Flag), ("required", Bool)])),
    ("deploy", Fields(DEPLOY)),
    ("device_cgroup_rules", List),
    ("devices", Each(&[("source", Str), ("target", Str), ("permissions", Str)])),
    ("dns", List),
    ("dns_opt", List),
    ("dns_search", List),
    ("domainname", Str),
    ("entrypoint", Command),
    ("provider", Fields(&[("type", Str), ("options", Options)])),
    ("env_file", Each(&[("path", Str), ("required", OptOut), ("format", Str)])),
    ("expose", List),
    ("extends", Fields(&[("file", Str), ("service", Str)])),
    ("external_links", List),
    ("extra_hosts", Hosts),
    ("group_add", List),
    ("gpus", Each(DEVICE)),
    ("hostname", Str),
    ("healthcheck", Fields(HEALTHCHECK)),
    ("image", Str),
    ("init", Bool),
    ("ipc", Str),
    ("isolation", Str),
    ("label_file", List),
    ("links", List),
    ("logging", Fields(&[("driver", Str), ("options", Strings)])),
    ("mem_limit", Bytes),
    ("mem_reservation", Bytes),
    ("memswap_limit", Bytes),
    ("mem_swappiness", Bytes),
    ("mac_address", Str),
    ("models", ByName(&[("endpoint_var", Str), ("model_var", Str)])),
    ("network_mode", Str),
    ("networks", ByName(NETWORK)),
    ("oom_kill_disable", Flag),
    ("oom_score_adj", Int),
    ("pid", Str),
    ("pids_limit", Int),
    ("platform", Str),
    ("ports", Each(PORT)),
    ("privileged", Flag),
    ("pull_policy", Str),
    ("read_only", Flag),
    ("restart", Str),
    ("runtime", Str),
    ("scale", IntSet),
    ("secrets", Each(FILE)),
    ("security_opt", List),
    ("shm_size", Bytes),
    ("stdin_open", Flag),
    ("stop_grace_period", DurationSet),
    ("stop_signal", Str),
    ("storage_opt", Strings),
    ("sysctls", Strings),
    ("tmpfs", List),
    ("tty", Flag),
    ("ulimits", Limits),
    ("use_api_socket", Flag),
    ("user", Str),
    ("userns_mode", Str),
    ("uts", Str),
    ("volumes", Each(VOLUME)),
    ("volumes_from", List),
    ("working_dir", Str),
    ("pre_start", Each(HOOK)),
    ("post_start", Each(HOOK)),
    ("pre_stop", Each(HOOK)),
];

const IPAM: &[(&str, Kind)] = &[
    ("driver", Str),
    ("config", Each(&[("subnet", Str), ("gateway", Str), ("ip_range", Str), ("aux_addresses", Strings)])),
    ("options", Strings),
];

const NETWORKS: &[(&str, Kind)] = &[
    ("name", Str),
    ("driver", Str),
    ("driver_opts", Strings),
    ("ipam", Always(IPAM)),
    ("external", Flag),
    ("internal", Flag),
    ("attachable", Flag),
    ("labels", Strings),
    ("enable_ipv4", Bool),
    ("enable_ipv6", Bool),
];

const VOLUMES: &[(&str, Kind)] = &[("name", Str), ("driver", Str), ("driver_opts", Strings), ("external", Flag), ("labels", Strings)];

const OBJECTS: &[(&str, Kind)] = &[
    ("name", Str),
    ("file", Str),
    ("environment", Str),
    ("content", Str),
    ("external", Flag),
    ("labels", Strings),
    ("driver", Str),
    ("driver_opts", Strings),
    ("template_driver", Str),
];

/// What the printed service needs beyond its node.
pub(super) struct ServiceExtra<'a> {
    pub(super) name: &'a str,
    pub(super) environment: &'a [EnvVar],
    pub(super) labels: Vec<(String, String)>,
}

/// Prints a model; `root` is the absolute folder that paths count from.
pub(super) fn project(model: &Node, name: &str, env: &Env, services: &[ServiceExtra<'_>], root: &str) -> Json {
    let printer = Printer { root };
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(name));
    let mut printed = Map::new();
    for extra in services {
        if let Some(node) = model.at(&["services", extra.name]) {
            printed.insert(extra.name.to_owned(), printer.service(node, extra, env));
        }
    }
    out.insert("services".to_owned(), Json::Object(printed));
    for (kind, fields) in [("networks", NETWORKS), ("volumes", VOLUMES), ("secrets", OBJECTS), ("configs", OBJECTS)] {
        let entries = model.get(kind).map_or(&[][..], Node::entries);
        if entries.is_empty() {
            continue;
        }
        let map = entries.iter().map(|e| (e.key.value.clone(), printer.resource(kind, &e.value, fields))).collect();
        out.insert(kind.to_owned(), Json::Object(map));
    }
    for entry in model.entries().iter().filter(|e| e.key.value.starts_with("x-")) {
        out.insert(entry.key.value.clone(), any(&entry.value));
    }
    Json::Object(out)
}

/// What stands under `x-bake` in the builds of services, by service.
pub(super) fn bake_extensions(model: &Node) -> std::collections::BTreeMap<String, Json> {
    let services = model.get("services").map_or(&[][..], Node::entries);
    services.iter().filter_map(|service| Some((service.key.value.clone(), any(service.value.at(&["build", "x-bake"])?)))).collect()
}

struct Printer<'a> {
    root: &'a str,
}

impl Printer<'_> {
    fn service(&self, node: &Node, extra: &ServiceExtra<'_>, env: &Env) -> Json {
        let mut out = self.fields(node, SERVICE);
        let environment: Map<String, Json> = extra
            .environment
            .iter()
            .filter(|v| v.value.is_some() || !v.from_file)
            .map(|v| {
                (
                    v.name.value.clone(),
                    v.value.as_ref().map(|t| json!(t.value)).or_else(|| env.get(&v.name.value).map(|t| json!(t))).unwrap_or(Json::Null),
                )
            })
            .collect();
        if !environment.is_empty() {
            out.insert("environment".to_owned(), Json::Object(environment));
        }
        let mut labels: Map<String, Json> = extra.labels.iter().map(|(k, v)| (k.clone(), json!(v))).collect();
        labels.extend(node.get("labels").map(strings).unwrap_or_default());
        if !labels.is_empty() {
            out.insert("labels".to_owned(), Json::Object(labels));
        }
        if let (Some(scale), Some(Json::Object(deploy))) = (out.get("scale").cloned(), out.get_mut("deploy")) {
            deploy.insert("replicas".to_owned(), scale);
        }
        Json::Object(out)
    }

    fn resource(&self, kind: &str, node: &Node, fields: &[(&str, Kind)]) -> Json {
        let mut out = self.fields(node, fields);
        if kind == "secrets" || out.contains_key("environment") {
            out.remove("content");
        }
        Json::Object(out)
    }

    fn fields(&self, node: &Node, fields: &[(&str, Kind)]) -> Map<String, Json> {
        let mut out = Map::new();
        for (key, kind) in fields {
            let value = node.get(key).filter(|v| !v.is_null());
            let printed = match (value, kind) {
                (None, Command) => Some(Json::Null),
                (None, Always(fields)) => Some(Json::Object(self.fields(&Node::map(Vec::new(), node.span), fields))),
                (None, _) => None,
                (Some(value), kind) => self.value(value, kind),
            };
            if let Some(printed) = printed {
                out.insert((*key).to_owned(), printed);
            }
        }
        out
    }

    fn value(&self, node: &Node, kind: &Kind) -> Option<Json> {
        match kind {
            Str => self.text(node).filter(|t| !t.is_empty()).map(Json::from),
            Flag => flag(node).filter(|&b| b).map(Json::from),
            Bool => flag(node).map(Json::from),
            OptOut => flag(node).filter(|b| !b).map(Json::from),
            Int => int(node).filter(|&i| i != 0).map(Json::from),
            IntSet => int(node).map(Json::from),
            Float => float(node).filter(|&f| f != 0.0).map(float_json),
            Bytes => bytes(node).filter(|&b| b != 0).map(|b| json!(b.to_string())),
            Duration => nanos(node).filter(|&n| n != 0).map(|n| json!(units::show_duration(n))),
            DurationSet => nanos(node).map(|n| json!(units::show_duration(n))),
            List => {
                let all = self.list(node);
                (!all.is_empty()).then(|| json!(all))
            }
            Strings => {
                let map = self.strings(node);
                (!map.is_empty()).then_some(Json::Object(map))
            }
            Environment => {
                let map = environment(node);
                (!map.is_empty()).then_some(Json::Object(map))
            }
            Command => command(node),
            Test => match node.any_text() {
                Some(text) => Some(json!(["CMD-SHELL", text.value])),
                None => Some(json!(self.list(node))).filter(|_| !node.items().is_empty()),
            },
            Hosts => hosts(node),
            Mode => mode(node),
            Limits => limits(node),
            Count => count(node),
            Ssh => ssh(self, node),
            Options => Some(Json::Object(
                node.entries()
                    .iter()
                    .map(|e| (e.key.value.clone(), json!(e.value.any_text().map_or_else(|| self.list(&e.value), |t| vec![t.value]))))
                    .collect(),
            )),
            Fields(fields) | Always(fields) => node.is_map().then(|| Json::Object(self.fields(node, fields))),
            Each(fields) => {
                let all: Vec<Json> = node.items().iter().map(|i| Json::Object(self.fields(i, fields))).collect();
                (!all.is_empty()).then_some(Json::Array(all))
            }
            ByName(fields) => {
                let one = |n: &Node| if n.is_null() { Json::Null } else { Json::Object(self.fields(n, fields)) };
                let map: Map<String, Json> = node.entries().iter().map(|e| (e.key.value.clone(), one(&e.value))).collect();
                (!map.is_empty()).then_some(Json::Object(map))
            }
            Devices(value) => {
                let all: Vec<Json> = node.items().iter().map(|i| device(i, value)).collect();
                (!all.is_empty()).then_some(Json::Array(all))
            }
        }
    }

    /// A string; paths from the root become absolute.
    fn text(&self, node: &Node) -> Option<String> {
        let scalar = node.as_scalar()?;
        match &scalar.path {
            Some(path) if !self.root.is_empty() => {
                Some(files::join(self.root, path)).filter(|_| !windows(path)).or_else(|| Some(path.clone()))
            }
            Some(path) => Some(path.clone()),
            None => node.any_text().map(|t| t.value),
        }
    }

    fn list(&self, node: &Node) -> Vec<String> {
        match node.as_scalar() {
            Some(_) => self.text(node).into_iter().collect(),
            None => node.items().iter().map(|i| self.text(i).unwrap_or_default()).collect(),
        }
    }

    fn strings(&self, node: &Node) -> Map<String, Json> {
        let mut map = strings(node);
        for entry in node.entries().iter().filter(|e| e.value.as_scalar().is_some_and(|s| s.path.is_some())) {
            map.insert(entry.key.value.clone(), json!(self.text(&entry.value)));
        }
        map
    }
}

fn windows(path: &str) -> bool {
    path.starts_with(r"\\") || matches!(path.as_bytes(), [_, b':', b'/' | b'\\', ..])
}

fn flag(node: &Node) -> Option<bool> {
    match node.as_scalar()?.data {
        Data::Bool(b) => Some(b),
        _ => node.as_str().and_then(boolean),
    }
}

fn int(node: &Node) -> Option<i64> {
    match node.as_scalar()?.data {
        Data::Int(i) => Some(i),
        Data::Float(f) => Some(f as i64),
        _ => node.as_str()?.parse().ok(),
    }
}

fn float(node: &Node) -> Option<f64> {
    match node.as_scalar()?.data {
        Data::Int(i) => Some(i as f64),
        Data::Float(f) => Some(f),
        _ => node.as_str()?.parse().ok(),
    }
}

fn float_json(f: f64) -> Json {
    let single: f64 = (f as f32).to_string().parse().unwrap_or(f);
    if single.fract() == 0.0 && single.abs() < 1e15 { json!(single as i64) } else { json!(single) }
}

pub(super) fn bytes(node: &Node) -> Option<i64> {
    match node.as_scalar()?.data {
        Data::Int(i) => Some(i),
        Data::Str => units::bytes(node.as_str()?),
        _ => Some(0),
    }
}

fn nanos(node: &Node) -> Option<i64> {
    units::duration(&node.any_text()?.value)
}

fn strings(node: &Node) -> Map<String, Json> {
    let mut map = Map::new();
    for entry in node.entries() {
        map.insert(entry.key.value.clone(), json!(entry.value.any_text().map(|t| t.value).unwrap_or_default()));
    }
    for item in node.items().iter().filter_map(Node::any_text) {
        let (key, value) = item.value.split_once('=').unwrap_or((&item.value, ""));
        map.insert(key.to_owned(), json!(value));
    }
    map
}

fn environment(node: &Node) -> Map<String, Json> {
    let mut map = Map::new();
    for entry in node.entries() {
        map.insert(entry.key.value.clone(), json!(entry.value.any_text().map(|t| t.value)));
    }
    for item in node.items().iter().filter_map(Node::any_text) {
        match item.value.split_once('=') {
            Some((key, value)) => map.insert(key.to_owned(), json!(value)),
            None => map.insert(item.value.clone(), Json::Null),
        };
    }
    map
}

fn command(node: &Node) -> Option<Json> {
    if let Some(text) = node.as_text() {
        let mut argv = Vec::new();
        return words::each(text, &mut |word| argv.push(Json::from(word.value))).then_some(Json::Array(argv));
    }
    match &node.value {
        Value::Seq(items) => Some(json!(items.iter().map(|i| i.any_text().map(|t| t.value).unwrap_or_default()).collect::<Vec<_>>())),
        _ => Some(Json::Null),
    }
}

fn hosts(node: &Node) -> Option<Json> {
    let mut all: Vec<String> = Vec::new();
    let bare = |ip: &str| {
        if ip.len() > 2 && ip.starts_with('[') && ip.ends_with(']') { ip.trim_matches(['[', ']']).to_owned() } else { ip.to_owned() }
    };
    for item in node.items().iter().filter_map(Node::any_text) {
        let (host, ips) = item.value.split_once('=').or_else(|| item.value.split_once(':')).unwrap_or((&item.value, ""));
        all.extend(ips.split(',').map(|ip| format!("{host}={}", bare(ip))));
    }
    for entry in node.entries() {
        let one = entry.value.as_scalar().map(|_| entry.value.any_text().map(|t| t.value).unwrap_or_default());
        let ips = one.into_iter().chain(entry.value.items().iter().filter_map(Node::any_text).map(|t| t.value));
        all.extend(ips.map(|ip| format!("{}={}", entry.key.value, bare(&ip))));
    }
    all.sort();
    (!all.is_empty()).then(|| json!(all))
}

fn mode(node: &Node) -> Option<Json> {
    let mode = match node.as_scalar()?.data {
        Data::Int(i) => i,
        _ => i64::from_str_radix(node.as_str()?, 8).ok()?,
    };
    Some(json!(format!("0{mode:o}")))
}

fn limits(node: &Node) -> Option<Json> {
    let one = |n: &Node| match int(n) {
        Some(single) => json!(single),
        None => {
            let mut map = Map::new();
            for key in ["soft", "hard"] {
                if let Some(i) = n.get(key).and_then(int).filter(|&i| i != 0) {
                    map.insert(key.to_owned(), json!(i));
                }
            }
            Json::Object(map)
        }
    };
    let map: Map<String, Json> = node.entries().iter().map(|e| (e.key.value.clone(), one(&e.value))).collect();
    (!map.is_empty()).then_some(Json::Object(map))
}

fn count(node: &Node) -> Option<Json> {
    let text = node.any_text()?.value;
    let count = if text.eq_ignore_ascii_case("all") { -1 } else { text.parse::<i64>().ok()? };
    (count != 0).then(|| json!(count))
}

fn ssh(printer: &Printer<'_>, node: &Node) -> Option<Json> {
    let all: Vec<String> = node
        .entries()
        .iter()
        .map(|e| match printer.text(&e.value).filter(|p| !p.is_empty()) {
            Some(path) => format!("{}: {path}", e.key.value),
            None => e.key.value.clone(),
        })
        .collect();
    (!all.is_empty()).then(|| json!(all))
}

fn device(node: &Node, value: &str) -> Json {
    let path = node.get("path").and_then(Node::any_text).map(|t| t.value).unwrap_or_default();
    let field = node.get(if value == "Rate" { "rate" } else { "weight" });
    let shown = match value {
        "Rate" => json!(field.and_then(bytes).unwrap_or_default().to_string()),
        _ => json!(field.and_then(int).unwrap_or_default()),
    };
    let mut map = Map::new();
    map.insert("Path".to_owned(), json!(path));
    map.insert(value.to_owned(), shown);
    Json::Object(map)
}

/// An extension's value, as it stands.
pub(super) fn any(node: &Node) -> Json {
    match &node.value {
        Value::Map(entries) => Json::Object(entries.iter().map(|e| (e.key.value.clone(), any(&e.value))).collect()),
        Value::Seq(items) => Json::Array(items.iter().map(any).collect()),
        Value::Scalar(s) => match s.data {
            Data::Null => Json::Null,
            Data::Bool(b) => json!(b),
            Data::Int(i) => json!(i),
            Data::Float(f) => json!(f),
            Data::Date(date) => json!(date.json()),
            Data::Str => json!(s.text.value),
        },
    }
}
