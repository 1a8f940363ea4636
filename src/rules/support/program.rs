//! What a small Python or JavaScript main file says about where it listens: `app.run(host=…)`, `uvicorn.run(…)`,
//! `.listen(port, "address")`. Only literals and look-ups in the environment are understood.

use crate::source::{SourceFile, Span};
use crate::stack::{Process, Runtime, RuntimeEnv};

use super::servers::Listen;

/// The environment that a program sees.
pub(crate) struct Seen<'a> {
    pub(crate) process: &'a Process,
    pub(crate) runtime: &'a Runtime,
}

impl<'a> Seen<'a> {
    fn get(&self, name: &str) -> Option<&'a RuntimeEnv> {
        self.runtime.env_of(self.process, name)
    }
}

/// Where the program listens, where its text says so plainly.
pub(crate) fn listen(source: &SourceFile, seen: &Seen<'_>) -> Option<Listen> {
    if source.path.ends_with(".py") {
        return python(source, seen);
    }
    node(source, seen)
}

/// `debug=True` in the call that starts Flask's own server: at the argument.
pub(crate) fn debug(source: &SourceFile, seen: &Seen<'_>) -> Option<Span> {
    let text = source.text.as_str();
    let (_, call) = flask_run(text).filter(|_| source.path.ends_with(".py"))?;
    let args = call_arguments(text.get(call..)?)?;
    let (_, value, offset) = keyword_arguments(args, '=').into_iter().find(|(name, ..)| *name == "debug")?;
    let on = value == "True" || value == "1" || value_of(value, seen).is_some_and(|v| v == "True" || v == "1");
    on.then(|| Span::new(source.id, call + offset, call + offset + value.len()))
}

/// The call `app.run(` of Flask's own server, by whatever name the application has: its start, and that of its arguments.
fn flask_run(text: &str) -> Option<(usize, usize)> {
    if !text.contains("flask") && !text.contains("Flask") && !text.contains("import app") {
        return None;
    }
    let made = |name: &str| {
        ["Flask(", "create_app("].iter().any(|make| text.contains(&format!("{name} = {make}")) || text.contains(&format!("{name}={make}")))
    };
    text.match_indices(".run(").find_map(|(at, dot)| {
        let name = text.get(..at)?.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        let runs = !commented(text, at) && (matches!(name, "app" | "application") || made(name));
        runs.then_some((at - name.len(), at + dot.len()))
    })
}

/// Whether a place lies on a line that is a comment.
fn commented(text: &str, at: usize) -> bool {
    let line = text.get(..at).and_then(|t| t.rsplit('\n').next()).unwrap_or_default().trim_start();
    line.starts_with('#') || line.starts_with("//") || line.starts_with('*')
}

/// The first occurrence outside of comment lines: the place after it.
fn after(text: &str, wanted: &str) -> Option<usize> {
    text.match_indices(wanted).find(|(at, _)| !commented(text, *at)).map(|(at, found)| at + found.len())
}

fn python(source: &SourceFile, seen: &Seen<'_>) -> Option<Listen> {
    let text = source.text.as_str();
    let (start, call, server, default_port, development) = match after(text, "uvicorn.run(") {
        Some(call) => (call - "uvicorn.run(".len(), call, "uvicorn", 8000, false),
        None => flask_run(text).map(|(start, call)| (start, call, "the Flask development server", 5000, true))?,
    };
    let args = call_arguments(text.get(call..)?)?;
    let place = Span::new(source.id, start, call + args.len() + 1);
    let mut found = Listen {
        server,
        host: Some("127.0.0.1".to_owned()),
        port: Some(default_port),
        host_at: place,
        port_at: place,
        host_defaulted: true,
        development,
    };
    for (name, value, offset) in keyword_arguments(args, '=') {
        let span = Span::new(source.id, call + offset, call + offset + value.len());
        let value = value_of(value, seen);
        match name {
            "host" => (found.host, found.host_at, found.host_defaulted) = (value, span, false),
            "port" => (found.port, found.port_at) = (value.and_then(|v| v.parse().ok()), span),
            // `**options` may hold anything
            _ if name.starts_with("**") => return None,
            _ => {}
        }
    }
    Some(found)
}

/// `listen(port, "address")` and `listen({ port, host })`. Fastify listens on loopback where no host is given.
fn node(source: &SourceFile, seen: &Seen<'_>) -> Option<Listen> {
    let text = source.text.as_str();
    let call = after(text, ".listen(")?;
    let args = call_arguments(text.get(call..)?)?;
    let fastify = text.contains("require('fastify')")
        || text.contains("require(\"fastify\")")
        || text.contains("from 'fastify'")
        || text.contains("from \"fastify\"");
    let place = Span::new(source.id, call - "listen(".len(), call + args.len() + 1);
    let server = if fastify { "fastify" } else { "the server" };
    let mut found = Listen { server, host: None, port: None, host_at: place, port_at: place, host_defaulted: false, development: false };
    let lead = args.len() - args.trim_start().len();
    if let Some(inside) = args.trim_start().strip_prefix('{').and_then(|rest| rest.split('}').next()) {
        let at = call + lead + 1;
        let options = keyword_arguments(inside, ':');
        let short = |wanted: &str| inside.split(',').any(|p| p.trim() == wanted || p.trim().starts_with("..."));
        for (name, value, offset) in &options {
            let span = Span::new(source.id, at + offset, at + offset + value.len());
            let value = value_of(value, seen);
            match *name {
                "host" | "hostname" => (found.host, found.host_at) = (value, span),
                "port" => (found.port, found.port_at) = (value.and_then(|v| v.parse().ok()), span),
                _ => {}
            }
        }
        let given = options.iter().any(|(n, ..)| matches!(*n, "host" | "hostname" | "path")) || short("host") || short("hostname");
        if fastify && !given && !inside.contains("...") {
            (found.host, found.host_defaulted) = (Some("localhost".to_owned()), true);
        }
        return found.host.is_some().then_some(found);
    }
    let mut parts = args.split(',').map(str::trim);
    found.port = parts.next().and_then(|p| script_value(p, text, seen, 0)).and_then(|p| p.parse().ok());
    let second = parts.next().unwrap_or_default();
    let Some(host) = literal(second) else {
        // `listen(port)` and `listen(port, callback)`: all addresses, where that is the only server of the file
        let callback = second.is_empty() || second.starts_with(['(', '{']) || second.starts_with("function") || second.starts_with("async");
        let only = text.matches(".listen(").count() == 1 && !fastify;
        return (callback && only && found.port.is_some()).then_some(found);
    };
    let at = call + args.find(&host)?;
    found.host_at = Span::new(source.id, at, at + host.len());
    found.host = Some(host);
    Some(found)
}

