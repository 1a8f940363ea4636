use crate::rule::{Cx, Rule, rule};
use crate::rules::support::{debug, setting};
use crate::stack::Stack;

rule!(DebugServerPublished, "binds/debug-server-published");

impl Rule for DebugServerPublished {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        // nothing else publishes a port
        for runtime in stack.runtimes.iter().filter(|r| r.service.is_some()) {
            let modes = debug::modes(stack, runtime);
            if modes.is_empty() || setting::for_development(stack, runtime) {
                continue;
            }
            for mode in modes {
                let Some((port, listens)) = debug::published(stack, runtime, &mode) else { continue };
                let target = port.published.clone().unwrap_or_else(|| port.target.to_string());
                let report = cx
                    .report(mode.span, format!("whoever reaches port {target} of the host gets a shell in the container: {}", mode.effect))
                    .here("debug mode")
                    .label(port.span, "published to every network of the host")
                    .help("turn the debug mode off; where it is wanted, publish on `127.0.0.1` only");
                if let Some(span) = listens {
                    report.label(span, "listens on all addresses");
                }
            }
        }
    }
}
