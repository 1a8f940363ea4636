//! The entries of a target as bake writes them: caches, outputs, keys, hosts, limits, sizes.

use serde_json::{Value, json};

use super::Object;

/// A list of strings, or the one string that stands for it.
pub(super) fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(|item| Some(item.as_str()?.to_owned())).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn texts(all: Vec<String>) -> Vec<Value> {
    all.into_iter().map(Value::from).collect()
}

/// `key=value,…`.
pub(super) fn fields(text: &str) -> Object {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.trim().to_lowercase(), json!(value))).collect()
}

/// Cache entries; one without any `=` is the name of an image.
pub(super) fn caches(all: &[String]) -> Result<Vec<Value>, String> {
    let one = |text: &String| match text.contains('=') {
        false => Ok(json!({"type": "registry", "ref": text})),
        true => match fields(text) {
            cache if cache.contains_key("type") => Ok(Value::Object(cache)),
            _ => Err(format!("the cache `{text}` has no type; write `type=registry,…` or only the image's name")),
        },
    };
    all.iter().filter(|text| !text.is_empty()).map(one).collect()
}

/// Outputs; one without any `=` is a folder, `-` the standard output.
pub(super) fn outputs(all: &[String]) -> Vec<Value> {
    let one = |text: &String| match text.as_str() {
        "-" => json!({"type": "tar", "dest": "-"}),
        path if !path.contains('=') => json!({"type": "local", "dest": path}),
        _ => Value::Object(fields(text)),
    };
    all.iter().map(one).collect()
}

pub(super) fn ssh(key: &str) -> Value {
    match key.split_once('=') {
        Some((id, paths)) => json!({"id": id, "paths": paths.split(',').collect::<Vec<_>>()}),
        None => json!({"id": key}),
    }
}

/// Hosts by name; several addresses of one stand after each other.
pub(super) fn hosts(all: &[String]) -> Object {
    let mut map = Object::new();
    for (name, address) in all.iter().filter_map(|host| host.split_once('=')) {
        let known = map.get(name).and_then(Value::as_str).map(|known| format!("{known},{address}"));
        map.insert(name.to_owned(), json!(known.unwrap_or_else(|| address.to_owned())));
    }
    map
}

pub(super) fn ulimits(build: &Object) -> Vec<Value> {
    let limits = build.get("ulimits").and_then(Value::as_object).into_iter().flatten();
    let text = |(name, limit): (&String, &Value)| {
        let of = |key: &str| limit.as_i64().or_else(|| limit.get(key)?.as_i64()).unwrap_or_default();
        json!(format!("{name}={}:{}", of("soft"), of("hard")))
    };
    limits.map(text).collect()
}

/// `sbom` and `provenance`: on, off, or with settings.
pub(super) fn attestations(build: &Object) -> Result<Vec<Value>, String> {
    let mut all = Vec::new();
    for kind in ["sbom", "provenance"] {
        let Some(text) = build.get(kind).and_then(Value::as_str) else { continue };
        let mut one = match text {
            "true" => Object::new(),
            "false" => Object::from_iter([("disabled".to_owned(), json!(true))]),
            _ if text.split(',').all(|pair| pair.contains('=')) => fields(text),
            _ => return Err(format!("`{kind}: {text}` is neither true, false nor `key=value`")),
        };
        one.insert("type".to_owned(), json!(kind));
        all.push(Value::Object(one));
    }
    Ok(all)
}

/// A size with the largest unit that leaves at least 1, in four digits.
pub(super) fn size(bytes: u64) -> String {
    let mut number = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
        if number < 1024.0 {
            break;
        }
        (number, unit) = (number / 1024.0, larger);
    }
    let whole = if number < 1.0 { 1 } else { number.log10().floor() as usize + 1 };
    let text = format!("{number:.*}", 4_usize.saturating_sub(whole));
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}{unit}")
}

/// Bake reads `${` and `%{` in its files as templates; doubled they are text.
pub(super) fn escape(value: &mut Value, depth: usize) {
    match value {
        Value::String(text) => *text = text.replace("${", "$${").replace("%{", "%%{"),
        Value::Array(items) if depth < 8 => items.iter_mut().for_each(|item| escape(item, depth + 1)),
        Value::Object(map) if depth < 8 => map.values_mut().for_each(|item| escape(item, depth + 1)),
        _ => {}
    }
}