/// What a JavaScript expression is: a literal, `process.env.NAME || other`, or a constant of the same file that is one of these.
fn script_value(expression: &str, text: &str, seen: &Seen<'_>, depth: usize) -> Option<String> {
    let expression = expression.trim().trim_end_matches(';').trim();
    if depth > 3 {
        return None;
    }
    if expression.bytes().all(|b| b.is_ascii_digit()) && !expression.is_empty() {
        return Some(expression.to_owned());
    }
    if let Some(value) = literal(expression) {
        return Some(value);
    }
    for call in ["Number(", "parseInt(", "Number.parseInt("] {
        if let Some(inner) = expression.strip_prefix(call) {
            let (inner, rest) = inner.split_once(')')?;
            let inner = inner.split(", 10").next().unwrap_or(inner);
            return script_value(&format!("{inner}{rest}"), text, seen, depth + 1);
        }
    }
    if let Some(rest) = expression.strip_prefix("process.env.") {
        let (name, default) = match rest.split_once("||").or_else(|| rest.split_once("??")) {
            Some((name, default)) => (name.trim(), Some(default)),
            None => (rest.trim(), None),
        };
        return match seen.get(name) {
            Some(var) => var.value.clone(),
            None => script_value(default?, text, seen, depth + 1),
        };
    }
    let is_name = !expression.is_empty() && expression.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$');
    let mut set = text.lines().filter_map(|line| {
        let (name, value) = line.trim_start().split_once('=')?;
        let name = ["const ", "let ", "var "].iter().find_map(|k| name.strip_prefix(k))?;
        (name.split(':').next()?.trim() == expression).then_some(value)
    });
    let value = set.next().filter(|_| is_name)?;
    if set.next().is_some() { None } else { script_value(value, text, seen, depth + 1) }
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

/// `name=value` arguments at the top level (`name: value` in an object), with the offset of the value.
fn keyword_arguments(args: &str, sign: char) -> Vec<(&str, &str, usize)> {
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
            let (name, value) = part.split_once(sign)?;
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
fn value_of(text: &str, seen: &Seen<'_>) -> Option<String> {
    let text = text.trim();
    if text.bytes().all(|b| b.is_ascii_digit()) && !text.is_empty() {
        return Some(text.to_owned());
    }
    if let Some(value) = literal(text) {
        return Some(value);
    }
    if let Some(inner) = text.strip_prefix("int(").or_else(|| text.strip_prefix("str(")).and_then(|t| t.strip_suffix(')')) {
        return value_of(inner, seen);
    }
    let call = ["environ.get(", "env.get(", "getenv("].iter().find_map(|c| text.find(c).map(|at| at + c.len()));
    if let Some(at) = call {
        let args = call_arguments(text.get(at..)?)?;
        let (name, default) = args.split_once(',').map_or((args, None), |(n, d)| (n, Some(d)));
        let name = literal(name.trim())?;
        return match seen.get(&name) {
            Some(var) => var.value.clone(),
            None => value_of(default?, seen),
        };
    }
    let at = text.find("environ[").map(|at| at + "environ[".len())?;
    let name = literal(call_arguments(text.get(at..)?)?.trim())?;
    seen.get(&name).and_then(|v| v.value.clone())
}

/// Programs that make something of a `$` themselves.
pub(crate) fn reads_dollars(program: &str) -> bool {
    const OWN: [&str; 22] = [
        "awk",
        "gawk",
        "sed",
        "grep",
        "egrep",
        "jq",
        "yq",
        "envsubst",
        "nginx",
        "make",
        "dockerize",
        "gomplate",
        "confd",
        "supervisord",
        "mongo",
        "mongosh",
        "psql",
        "find",
        "npm",
        "yarn",
        "pnpm",
        "expr",
    ];
    OWN.contains(&program)
}

/// By its name: programs lie in folders of programs, and scripts say what they do.
pub(crate) fn may_be_script(program: &str) -> bool {
    const SCRIPTS: [&str; 12] = ["entry", "start", "run", "init", "boot", "launch", "wrap", "setup", "main", "docker", "serve.", "script"];
    let name = crate::files::file_name(program);
    if matches!(name, "tini" | "tini-static" | "dumb-init" | "catatonit" | "gosu" | "su-exec" | "env") {
        return false;
    }
    let system = ["/usr/bin/", "/usr/sbin/", "/bin/", "/sbin/"].iter().any(|dir| program.strip_prefix(dir) == Some(name));
    let said = SCRIPTS.iter().any(|word| name.to_lowercase().contains(word));
    name.ends_with("sh") || name.contains('.') || program.contains('/') && (said || !system)
}
