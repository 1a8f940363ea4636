//! Servers that people start in containers: where each listens, by its options, its environment, its configuration file
//! and its default.

use super::server_table::{ANY, LOCAL, SERVERS, Server};
use crate::source::Span;
use crate::stack::{Arg, Process, Runtime};
use crate::syntax::shell::Programs;

/// Where a process listens.
#[derive(Clone, Debug)]
pub(crate) struct Listen {
    /// The server's name for messages.
    pub server: &'static str,
    /// The address; `None` where it cannot be told.
    pub host: Option<String>,
    /// The port; `None` where it cannot be told.
    pub port: Option<u16>,
    /// What decides the address: an option, a setting, or the command where it is the default.
    pub host_at: Span,
    /// What decides the port.
    pub port_at: Span,
    /// Nothing says the address: it is the server's default.
    pub host_defaulted: bool,
    /// The server is meant for development.
    pub development: bool,
}

impl Listen {
    /// Whether only the container itself reaches it.
    pub(crate) fn loopback(&self) -> bool {
        self.host.as_deref().is_some_and(is_loopback)
    }

    /// The server in a sentence: a command is quoted, a description is not.
    pub(crate) fn shown(&self) -> String {
        if self.server.starts_with("the ") { self.server.to_owned() } else { format!("`{}`", self.server) }
    }
}

/// Whether an address is the container's own.
pub(crate) fn is_loopback(address: &str) -> bool {
    let address = address.trim_start_matches('[').trim_end_matches(']');
    address == "localhost" || address == "::1" || address.starts_with("127.")
}

/// Where a process listens; `None` for what is no server that we know.
pub(crate) fn listen(process: &Process, runtime: &Runtime) -> Option<Listen> {
    let words = command_words(process);
    if let Some(found) = postgres(process) {
        return Some(found);
    }
    if let Some(found) = django(process, &words).or_else(|| php_builtin(process, &words)).or_else(|| http_server(process, &words)) {
        return Some(found);
    }
    // `php8.2`, `gunicorn3`
    let (first, operands) = words.split_first()?;
    let stem = first.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !SERVER_PROGRAMS.may_hold(first) {
        return None;
    }
    let server = SERVERS.iter().find(|s| starts((first, stem), operands, s.command))?;
    let mut found = Listen {
        server: server.name,
        host: Some(server.default_host.to_owned()),
        port: (server.default_port > 0).then_some(server.default_port),
        host_at: process.span,
        port_at: process.span,
        host_defaulted: true,
        development: server.development,
    };
    environment(server, process, runtime, &mut found);
    configuration(process, &mut found);
    gunicorn_arguments(process, runtime, &mut found);
    if has_own_file(process) {
        (found.host, found.port) = (None, None);
    }
    options(server, process, &mut found);
    // no port at all, or another one for TLS
    found.port = found.port.filter(|p| *p > 0 && !process.args().iter().any(|a| a.value.starts_with("--tls-port")));
    if process.has("--reload") && matches!(server.name, "gunicorn" | "uvicorn" | "hypercorn") {
        found.development = true;
    }
    Some(found)
}

/// What [`SERVERS`] are started by.
const SERVER_PROGRAMS: Programs = {
    let mut all = Programs::of(&[]);
    let mut rest = SERVERS;
    while let [server, more @ ..] = rest {
        if let [program, ..] = server.command {
            all = all.and(Programs::of(&[program]));
        }
        rest = more;
    }
    all
};

/// A store that is given a configuration file, which may say anything.
fn has_own_file(process: &Process) -> bool {
    match process.name() {
        "redis-server" => process.args().first().is_some_and(|a| !a.value.starts_with('-')),
        "mongod" => process.args().iter().any(|a| a.value.starts_with("--config") || a.value == "-f"),
        "mysqld" | "mariadbd" => process.args().iter().any(|a| a.value.starts_with("--defaults")),
        _ => false,
    }
}

