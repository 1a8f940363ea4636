use crate::rule::{Cx, Rule, rule};
use crate::rules::support::exposure;
use crate::stack::Stack;

rule!(PublishedOnAllInterfaces, "binds/published-on-all-interfaces");

impl Rule for PublishedOnAllInterfaces {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            let Some((_, service)) = runtime.service.and_then(|at| stack.service(at)) else { continue };
            let Some(kind) = exposure::store(stack, runtime) else { continue };
            for port in &service.ports {
                let text = cx.text(port.span);
                if !exposure::everywhere(service, port, text) {
                    continue;
                }
                let published = match &port.published {
                    _ if text.contains('$') => format!("`{}`", text.trim_matches(['"', '\''])),
                    Some(port) => port.clone(),
                    None => "a free port".to_owned(),
                };
                let report = cx.report(
                    port.span,
                    format!("`{}` ({kind}) is open to every network of the host on {published}; Docker's own rules let it past the host's firewall", service.name.value),
                )
                .help(format!(
                    "drop the mapping, as services of the project reach it without; for a client on the host itself: `127.0.0.1:{}:{}`",
                    port.published.clone().unwrap_or_default(),
                    port.target
                ));
                // an address that is written down counts as a decision with them
                if port.host_ip.is_some() {
                    report.aliases(&[]);
                }
            }
        }
    }
}
