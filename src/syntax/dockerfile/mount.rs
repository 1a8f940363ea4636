//! `--mount=` and `--device=`: comma-separated fields, quoted as in CSV.

use super::ast::{Flag, Mount};
use super::keywords::closest;
use crate::source::Span;
use crate::text::Text;

/// Splits a value at commas; `None` where its quotes are wrong or it is empty.
pub(super) fn fields(value: &Text) -> Option<Vec<Text>> {
    let text = value.value.as_str();
    if text.is_empty() {
        return None;
    }
    let mut out = Vec::new();
    let mut at = 0;
    loop {
        let rest = text.get(at..)?;
        let (field, len) = if rest.starts_with('"') { quoted(value, at)? } else { plain(value, at)? };
        out.push(field);
        at += len;
        if !text.get(at..)?.starts_with(',') {
            return Some(out);
        }
        at += 1;
    }
}

fn plain(value: &Text, at: usize) -> Option<(Text, usize)> {
    let rest = value.value.get(at..)?;
    let field = rest.split(',').next().unwrap_or(rest);
    (!field.contains('"')).then(|| (value.part(at, at + field.len()), field.len()))
}

/// A quoted field: `""` stands for a quote; only a comma may follow the last quote.
fn quoted(value: &Text, at: usize) -> Option<(Text, usize)> {
    let text = value.value.as_str();
    let mut from = at + 1;
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    let end = loop {
        let close = from + text.get(from..)?.find('"')?;
        let doubled = text.get(close + 1..)?.starts_with('"');
        pieces.push((from, if doubled { close + 1 } else { close }));
        from = close + 2;
        if !doubled {
            break close + 1;
        }
    };
    let rest = text.get(end..)?;
    if !rest.is_empty() && !rest.starts_with(',') {
        return None;
    }
    let mut field = Text::builder(value.span_of(at, end));
    for (start, end) in pieces {
        field.push(text.get(start..end)?, value.span_of(start, end));
    }
    Some((field, end - at))
}

/// The typed form of a `--mount` flag, as far as it can be read.
pub(super) fn mount(flag: &Flag) -> Option<Mount> {
    let fields = fields(flag.value.as_ref()?)?;
    let mut mount = Mount { span: flag.span, kind: "bind".to_owned(), fields: Vec::with_capacity(fields.len()) };
    for field in fields {
        let (key, value) = match field.value.split_once('=') {
            Some((key, value)) => (key, field.part(field.value.len() - value.len(), field.value.len())),
            None => {
                let mut value = Text::builder(field.span);
                // a key as long as what is meant by it would be taken for its text
                let as_long = field.span.len() == "true".len();
                value.push("true", if as_long { field.span.at_start() } else { field.span });
                (field.value.as_str(), value)
            }
        };
        let key = key.to_lowercase();
        if key == "type" {
            mount.kind = value.value.to_lowercase();
        }
        mount.fields.push((long_name(key), value));
    }
    Some(mount)
}

fn long_name(key: String) -> String {
    match key.as_str() {
        "src" => "source".to_owned(),
        "dst" | "destination" => "target".to_owned(),
        "ro" => "readonly".to_owned(),
        "rw" => "readwrite".to_owned(),
        _ => key,
    }
}

/// A fault that the builder finds before any variable is expanded.
pub(super) struct Fault {
    pub(super) span: Span,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

/// What is wrong with a `--mount` before its variables are expanded.
pub(super) fn mount_fault(flag: &Flag) -> Option<Fault> {
    let value = flag.value.as_ref()?;
    let Some(fields) = fields(value) else { return Some(unreadable(flag, "mount")) };
    for field in &fields {
        let Some((key, from)) = field.value.split_once('=') else { continue };
        let dollar = from.find('$');
        if key.to_lowercase() == "from" && dollar.is_some_and(|at| at + 1 < from.len()) {
            return Some(Fault {
                span: field.span,
                message: format!("`from={from}` holds a variable, and the `from` of a mount takes none"),
                help: Some("declare a stage with `FROM … AS name` and name it here".to_owned()),
            });
        }
    }
    None
}

fn unreadable(flag: &Flag, name: &str) -> Fault {
    Fault {
        span: flag.span,
        message: format!("The value of `--{name}` is empty or its quotes do not match"),
        help: Some("write comma-separated `key=value` fields; a field that holds a comma stands in double quotes as a whole".to_owned()),
    }
}

/// What is wrong with a `--device`.
pub(super) fn device_fault(flag: &Flag) -> Option<Fault> {
    let Some(fields) = fields(flag.value.as_ref()?) else { return Some(unreadable(flag, "device")) };
    let mut name = String::new();
    let fault = |field: &Text, message: String, help: Option<String>| Some(Fault { span: field.span, message, help });
    for field in &fields {
        let pair = field.value.split_once('=').map(|(key, value)| (key.to_lowercase(), value));
        match pair.as_ref().map(|(key, value)| (key.as_str(), *value)) {
            None if field.value.to_lowercase() == "required" => {}
            Some(("name", value)) if name.is_empty() => name = value.to_owned(),
            Some(("name", _)) => return fault(field, format!("The device is named a second time; it is `{name}` already"), None),
            Some(("required", value)) => {
                if go_bool(value).is_none() {
                    return fault(field, format!("`required={value}` is neither true nor false"), None);
                }
            }
            _ if name.is_empty() => name.clone_from(&field.value),
            None => return fault(field, format!("`{}` is no `key=value` field", field.value), None),
            Some((key, _)) => {
                let near = closest(key, ["name", "required"].into_iter()).map(|k| format!("did you mean `{k}`?"));
                return fault(field, format!("A device has no key `{key}`; there are `name` and `required`"), near);
            }
        }
    }
    None
}

/// The spellings of true and false that the builder takes.
pub(super) fn go_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}
