use crate::compose::{Port, Project, Service};
use crate::rule::{Cx, Rule, rule};

rule!(DuplicatePublishedPort, "binds/duplicate-published-port");

impl Rule for DuplicatePublishedPort {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let mut seen: Vec<(&Service, &Port)> = Vec::new();
        for service in &project.services {
            for port in &service.ports {
                let first = seen.iter().find(|(other, p)| clash(p, port) && (together(other, service) || std::ptr::eq(*other, service)));
                if let (Some((other, earlier)), Some(published)) = (first, &port.published) {
                    cx.report(
                        port.span,
                        format!("`{}` does not start: port {published} of the host is taken by `{}`", service.name.value, other.name.value),
                    )
                    .label(earlier.span, "taken here")
                    .help("publish one of them on another port, or on another address of the host");
                }
                seen.push((service, port));
            }
        }
    }
}

fn clash(a: &Port, b: &Port) -> bool {
    let numeric = |p: &Port| p.published.as_ref().filter(|t| t.bytes().all(|c| c.is_ascii_digit())).cloned();
    let any = |p: &Port| p.host_ip.as_deref().is_none_or(|ip| ip == "0.0.0.0");
    numeric(a).is_some()
        && numeric(a) == numeric(b)
        && a.protocol == b.protocol
        && a.span != b.span
        && (any(a) || any(b) || a.host_ip == b.host_ip)
}

/// Whether two services can run at once: behind different profiles they need not.
fn together(a: &Service, b: &Service) -> bool {
    a.profiles.is_empty() || b.profiles.is_empty() || a.profiles.iter().any(|p| b.profiles.iter().any(|q| p.value == q.value))
}
