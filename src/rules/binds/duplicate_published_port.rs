use crate::compose::{Port, Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::services::together;

rule!(DuplicatePublishedPort, "binds/duplicate-published-port");

impl Rule for DuplicatePublishedPort {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let mut seen: Vec<(&Service, &Port)> = Vec::new();
        for service in &project.services {
            for port in &service.ports {
                let first = seen.iter().find(|(other, p)| clash(p, port) && (together(other, service) || std::ptr::eq(*other, service)));
                if let (Some((other, earlier)), Some(published)) = (first, &port.published) {
                    let by_variable = cx.text(port.span).contains('$') || cx.text(earlier.span).contains('$');
                    let report = cx
                        .report(
                            port.span,
                            format!(
                                "`{}` does not start: port {published} of the host is taken by `{}`",
                                service.name.value, other.name.value
                            ),
                        )
                        .label(earlier.span, "taken here")
                        .help("publish one of them on another port, or on another address of the host");
                    if by_variable {
                        report.without_aliases(&["no-duplicate-exported-ports"]);
                    }
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
