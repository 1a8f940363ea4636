use crate::compose::{Project, ResourceKind, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::reach;
use crate::stack::Stack;
use crate::syntax::closest;

rule!(ProxyUpstreamUnknown, "binds/proxy-upstream-unknown");

impl Rule for ProxyUpstreamUnknown {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for nginx in &stack.nginx {
            let Some(runtime) = stack.runtimes.get(nginx.runtime) else { continue };
            let Some((project, service)) = runtime.service.and_then(|at| stack.service(at)) else { continue };
            if neighbours_unknown(project, service) {
                continue;
            }
            let upstreams = nginx.conf.upstreams();
            let own: Vec<&str> = upstreams.iter().map(|u| u.name.value.as_str()).collect();
            let passes = nginx.conf.passes();
            let targets = passes.iter().map(|p| &p.target).chain(upstreams.iter().flat_map(|u| &u.servers));
            for target in targets {
                let host = target.host.as_str();
                let elsewhere =
                    target.variable || target.unix || host.is_empty() || host.contains(['.', ':', '$', '{']) || own.contains(&host);
                if elsewhere || host == "localhost" || host == "host" || host == "host.docker.internal" {
                    continue;
                }
                match reachable(project, service, host) {
                    Reach::Yes => {}
                    Reach::OtherNetwork(other) => {
                        let own = networks(service);
                        let (proxy, name) = (&service.name.value, &other.name.value);
                        let (why, help) = match networks(other).iter().any(|n| own.contains(n)) {
                            true => (
                                format!("`{name}` has this name on another network than that of `{proxy}`"),
                                "give it the name on the network that both are on",
                            ),
                            false => (format!("it shares no network with `{proxy}`"), "put both on one network"),
                        };
                        cx.report(target.host_span, format!("nginx does not find `{host}`: {why}"))
                            .label(other.name.span, "this service")
                            .help(help);
                    }
                    Reach::Unknown => {
                        let names = project.services.iter().map(|s| s.name.value.as_str());
                        let near = closest(host, names).map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                        let known: Vec<String> = project
                            .services
                            .iter()
                            .filter(|s| s.name.value != service.name.value)
                            .map(|s| format!("`{}`", s.name.value))
                            .take(6)
                            .collect();
                        let known = if known.is_empty() { String::new() } else { format!(" (there are {})", known.join(", ")) };
                        cx.report(target.host_span, format!("nginx does not start: `{host}` is no service of this project{near}"))
                            .label(service.name.span, "the service that reads this configuration")
                            .help(format!("name the service that is meant{known}, or give it this name as a network alias"));
                    }
                }
            }
        }
    }
}

enum Reach<'a> {
    Yes,
    OtherNetwork(&'a Service),
    Unknown,
}

/// Names may come from outside the project: other projects' networks, extra hosts, the host's own network.
fn neighbours_unknown(project: &Project, service: &Service) -> bool {
    let external = |name: &str| project.resources.iter().any(|r| r.kind == ResourceKind::Network && r.name.value == name && r.external);
    service.network_mode.is_some()
        || service.has("extra_hosts")
        || service.has("external_links")
        || service.networks.iter().any(|n| external(&n.name.value))
        || external("default")
}

fn networks(service: &Service) -> Vec<&str> {
    match service.networks.as_slice() {
        [] => vec!["default"],
        some => some.iter().map(|n| n.name.value.as_str()).collect(),
    }
}

fn reachable<'a>(project: &'a Project, service: &Service, host: &str) -> Reach<'a> {
    if service.links.iter().any(|l| l.alias == host || l.service == host) {
        return Reach::Yes;
    }
    let own = networks(service);
    let shared = |other: &&Service| {
        other.name.value == service.name.value
            || other.network_mode.is_some()
            || networks(other).iter().any(|n| own.contains(n) && reach::answers_on(other, host, n))
    };
    let mut named = project.services.iter().filter(|s| reach::answers_to(s, host)).peekable();
    match named.peek().copied() {
        None => Reach::Unknown,
        Some(first) => {
            if named.any(|s| shared(&s)) {
                Reach::Yes
            } else {
                Reach::OtherNetwork(first)
            }
        }
    }
}
