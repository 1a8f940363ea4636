//! Who reaches a service, and where it listens.

use crate::source::Span;
use crate::stack::{NginxUse, Process, Runtime, Stack};
use crate::syntax::nginx::Pass;

use super::servers::{self, Listen};

/// Where the processes of a runtime listen: every process that is a server we know.
pub(crate) fn listens<'a>(stack: &Stack, runtime: &'a Runtime) -> Vec<(&'a Process, Listen)> {
    runtime.processes.iter().filter_map(|p| Some((p, process_listen(stack, p, runtime)?))).collect()
}

fn process_listen(stack: &Stack, process: &Process, runtime: &Runtime) -> Option<Listen> {
    servers::listen(process, runtime).or_else(|| process.program.and_then(|file| super::program::listen(stack.sources.get(file), runtime)))
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

/// Everything that asks for a connection to this runtime: published ports, proxies, `expose`.
pub(crate) fn wanted(stack: &Stack, runtime: &Runtime) -> Vec<Wanted> {
    let mut found = Vec::new();
    let Some(at) = runtime.service else { return found };
    let Some((_, service)) = stack.service(at) else { return found };
    for (_, pass) in proxies_to(stack, runtime) {
        let port = pass.target.port;
        found.push(Wanted { span: pass.target.span, label: "this connection comes from another container".to_owned(), port });
    }
    for port in &service.ports {
        found.push(Wanted { span: port.span, label: "this port is published".to_owned(), port: Some(port.target) });
    }
    for port in &service.expose {
        found.push(Wanted { span: port.span, label: "other services are to connect here".to_owned(), port: Some(port.value) });
    }
    found
}

/// The `proxy_pass`es of the project's nginx configurations that lead to this runtime's service.
pub(crate) fn proxies_to<'a>(stack: &'a Stack, runtime: &Runtime) -> Vec<(&'a NginxUse, Pass<'a>)> {
    let Some(at) = runtime.service else { return Vec::new() };
    let Some((_, service)) = stack.service(at) else { return Vec::new() };
    let mut found = Vec::new();
    for nginx in &stack.nginx {
        let other = stack.runtimes.get(nginx.runtime).and_then(|r| r.service);
        if other.is_none_or(|(project, index)| project != at.0 || index == at.1) {
            continue;
        }
        found.extend(
            nginx.conf.passes().into_iter().filter(|p| !p.target.variable && p.target.host == service.name.value).map(|p| (nginx, p)),
        );
    }
    found
}

/// Whether the container has a network of its own: not the host's, nor another container's.
pub(crate) fn own_network(stack: &Stack, runtime: &Runtime) -> bool {
    let Some(at) = runtime.service else { return true };
    let Some((project, service)) = stack.service(at) else { return true };
    let mode = service.network_mode.as_ref().map(|m| m.value.as_str()).unwrap_or("");
    let shared_by = format!("service:{}", service.name.value);
    let shared = project.services.iter().any(|s| s.network_mode.as_ref().is_some_and(|m| m.value == shared_by));
    !(mode == "host" || mode.starts_with("service:") || mode.starts_with("container:") || shared)
}

/// Whether a proxy in the same container takes the connections: loopback is right then.
pub(crate) fn proxied_inside(runtime: &Runtime) -> bool {
    const PROXIES: [&str; 10] = ["nginx", "caddy", "haproxy", "traefik", "envoy", "httpd", "apache2", "apachectl", "supervisord", "socat"];
    runtime.processes.iter().any(|p| PROXIES.contains(&p.name()) || PROXIES.iter().any(|x| p.name().starts_with(x)))
}
