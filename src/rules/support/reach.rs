//! Who reaches a service, and where it listens.

use crate::compose::Service;
use crate::source::Span;
use crate::stack::{NginxUse, Process, Runtime, Stack, ViaKind};
use crate::syntax::nginx::Endpoint;
use crate::text::{Text, holds};

use super::program::Seen;
use super::servers::{self, Listen};

/// Where the processes of a runtime listen: every process that is a server we know.
pub(crate) fn listens<'a>(stack: &Stack, runtime: &'a Runtime) -> Vec<(&'a Process, Listen)> {
    runtime.processes.iter().filter_map(|p| Some((p, process_listen(stack, p, runtime)?))).collect()
}

fn process_listen(stack: &Stack, process: &Process, runtime: &Runtime) -> Option<Listen> {
    let mut found = servers::listen(process, runtime);
    // vite and its kin read their address from a program
    let text = process.program.map_or("", |file| stack.sources.get(file).text.as_str());
    if let Some(listen) = found.as_mut().filter(|l| l.host_defaulted && (holds(text, "host:") || holds(text, "\"host\""))) {
        (listen.host, listen.port) = (None, None);
    }
    found.or_else(|| process.program.and_then(|file| super::program::listen(stack.sources.get(file), &Seen { process, runtime })))
}

/// How a connection from outside the container is known to be wanted.
pub(crate) struct Wanted {
    /// The port mapping, the `proxy_pass`, the `expose`.
    pub span: Span,
    /// What it says, for a label.
    pub label: String,
    /// The container port it asks for.
    pub port: Option<u16>,
}

/// Everything that asks for a connection to this runtime: published ports, proxies, neighbours' URLs, `expose`.
pub(crate) fn wanted(stack: &Stack, runtime: &Runtime) -> Vec<Wanted> {
    let mut found = Vec::new();
    let Some(at) = runtime.service else { return found };
    let Some((_, service)) = stack.service(at) else { return found };
    for (_, target) in proxies_to(stack, &passed_on(stack), runtime) {
        found.push(Wanted { span: target.span, label: "this connection comes from another container".to_owned(), port: target.port });
    }
    for port in &service.ports {
        found.push(Wanted { span: port.span, label: "this port is published".to_owned(), port: Some(port.target) });
    }
    for (span, port) in urls_to(stack, runtime) {
        found.push(Wanted { span, label: "another service connects here".to_owned(), port: Some(port) });
    }
    for port in &service.expose {
        found.push(Wanted { span: port.span, label: "other services are to connect here".to_owned(), port: Some(port.value) });
    }
    found
}

/// Whether a service answers to this name on some network of its project.
pub(crate) fn answers_to(service: &Service, host: &str) -> bool {
    is_called(service, host) || service.networks.iter().any(|n| answers_on(service, host, &n.name.value))
}

/// Whether a service that is on this network answers to this name there: an alias holds on its own network only.
pub(crate) fn answers_on(service: &Service, host: &str, network: &str) -> bool {
    let mut aliases = service.networks.iter().filter(|n| n.name.value == network).flat_map(|n| &n.aliases);
    is_called(service, host) || aliases.any(|a| a.value == host)
}

fn is_called(service: &Service, host: &str) -> bool {
    let is = |t: &Option<Text>| t.as_ref().is_some_and(|t| t.value == host);
    service.name.value == host || is(&service.container_name) || is(&service.hostname)
}

/// Where each nginx configuration connects to: by `proxy_pass` and its kin, and as servers of an `upstream`.
pub(crate) fn passed_on(stack: &Stack) -> Vec<(&NginxUse, Vec<Endpoint>)> {
    let of_one = |nginx: &NginxUse| {
        let upstreams = nginx.conf.upstreams();
        let passes = nginx.conf.passes().into_iter().map(|p| p.target);
        let passes = passes.filter(|t| !upstreams.iter().any(|u| u.name.value == t.host));
        let servers = upstreams.iter().flat_map(|u| &u.servers).map(|s| Endpoint { port: s.port.or(Some(80)), ..s.clone() });
        passes.chain(servers).filter(|t| !t.variable && !t.unix).collect()
    };
    stack.nginx.iter().map(|nginx| (nginx, of_one(nginx))).collect()
}

