//! What rules ask of a configuration: servers, listening ports, upstreams and where requests are passed to.

use super::{Config, Directive};
use crate::source::Span;
use crate::text::Text;

/// A `server` block of `http` or `stream`.
#[derive(Clone, Debug)]
pub struct Server<'a> {
    /// The block.
    pub directive: &'a Directive,
    /// Its `listen` directives; empty means port 80.
    pub listen: Vec<Listen<'a>>,
    /// The words of `server_name`.
    pub names: Vec<&'a Text>,
}

/// A `listen` directive.
#[derive(Clone, Debug)]
pub struct Listen<'a> {
    /// The directive.
    pub directive: &'a Directive,
    /// The address, where one is given.
    pub address: Option<String>,
    /// The port, where it is a number (80 where only an address is given).
    pub port: Option<u16>,
    /// `ssl` or `quic` among its words.
    pub tls: bool,
}

/// An `upstream` block.
#[derive(Clone, Debug)]
pub struct Upstream<'a> {
    /// The block.
    pub directive: &'a Directive,
    /// Its name.
    pub name: &'a Text,
    /// Its servers.
    pub servers: Vec<Endpoint>,
}

/// Where requests are passed to: `proxy_pass` and its kin.
#[derive(Clone, Debug)]
pub struct Pass<'a> {
    /// The directive.
    pub directive: &'a Directive,
    /// The target.
    pub target: Endpoint,
}

/// A host with a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The whole target as written.
    pub span: Span,
    /// `http`, `https`, `grpc` …; empty where none is written.
    pub scheme: String,
    /// The host, or the path of a Unix socket; may hold `$names`.
    pub host: String,
    /// The host's place.
    pub host_span: Span,
    /// The port where it is a number, or the scheme's own.
    pub port: Option<u16>,
    /// Whether the host is the path of a Unix socket.
    pub unix: bool,
    /// Whether host or port hold a variable.
    pub variable: bool,
}

const PASSES: &[&str] = &["proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "memcached_pass"];

impl Config {
    /// All `server` blocks.
    pub fn servers(&self) -> Vec<Server<'_>> {
        let blocks = self.walk().into_iter().map(|(_, d)| d).filter(|d| d.is("server") && d.block.is_some());
        blocks.map(server).collect()
    }

    /// All `upstream` blocks.
    pub fn upstreams(&self) -> Vec<Upstream<'_>> {
        let mut found = Vec::new();
        for (_, directive) in self.walk() {
            let (true, Some(name)) = (directive.is("upstream") && directive.block.is_some(), directive.args.first()) else { continue };
            let servers = directive.children().iter().filter(|d| d.is("server")).filter_map(|d| d.args.first()).map(endpoint);
            found.push(Upstream { directive, name, servers: servers.collect() });
        }
        found
    }

    /// All places to which requests are passed.
    pub fn passes(&self) -> Vec<Pass<'_>> {
        let passes = self.walk().into_iter().map(|(_, d)| d).filter(|d| PASSES.contains(&d.name.value.as_str()));
        passes.filter_map(|directive| Some(Pass { directive, target: endpoint(directive.args.first()?) })).collect()
    }
}

fn server(directive: &Directive) -> Server<'_> {
    let named = |name: &'static str| directive.children().iter().filter(move |d| d.is(name));
    let names = named("server_name").flat_map(|d| &d.args).collect();
    Server { directive, listen: named("listen").filter_map(listen).collect(), names }
}

fn listen(directive: &Directive) -> Option<Listen<'_>> {
    let value = directive.args.first()?.value.as_str();
    let tls = directive.args.iter().any(|a| matches!(a.value.as_str(), "ssl" | "quic"));
    let (address, port) = match value.parse::<u16>() {
        Ok(port) => (None, Some(port)),
        Err(_) if value.starts_with("unix:") => (Some(value.to_owned()), None),
        Err(_) => {
            let (host, port) = host_port(value);
            let port = match port {
                Some(text) => text.parse().ok(),
                None if host.contains('$') => None,
                None => Some(80),
            };
            (Some(host.to_owned()), port)
        }
    };
    Some(Listen { directive, address, port, tls })
}

/// Splits a port off, seeing IPv6 addresses in brackets and `${names}`.
fn host_port(value: &str) -> (&str, Option<&str>) {
    match value.rsplit_once(':') {
        Some((host, port)) if !port.contains([']', '}']) || port.starts_with('$') => (host, Some(port)),
        _ => (value, None),
    }
}

/// Reads `scheme://host:port/path` or `host:port`.
fn endpoint(text: &Text) -> Endpoint {
    let value = text.value.as_str();
    let (scheme, rest) = value.split_once("://").unwrap_or(("", value));
    let start = value.len() - rest.len();
    if let Some(path) = rest.strip_prefix("unix:") {
        let host = path.split(':').next().unwrap_or_default().to_owned();
        let host_span = text.span_of(start + 5, start + 5 + host.len());
        let variable = host.contains('$');
        return Endpoint { span: text.span, scheme: scheme.to_owned(), host, host_span, port: None, unix: true, variable };
    }
    let authority = rest.get(..rest.find(['/', '?', ' ']).unwrap_or(rest.len())).unwrap_or_default();
    let (host, port) = host_port(authority);
    let default = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    Endpoint {
        span: text.span,
        scheme: scheme.to_owned(),
        host: host.to_owned(),
        host_span: text.span_of(start, start + host.len()),
        port: port.map_or(default, |p| p.parse().ok()),
        unix: false,
        variable: authority.contains('$'),
    }
}
