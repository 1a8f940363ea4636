//! Values in the form in which they are printed.

use serde_json::{Map, Value as Json, json};

use crate::compose::substitute::boolean;
use crate::compose::tree::{Data, Node, Value};
use crate::compose::{units, words};

pub(super) fn flag(node: &Node) -> Option<bool> {
    match node.as_scalar()?.data {
        Data::Bool(b) => Some(b),
        _ => node.as_str().and_then(boolean),
    }
}

/// A whole number as Go reads it into 64 bits.
pub(in crate::compose) fn int(node: &Node) -> Option<i64> {
    match node.as_scalar()?.data {
        Data::Int(i) => Some(i),
        Data::Uint(u) => Some(u as i64),
        // beyond 64 bits Go gives the smallest number
        Data::Float(f) if f >= 9.223_372_036_854_776e18 => Some(i64::MIN),
        Data::Float(f) => Some(f as i64),
        _ => node.as_str()?.parse().ok(),
    }
}

/// The same without a sign.
pub(super) fn whole(node: &Node) -> Option<u64> {
    match node.as_scalar()?.data {
        Data::Uint(u) => Some(u),
        Data::Float(f) if f >= 1.844_674_407_370_955_2e19 => Some(1 << 63),
        Data::Float(f) if f > 0.0 => Some(f as u64),
        _ => int(node).map(|i| i as u64),
    }
}

pub(super) fn float(node: &Node) -> Option<f64> {
    match node.as_scalar()?.data {
        Data::Int(i) => Some(i as f64),
        Data::Uint(u) => Some(u as f64),
        Data::Float(f) => Some(f),
        _ => units::float(node.as_str()?),
    }
}

pub(super) fn float_json(f: f64) -> Json {
    let single: f64 = (f as f32).to_string().parse().unwrap_or(f);
    if single.fract() == 0.0 && single.abs() < 1e15 { json!(single as i64) } else { json!(single) }
}

pub(in crate::compose) fn bytes(node: &Node) -> Option<i64> {
    match node.as_scalar()?.data {
        Data::Int(i) => Some(i),
        Data::Str => units::bytes(node.as_str()?),
        _ => Some(0),
    }
}

pub(super) fn nanos(node: &Node) -> Option<i64> {
    units::duration(&node.any_text()?.value)
}

pub(super) fn strings(node: &Node) -> Map<String, Json> {
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

pub(super) fn environment(node: &Node) -> Map<String, Json> {
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

pub(super) fn command(node: &Node) -> Option<Json> {
    if let Some(text) = node.as_text() {
        let mut argv = Vec::new();
        return words::each(text, &mut |word| argv.push(Json::from(word.value))).then_some(Json::Array(argv));
    }
    match &node.value {
        Value::Seq(items) => Some(json!(items.iter().map(|i| i.any_text().map(|t| t.value).unwrap_or_default()).collect::<Vec<_>>())),
        _ => Some(Json::Null),
    }
}

pub(super) fn hosts(node: &Node) -> Option<Json> {
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
    (!all.is_empty() || !node.entries().is_empty()).then(|| json!(all))
}

pub(super) fn mode(node: &Node) -> Option<Json> {
    let mode = match node.as_scalar()?.data {
        Data::Int(i) => i,
        _ => i64::from_str_radix(node.as_str()?, 8).ok()?,
    };
    let sign = if mode < 0 { "-" } else { "" };
    Some(json!(format!("0{sign}{:o}", mode.unsigned_abs())))
}

pub(super) fn limits(node: &Node) -> Option<Json> {
    let one = |n: &Node| match int(n) {
        Some(0) => json!({}),
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

pub(super) fn count(node: &Node) -> Option<Json> {
    let text = node.any_text()?.value;
    let count = if text.eq_ignore_ascii_case("all") { -1 } else { text.parse::<i64>().ok()? };
    (count != 0).then(|| json!(count))
}

pub(super) fn device(node: &Node, value: &str) -> Json {
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
pub(in crate::compose) fn any(node: &Node) -> Json {
    match &node.value {
        Value::Map(entries) => Json::Object(entries.iter().map(|e| (e.key.value.clone(), any(&e.value))).collect()),
        Value::Seq(items) => Json::Array(items.iter().map(any).collect()),
        Value::Scalar(s) => match s.data {
            Data::Null => Json::Null,
            Data::Bool(b) => json!(b),
            Data::Int(i) => json!(i),
            Data::Uint(u) => json!(u),
            Data::Float(f) => json!(f),
            Data::Date(date) => json!(date.json()),
            Data::Str => json!(s.text.value),
        },
    }
}