/// The words of a command without folders, `python -m` and package runners taken off, options left out after the program.
fn command_words(process: &Process) -> Vec<&str> {
    let mut words: Vec<&str> = process.argv.iter().map(|a| a.value.as_str()).collect();
    loop {
        let name = words.first().map_or("", |w| crate::files::file_name(w));
        let runner = match (name, words.get(1).copied(), words.get(2).copied()) {
            (n, Some("-m"), Some("debugpy" | "watchfiles" | "coverage")) if n.starts_with("python") => {
                words.iter().skip(3).position(|w| *w == "-m").map_or(words.len(), |at| at + 4)
            }
            (n, Some("-m"), Some(_)) if n.starts_with("python") => 2,
            (n, Some("-u"), Some("-m")) if n.starts_with("python") => 3,
            ("poetry" | "pipenv" | "uv" | "pdm" | "rye" | "hatch", Some("run"), Some(_)) => 2,
            ("npx" | "bunx" | "pnpx", Some(next), _) if !next.starts_with('-') => 1,
            ("npx", Some("-y" | "--yes"), Some(_)) => 2,
            ("bundle", Some("exec"), Some(_)) | ("yarn" | "pnpm" | "npm", Some("exec" | "dlx"), Some(_)) => 2,
            ("opentelemetry-instrument" | "ddtrace-run", Some(_), _) => 1,
            _ => break,
        };
        words.drain(..runner);
    }
    if let Some(first) = words.first_mut() {
        *first = crate::files::file_name(first);
    }
    words
}

/// Whether the program, with its version or without, and its first operands are these; options in between are passed over,
/// `flask --app x run` with their values.
fn starts((name, stem): (&str, &str), operands: &[&str], command: &[&str]) -> bool {
    let Some((program, rest)) = command.split_first().filter(|(program, _)| **program == name || **program == stem) else { return false };
    debug_assert!(!program.ends_with(|c: char| c.is_ascii_digit()), "a version is cut off");
    let mut wanted = rest.iter().peekable();
    for word in operands {
        wanted.next_if(|next| word == *next);
    }
    wanted.peek().is_none()
}

fn environment(server: &Server, process: &Process, runtime: &Runtime, found: &mut Listen) {
    for name in server.host_env {
        if let Some(var) = runtime.env_of(process, name) {
            (found.host, found.host_at, found.host_defaulted) = (var.value.clone(), var.span, false);
        }
    }
    for name in server.port_env {
        if let Some(var) = runtime.env_of(process, name) {
            (found.port, found.port_at) = (var.value.as_deref().and_then(|v| v.parse().ok()), var.span);
            if server.name == "gunicorn" {
                (found.host, found.host_at, found.host_defaulted) = (Some(ANY.to_owned()), var.span, false);
            }
        }
    }
    if server.name == "rails server" {
        let production =
            ["RAILS_ENV", "RACK_ENV"].iter().any(|n| runtime.env_of(process, n).and_then(|v| v.value.as_deref()) == Some("production"));
        if production && found.host_defaulted {
            found.host = Some(ANY.to_owned());
        }
    }
}

/// What gunicorn is told by its variable comes after its configuration file.
fn gunicorn_arguments(process: &Process, runtime: &Runtime, found: &mut Listen) {
    if let Some(var) = runtime.env_of(process, "GUNICORN_CMD_ARGS").filter(|_| process.name() == "gunicorn") {
        let words = var.value.as_deref().unwrap_or("").split_whitespace().collect::<Vec<_>>();
        let bind = words.iter().enumerate().find_map(|(n, w)| {
            w.strip_prefix("--bind=").or_else(|| matches!(*w, "-b" | "--bind").then(|| words.get(n + 1).copied()).flatten())
        });
        match bind {
            Some(bind) => apply_bind(bind, var.span, found),
            None if var.value.is_none() => (found.host, found.port) = (None, None),
            None => {}
        }
    }
}

fn configuration(process: &Process, found: &mut Listen) {
    if process.name() != "gunicorn" {
        return;
    }
    match &process.gunicorn {
        Some((_, conf)) => match conf.strings("bind").first() {
            Some(bind) => apply_bind(&bind.value, bind.span, found),
            // a setting that is computed: nothing can be said
            None if conf.get("bind").is_some() => (found.host, found.port) = (None, None),
            None => {}
        },
        None if process.option(&["-c", "--config"]).is_some() => (found.host, found.port) = (None, None),
        None => {}
    }
}

