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

/// A list of words; one string holds several, with blanks between them.
pub(super) fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => text.split_whitespace().map(str::to_owned).collect(),
        Some(Value::Array(all)) => all.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned)).collect(),
        Some(one @ (Value::Number(_) | Value::Bool(_))) => vec![one.to_string()],
        _ => Vec::new(),
    }
}

/// The fields of a line of comma-separated values. A field in quotes may hold commas, and quotes that are doubled.
fn fields(text: &str) -> Result<Vec<String>, String> {
    let mut all = Vec::new();
    let mut chars = text.chars().peekable();
    loop {
        let mut field = String::new();
        let quoted = chars.next_if_eq(&'"').is_some();
        let mut open = quoted;
        while let Some(c) = chars.next_if(|&c| quoted || c != ',') {
            match c {
                '"' if !quoted => return Err(format!("`{text}` has a quote in the middle of a part; put the whole part in quotes")),
                '"' if chars.next_if_eq(&'"').is_none() => {
                    open = false;
                    break;
                }
                _ => field.push(c),
            }
        }
        if open {
            return Err(format!("a quote in `{text}` is never closed"));
        }
        all.push(field);
        match chars.next() {
            Some(',') => {}
            None => return Ok(all),
            Some(_) => return Err(format!("`{text}` goes on after a closing quote where a comma should stand")),
        }
    }
}

/// `key=value,…`, every part of which must be such a pair.
fn pairs(text: &str) -> Result<Object, String> {
    let pair = |pair: &String| match pair.split_once('=') {
        Some((key, value)) => Ok((key.to_lowercase(), json!(value))),
        None => Err(format!("`{pair}` in `{text}` is no `key=value`")),
    };
    fields(text)?.iter().map(pair).collect()
}

/// Cache entries; without any `=` each word between commas is the name of an image.
pub(super) fn caches(all: &[String]) -> Result<Vec<Value>, String> {
    let mut caches = Vec::new();
    for text in all.iter().filter(|text| !text.is_empty()) {
        if !text.contains('=') {
            caches.extend(text.split(',').map(|name| json!({"type": "registry", "ref": name})));
            continue;
        }
        match pairs(text)? {
            cache if cache.contains_key("type") => caches.push(Value::Object(cache)),
            _ => return Err(format!("the cache `{text}` has no type; write `type=registry,…` or only the image's name")),
        }
    }
    Ok(caches)
}

/// Outputs; a single word is a folder, `-` the standard output.
pub(super) fn outputs(all: &[String]) -> Result<Vec<Value>, String> {
    let one = |text: &String| match text.as_str() {
        "-" => Ok(json!({"type": "tar", "dest": "-"})),
        path if !path.contains(',') && !path.starts_with("type=") => Ok(json!({"type": "local", "dest": path})),
        _ => match pairs(text)? {
            output if output.contains_key("type") => Ok(Value::Object(output)),
            _ => Err(format!("the output `{text}` has no type; write `type=local,dest=…`")),
        },
    };
    all.iter().map(one).collect()
}

/// A secret as `id=…,src=…` or `id=…,env=…`.
pub(super) fn secret(text: &str) -> Result<Value, String> {
    let mut secret = Object::new();
    let mut from_environment = false;
    for (key, value) in pairs(text)? {
        match (key.as_str(), value.as_str()) {
            ("type", Some("file")) => {}
            ("type", Some("env")) => from_environment = true,
            ("source" | "src", _) => drop(secret.insert("src".to_owned(), value)),
            ("id" | "env", _) => drop(secret.insert(key, value)),
            _ => return Err(format!("the secret `{text}` has `{key}`, which no builder knows")),
        }
    }
    if from_environment
        && !secret.contains_key("env")
        && let Some(name) = secret.remove("src")
    {
        secret.insert("env".to_owned(), name);
    }
    Ok(Value::Object(secret))
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
            "1" | "t" | "T" | "true" | "TRUE" | "True" => Object::new(),
            "0" | "f" | "F" | "false" | "FALSE" | "False" => Object::from_iter([("disabled".to_owned(), json!(true))]),
            _ => pairs(text).map_err(|_| format!("`{kind}: {text}` is neither true, false nor `key=value`"))?,
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
