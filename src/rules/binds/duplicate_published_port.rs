use std::collections::BTreeMap;

use crate::compose::{Port, Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::services::{same_address, together};

rule!(DuplicatePublishedPort, "binds/duplicate-published-port");

impl Rule for DuplicatePublishedPort {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let mut seen: BTreeMap<(&str, &str), Vec<(&Service, &Port)>> = BTreeMap::new();
        for service in &project.services {
            for port in &service.ports {
                let Some(published) = port.published.as_deref().filter(|t| t.bytes().all(|c| c.is_ascii_digit())) else { continue };
                let others = seen.entry((published, &port.protocol)).or_default();
                let first = others.iter().find(|(other, p)| clash((other, p), (service, port)));
                if let Some((other, earlier)) = first {
                    let by_variable = cx.text(port.span).contains('$') || cx.text(earlier.span).contains('$');
                    // one line that both got through a merge key is at fault where it is brought in
                    let shared = earlier.span == port.span;
                    let report = cx
                        .report(
                            if shared { service.name.span } else { port.span },
                            format!(
                                "`{}` does not start: port {published} of the host is taken by `{}`",
                                service.name.value, other.name.value
                            ),
                        )
                        .label(earlier.span, "taken here")
                        .help("publish one of them on another port, or on another address of the host");
                    if by_variable || shared {
                        report.without_aliases(&["no-duplicate-exported-ports"]);
                    }
                }
                others.push((service, port));
            }
        }
    }
}

/// Whether two services cannot both publish a port, or one service cannot publish it twice.
fn clash(a: (&Service, &Port), b: (&Service, &Port)) -> bool {
    let address = same_address(a.1, b.1);
    if std::ptr::eq(a.0, b.0) {
        return address && a.1.span != b.1.span;
    }
    // a service that others extend may never be meant to run
    let inherited = a.1.span == b.1.span && (a.0.extends.is_some() || b.0.extends.is_some());
    address && !inherited && together(a.0, b.0)
}
