//! What a small Python or JavaScript main file says about where it listens: `app.run(host=…)`, `uvicorn.run(…)`,
//! `.listen(port, "address")`. Only literals and look-ups in the environment are understood.

use crate::source::{SourceFile, Span};
use crate::stack::Runtime;

use super::servers::Listen;

/// Where the program listens, where its text says so plainly.
pub(crate) fn listen(source: &SourceFile, runtime: &Runtime) -> Option<Listen> {
    if source.path.ends_with(".py") {
        return python(source, runtime);
    }
    node(source)
}

fn python(source: &SourceFile, runtime: &Runtime) -> Option<Listen> {
    let text = source.text.as_str();
    let flask = text.contains("flask") || text.contains("Flask");
    let (call, server, default_port, development) = if let Some(at) = text.find("uvicorn.run(") {
        (at + "uvicorn.run(".len(), "uvicorn", 8000, false)
    } else {
        let at = text.find("app.run(").filter(|_| flask || text.contains("import app"))?;
        (at + "app.run(".len(), "the Flask development server", 5000, true)
    };
    let args = call_arguments(text.get(call..)?)?;
    let place = Span::new(source.id, call.saturating_sub(8), call + args.len() + 1);
    let mut found = Listen {
        server,
        host: Some("127.0.0.1".to_owned()),
        port: Some(default_port),
        host_at: place,
        port_at: place,
        host_defaulted: true,
        development,
    };
    for (name, value, offset) in keyword_arguments(args) {
        let span = Span::new(source.id, call + offset, call + offset + value.len());
        let value = value_of(value, runtime);
        match name {
            "host" => (found.host, found.host_at, found.host_defaulted) = (value, span, false),
            "port" => (found.port, found.port_at) = (value.and_then(|v| v.parse().ok()), span),
            _ => {}
        }
    }
    Some(found)
}

fn node(source: &SourceFile) -> Option<Listen> {
    let text = source.text.as_str();
    let call = text.find(".listen(")? + ".listen(".len();
    let args = call_arguments(text.get(call..)?)?;
    let mut parts = args.split(',').map(str::trim);
    let port: Option<u16> = parts.next().and_then(|p| p.parse().ok());
    let host = parts.next().and_then(literal)?;
    let at = call + args.find(&host)?;
    let span = Span::new(source.id, at, at + host.len());
    Some(Listen { server: "the server", host: Some(host), port, host_at: span, port_at: span, host_defaulted: false, development: false })
}

/// The text up to the closing parenthesis.
fn call_arguments(text: &str) -> Option<&str> {
    let mut depth = 1usize;
    let mut quote = None;
    for (at, c) in text.char_indices().take(2000) {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => {
                depth -= 1;
                if depth == 0 {
                    return text.get(..at);
                }
            }
            _ => {}
        }
    }
    None
}

/// `name=value` arguments at the top level, with the offset of the value.
fn keyword_arguments(args: &str) -> Vec<(&str, &str, usize)> {
    let mut parts: Vec<(usize, &str)> = Vec::new();
    let (mut depth, mut quote, mut start) = (0usize, None, 0usize);
    for (at, c) in args.char_indices() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => depth += 1,
            (None, ')' | ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push((start, args.get(start..at).unwrap_or_default()));
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push((start, args.get(start..).unwrap_or_default()));
    parts
        .into_iter()
        .filter_map(|(offset, part)| {
            let (name, value) = part.split_once('=')?;
            let lead = value.len() - value.trim_start().len();
            Some((name.trim(), value.trim(), offset + name.len() + 1 + lead))
        })
        .collect()
}

fn literal(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains([quote, '$', '{'])).then(|| inner.to_owned())
}

/// A literal, or `….get("NAME", "default")` / `getenv("NAME")` / `environ["NAME"]`, also inside `int(…)`.
fn value_of(text: &str, runtime: &Runtime) -> Option<String> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return Some(text.to_owned());
    }
    if let Some(value) = literal(text) {
        return Some(value);
    }
    if let Some(inner) = text.strip_prefix("int(").or_else(|| text.strip_prefix("str(")).and_then(|t| t.strip_suffix(')')) {
        return value_of(inner, runtime);
    }
    let call = ["environ.get(", "env.get(", "getenv("].iter().find_map(|c| text.find(c).map(|at| at + c.len()));
    if let Some(at) = call {
        let args = call_arguments(text.get(at..)?)?;
        let (name, default) = args.split_once(',').map_or((args, None), |(n, d)| (n, Some(d)));
        let name = literal(name.trim())?;
        return match runtime.env(&name) {
            Some(var) => var.value.clone(),
            None => value_of(default?, runtime),
        };
    }
    let at = text.find("environ[").map(|at| at + "environ[".len())?;
    let name = literal(call_arguments(text.get(at..)?)?.trim())?;
    runtime.env_value(&name).map(str::to_owned)
}
