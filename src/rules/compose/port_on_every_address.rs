use crate::rule::{Cx, Rule, rule};
use crate::rules::support::exposure;
use crate::stack::Stack;

rule!(PortOnEveryAddress, "compose/port-on-every-address");

impl Rule for PortOnEveryAddress {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for (at, project) in stack.projects.iter().enumerate() {
            for (n, service) in project.services.iter().enumerate() {
                // said of databases by a rule of its own
                if stack.runtime_of((at, n)).is_some_and(|r| exposure::store(stack, r).is_some()) {
                    continue;
                }
                for port in &service.ports {
                    let readable = port.published.as_ref().is_none_or(|p| p.bytes().all(|b| b.is_ascii_digit() || b == b'-'));
                    let text = cx.text(port.span);
                    if port.host_ip.is_some() || !readable || !exposure::everywhere(service, port, text) {
                        continue;
                    }
                    let name = &service.name.value;
                    let written = text.contains('$').then(|| format!("`{}`", text.trim_matches(['"', '\''])));
                    let message = match written.or_else(|| port.published.clone()) {
                        Some(published) => {
                            format!("`{name}` is open on {published} to every network that the host is on, past its firewall")
                        }
                        None => format!("`{name}` is open to every network that the host is on, on a port that changes with each start"),
                    };
                    cx.report(port.span, message)
                        .help("put the address in front: `127.0.0.1:` for this host only, `0.0.0.0:` where everybody is meant");
                }
            }
        }
    }
}