fn options(server: &Server, process: &Process, found: &mut Listen) {
    if let Some(arg) = process.option(server.host) {
        let value = if arg.value.starts_with('-') { ANY.to_owned() } else { arg.value.clone() };
        (found.host, found.host_at, found.host_defaulted) = (arg.known.then_some(value), arg.span, false);
    } else if let Some(flag) = process.args().iter().find(|a| a.value == "--host" && server.host.contains(&"--host")) {
        // `vite --host` with nothing after it: all addresses
        (found.host, found.host_at, found.host_defaulted) = (Some(ANY.to_owned()), flag.span, false);
    }
    if let Some(arg) = process.option(server.port) {
        (found.port, found.port_at) = (arg.value.parse().ok(), arg.span);
    }
    if let Some(arg) = process.option(server.bind) {
        if arg.known || arg.value.starts_with(ANY) || arg.value.starts_with(':') {
            apply_bind(&arg.value, arg.span, found);
        } else {
            (found.host, found.port, found.host_at) = (None, None, arg.span);
        }
    }
}

fn apply_bind(bind: &str, span: Span, found: &mut Listen) {
    (found.host_at, found.port_at, found.host_defaulted) = (span, span, false);
    if bind.starts_with("unix:") || bind.starts_with('/') || bind.starts_with("fd://") {
        (found.host, found.port) = (None, None);
        return;
    }
    let bind = bind.trim_start_matches("tcp://").trim_start_matches("http://").trim_start_matches("ssl://");
    let bind = bind.split(['?', '/']).next().unwrap_or(bind);
    match bind.rsplit_once(':') {
        Some((host, port)) => {
            let host = if host.is_empty() || host == "*" { ANY } else { host };
            (found.host, found.port) = (Some(host.to_owned()), port.parse().ok());
        }
        None => match bind.parse() {
            Ok(port) => (found.host, found.port) = (Some(ANY.to_owned()), Some(port)),
            Err(_) => found.host = Some(bind.to_owned()),
        },
    }
}

/// `manage.py runserver [address:]port`.
fn django(process: &Process, words: &[&str]) -> Option<Listen> {
    let at = words.iter().position(|w| matches!(*w, "runserver" | "runserver_plus"))?;
    let before = words.get(..at)?;
    if !before.iter().any(|w| w.ends_with("manage.py") || matches!(*w, "django-admin" | "django")) {
        return None;
    }
    let place = process.argv.iter().position(|a| a.value == "runserver" || a.value == "runserver_plus")?;
    let mut rest = process.argv.iter().skip(place + 1);
    let operand: Option<&Arg> = loop {
        match rest.next() {
            Some(option) if DJANGO_VALUES.contains(&option.value.as_str()) => drop(rest.next()),
            Some(option) if option.value.starts_with('-') => {}
            operand => break operand,
        }
    };
    let mut found = Listen {
        server: "manage.py runserver",
        host: Some(LOCAL.to_owned()),
        port: Some(8000),
        host_at: process.span,
        port_at: process.span,
        host_defaulted: true,
        development: true,
    };
    if let Some(arg) = operand {
        match arg.value.rsplit_once(':') {
            _ if !arg.known && !arg.value.starts_with("0.0.0.0") && !arg.value.starts_with("0:") => (found.host, found.port) = (None, None),
            Some((host, port)) => {
                let host = if host == "0" { ANY } else { host };
                (found.host, found.port) = (Some(host.to_owned()), port.parse().ok());
                found.host_defaulted = false;
            }
            None => found.port = arg.value.parse().ok(),
        }
        (found.host_at, found.port_at) = (arg.span, arg.span);
    }
    // other frameworks have a manage.py as well, which takes the address from options
    if let Some(host) = process.option(&["-h", "--host"]) {
        (found.host, found.host_at, found.host_defaulted) = (host.known.then_some(host.value), host.span, false);
        // and a port of its own where none is given
        found.port = None;
    }
    if let Some(port) = process.option(&["-p", "--port"]) {
        (found.port, found.port_at) = (port.value.parse().ok(), port.span);
    }
    Some(found)
}