/// What of it is a connection from the project's nginx to this runtime's service.
pub(crate) fn proxies_to<'a>(
    stack: &Stack,
    passed_on: &'a [(&'a NginxUse, Vec<Endpoint>)],
    runtime: &Runtime,
) -> Vec<(&'a NginxUse, &'a Endpoint)> {
    let Some(at) = runtime.service else { return Vec::new() };
    let Some((_, service)) = stack.service(at) else { return Vec::new() };
    let mut found = Vec::new();
    for (nginx, targets) in passed_on {
        let Some((project, index)) = stack.runtimes.get(nginx.runtime).and_then(|r| r.service) else { continue };
        if project != at.0 || index == at.1 {
            continue;
        }
        let linked = stack.service((project, index)).map(|(_, s)| s.links.as_slice()).unwrap_or_default();
        let here = |host: &str| answers_to(service, host) || linked.iter().any(|l| l.service == service.name.value && l.alias == host);
        found.extend(targets.iter().filter(|t| here(&t.host)).map(|target| (*nginx, target)));
    }
    found
}

/// Neighbours' variables that hold a URL of this runtime's service with a port: the place and the port.
pub(crate) fn urls_to(stack: &Stack, runtime: &Runtime) -> Vec<(Span, u16)> {
    let Some(at) = runtime.service else { return Vec::new() };
    let Some((project, service)) = stack.service(at) else { return Vec::new() };
    let mut found = Vec::new();
    for (_, neighbour) in project.services.iter().enumerate().filter(|(n, _)| *n != at.1) {
        for var in neighbour.environment.iter().filter(|v| !v.interpolated()) {
            let Some(value) = &var.value else { continue };
            let port = authority(&value.value).and_then(|(host, port)| answers_to(service, host).then_some(port)).flatten();
            found.extend(port.map(|port| (value.span, port)));
        }
    }
    found
}

/// Host and port of a URL.
fn authority(url: &str) -> Option<(&str, Option<u16>)> {
    let (scheme, rest) = url.split_once("://")?;
    if !scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+') {
        return None;
    }
    let authority = rest.split(['/', '?', '#', ',']).next()?;
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    Some(match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (authority, None),
    })
}

/// Whether the container has a network of its own: not the host's, nor another container's.
pub(crate) fn own_network(stack: &Stack, runtime: &Runtime) -> bool {
    let Some(at) = runtime.service else { return true };
    let Some((project, service)) = stack.service(at) else { return true };
    let mode = service.network_mode.as_ref().map(|m| m.value.as_str()).unwrap_or("");
    let shares = |mode: &Text| mode.value.strip_prefix("service:") == Some(service.name.value.as_str());
    let shared = project.services.iter().any(|s| s.network_mode.as_ref().is_some_and(shares));
    !(mode == "host" || mode.starts_with("service:") || mode.starts_with("container:") || shared)
}

/// Whether a proxy in the same container takes the connections: loopback is right then. What a supervisor starts is known
/// by its configuration, where that could be read.
pub(crate) fn proxied_inside(runtime: &Runtime) -> bool {
    const PROXIES: [&str; 9] = ["nginx", "caddy", "haproxy", "traefik", "envoy", "httpd", "apache2", "apachectl", "socat"];
    let supervised = runtime.processes.iter().any(|p| p.via.iter().any(|v| matches!(v.kind, ViaKind::Supervisor(_))));
    runtime.processes.iter().any(|p| {
        let unknown = matches!(p.name(), "supervisord" | "s6-svscan" | "runsvdir" | "circusd" | "honcho" | "foreman" | "pm2-runtime");
        PROXIES.iter().any(|x| p.name().starts_with(x)) || (unknown && !supervised)
    })
}
