use crate::compose::{Port, Project, Service};
use crate::rule::{Cx, Rule, rule};

rule!(PrivilegedPort, "compose/privileged-port");

impl Rule for PrivilegedPort {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in project.services.iter().filter(|s| !cannot_bind(s)) {
            for port in &service.ports {
                let name = &service.name.value;
                if let Some(published) = published(port).filter(|p| *p < 1024) {
                    cx.report(port.span, format!("an engine that does not run as root cannot give `{name}` port {published} of the host"))
                        .help("publish it on a port from 1024 up, behind a proxy that has the low one");
                } else if port.target < 1024 {
                    cx.report(
                        port.span,
                        format!(
                            "`{name}` has to open port {} itself, which needs root or `NET_BIND_SERVICE` on many runtimes",
                            port.target
                        ),
                    )
                    .help("let the process listen on a port from 1024 up");
                }
            }
        }
    }
}

/// The first port of the host.
fn published(port: &Port) -> Option<u16> {
    port.published.as_deref()?.split('-').next()?.parse().ok()
}

/// Without the capability it listens higher up, or not at all.
fn cannot_bind(service: &Service) -> bool {
    service.cap_drop.iter().any(|c| c.value.trim_start_matches("CAP_").eq_ignore_ascii_case("NET_BIND_SERVICE"))
}
