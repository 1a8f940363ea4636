//! The resolved model as JSON, with the fields and omissions of `docker compose config --format json`.

mod fields;
mod values;

pub(super) use values::{any, bytes, int};

use serde_json::{Map, Value as Json, json};

use fields::Kind::{self, *};
use fields::{MODELS, NETWORKS, OBJECTS, SERVICE, VOLUMES};
use values::{command, count, device, environment, flag, float, float_json, hosts, limits, mode, nanos, strings, whole};

use super::model::EnvVar;
use super::substitute::Env;
use super::tree::Node;
use super::units;
use crate::files;

/// What the printed service needs beyond its node.
pub(super) struct ServiceExtra<'a> {
    pub(super) name: &'a str,
    pub(super) environment: &'a [EnvVar],
    pub(super) labels: Vec<(String, String)>,
}

/// Prints a model. `root` is the absolute folder that paths count from; `yaml` has keys in `x-` everywhere, and no empty groups.
pub(super) fn project(model: &Node, name: &str, env: &Env, services: &[ServiceExtra<'_>], root: &str, yaml: bool) -> Json {
    let printer = Printer { root, yaml };
    let mut out = Map::new();
    out.insert("name".to_owned(), json!(name));
    let mut printed = Map::new();
    for extra in services {
        if let Some(node) = model.at(&["services", extra.name]) {
            printed.insert(extra.name.to_owned(), printer.service(node, extra, env));
        }
    }
    out.insert("services".to_owned(), Json::Object(printed));
    let kinds = [("networks", NETWORKS), ("volumes", VOLUMES), ("secrets", OBJECTS), ("configs", OBJECTS), ("models", MODELS)];
    for (kind, fields) in kinds {
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
    yaml: bool,
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
                (None, Command | Always(_)) if self.yaml => None,
                (None, Command) => Some(Json::Null),
                (None, Always(fields)) => Some(Json::Object(self.fields(&Node::map(Vec::new(), node.span), fields))),
                (None, StrAlways) => Some(json!("")),
                (None, IntAlways) => Some(json!(0)),
                (None, _) => None,
                (Some(value), kind) => self.value(value, kind),
            };
            if let Some(printed) = printed {
                out.insert((*key).to_owned(), printed);
            }
        }
        for entry in node.entries().iter().filter(|e| self.yaml && e.key.value.starts_with("x-")) {
            out.insert(entry.key.value.clone(), any(&entry.value));
        }
        out
    }

    fn value(&self, node: &Node, kind: &Kind) -> Option<Json> {
        match kind {
            Str => self.text(node).filter(|t| !t.is_empty()).map(Json::from),
            StrAlways => Some(json!(self.text(node).unwrap_or_default())),
            IntAlways => Some(json!(int(node).unwrap_or_default())),
            Flag => flag(node).filter(|&b| b).map(Json::from),
            Bool => flag(node).map(Json::from),
            OptOut => flag(node).filter(|b| !b).map(Json::from),
            Int => int(node).filter(|&i| i != 0).map(Json::from),
            IntSet => int(node).map(Json::from),
            Bits(width) => whole(node).map(|n| n & (u64::MAX >> 64_u32.saturating_sub(*width))).filter(|&n| n != 0).map(Json::from),
            CountSet => whole(node).map(Json::from),
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
            Command => command(node).filter(|words| !(self.yaml && words.is_null())),
            Test => match node.any_text() {
                Some(text) => Some(json!(["CMD-SHELL", text.value])),
                None => Some(json!(self.list(node))).filter(|_| !node.items().is_empty()),
            },
            Hosts => hosts(node),
            Mode => mode(node),
            Limits => limits(node),
            Count => count(node),
            Ssh => ssh(self, node),
            Options => {
                let list = |n: &Node| n.any_text().map_or_else(|| self.list(n), |text| vec![text.value]);
                let all = node.entries().iter().map(|e| (e.key.value.clone(), list(&e.value))).filter(|(_, values)| !values.is_empty());
                let map: Map<String, Json> = all.map(|(key, values)| (key, json!(values))).collect();
                (!map.is_empty()).then_some(Json::Object(map))
            }
            Fields(fields) => node.is_map().then(|| Json::Object(self.fields(node, fields))),
            Always(fields) => {
                let printed = node.is_map().then(|| self.fields(node, fields));
                printed.filter(|p| !(self.yaml && p.is_empty())).map(Json::Object)
            }
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
            // an absolute path stays as it is written
            Some(path) if !self.root.is_empty() && !path.starts_with('/') => {
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
