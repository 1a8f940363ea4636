use crate::compose::{Port, Project};
use crate::rule::{Cx, Rule, rule};

rule!(HostPortLeftOpen, "compose/host-port-left-open");

impl Rule for HostPortLeftOpen {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let all: Vec<(&Port, bool)> =
            project.services.iter().flat_map(|s| &s.ports).map(|port| (port, is_long(cx.text(port.span)))).collect();
        for service in &project.services {
            for port in service.ports.iter().filter(|p| p.published.is_none()) {
                let text = cx.text(port.span);
                let long = is_long(text);
                let twice = all.iter().any(|(other, other_long)| {
                    let same = match &other.published {
                        None => long == *other_long && (long || other.target == port.target),
                        Some(published) => !long && *published == port.target.to_string(),
                    };
                    same && other.span != port.span && other.protocol == port.protocol
                });
                let report = cx
                    .report(
                        port.span,
                        format!("port {} of `{}` is on another port of the host after each start", port.target, service.name.value),
                    )
                    .help("name the port of the host; a port for other services alone needs no entry here");
                if !twice || text.contains('$') {
                    report.aliases(&[]);
                }
            }
        }
    }
}

/// Whether a port is written as a mapping.
fn is_long(text: &str) -> bool {
    text.contains("target")
}