/// Options of `runserver` that take the next word.
const DJANGO_VALUES: [&str; 13] = [
    "--settings",
    "--pythonpath",
    "-v",
    "--verbosity",
    "--cert",
    "--cert-file",
    "--key-file",
    "--reloader-interval",
    "--reloader-type",
    "-h",
    "--host",
    "-p",
    "--port",
];

/// `postgres -c listen_addresses=…`: the image's own configuration listens everywhere.
fn postgres(process: &Process) -> Option<Listen> {
    let setting = |name: &str| {
        let given = process.args().iter().filter(|a| a.known).rev();
        given
            .filter_map(|a| {
                Some((a.value.trim_start_matches("-c").trim_start_matches("--").strip_prefix(name)?.strip_prefix('=')?, a.span))
            })
            .next()
    };
    if process.name() != "postgres" {
        return None;
    }
    let (host, port) = (setting("listen_addresses"), setting("port"));
    let port_given = process.option(&["-p"]).map(|a| (a.value.parse().ok(), a.span)).or_else(|| port.map(|(p, at)| (p.parse().ok(), at)));
    let address = host.map_or(ANY, |(list, _)| if list.split(',').all(|a| is_loopback(a.trim())) { LOCAL } else { ANY });
    Some(Listen {
        server: "postgres",
        host: Some(host.map_or(address, |(list, _)| if address == LOCAL { list } else { ANY }).to_owned()),
        port: port_given.map_or(Some(5432), |(p, _)| p),
        host_at: host.map_or(process.span, |(_, at)| at),
        port_at: port_given.map_or(process.span, |(_, at)| at),
        host_defaulted: host.is_none(),
        development: false,
    })
}

/// `php -S address:port`.
fn php_builtin(process: &Process, words: &[&str]) -> Option<Listen> {
    if words.first() != Some(&"php") {
        return None;
    }
    let arg = process.option(&["-S"])?;
    let mut found =
        Listen { server: "php -S", host: None, port: None, host_at: arg.span, port_at: arg.span, host_defaulted: false, development: true };
    if arg.known {
        apply_bind(&arg.value, arg.span, &mut found);
    }
    Some(found)
}

/// `python -m http.server [port]`.
fn http_server(process: &Process, words: &[&str]) -> Option<Listen> {
    if words.first() != Some(&"http.server") {
        return None;
    }
    let host = process.option(&["--bind", "-b"]);
    let port = process.argv.iter().rev().find_map(|a| a.value.parse::<u16>().ok().map(|p| (p, a.span)));
    Some(Listen {
        server: "python -m http.server",
        host_defaulted: host.is_none(),
        host_at: host.as_ref().map_or(process.span, |h| h.span),
        host: Some(host.map_or_else(|| ANY.to_owned(), |h| h.value)),
        port_at: port.map_or(process.span, |(_, span)| span),
        port: Some(port.map_or(8000, |(p, _)| p)),
        development: true,
    })
}

/// Ports on which well-known images listen when nothing else is said.
pub(crate) fn image_ports(image: &crate::stack::ImageRef) -> &'static [u16] {
    match image.short_name() {
        "postgres" | "postgis" | "timescaledb" | "pgvector" => &[5432],
        "mysql" | "mariadb" | "percona" => &[3306],
        "redis" | "valkey" | "keydb" => &[6379],
        "mongo" | "mongodb" => &[27017],
        "rabbitmq" => &[5672, 15672],
        "memcached" => &[11211],
        "elasticsearch" | "opensearch" => &[9200, 9300],
        "kibana" => &[5601],
        "nginx" | "httpd" => &[80, 443],
        "grafana" => &[3000],
        "prometheus" => &[9090],
        "influxdb" => &[8086],
        "neo4j" => &[7474, 7687],
        "cassandra" => &[9042],
        "zookeeper" => &[2181],
        "couchdb" => &[5984],
        "adminer" => &[8080],
        "phpmyadmin" => &[80],
        "mssql" => &[1433],
        "nats" => &[4222, 8222],
        "etcd" => &[2379, 2380],
        "vault" => &[8200],
        "minio" => &[9000],
        _ => &[],
    }
}
