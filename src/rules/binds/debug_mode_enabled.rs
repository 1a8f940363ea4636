use crate::rule::{Cx, Rule, rule};
use crate::rules::support::{debug, setting};
use crate::stack::Stack;

rule!(DebugModeEnabled, "binds/debug-mode-enabled");

impl Rule for DebugModeEnabled {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            let modes = debug::modes(stack, runtime);
            if modes.is_empty() || setting::for_development(stack, runtime) {
                continue;
            }
            for mode in modes {
                // open to the network it is worse than a mode that was left on: another rule's
                if debug::published(stack, runtime, &mode).is_some() {
                    continue;
                }
                let who = runtime
                    .service
                    .and_then(|at| stack.service(at))
                    .map_or_else(|| "the container".to_owned(), |(_, s)| format!("`{}`", s.name.value));
                cx.report(mode.span, format!("{who} runs in debug mode (`{}`): {}", mode.by, mode.effect))
                    .help("set it in the development override file (`compose.override.yaml`) only");
            }
        }
    }
}
