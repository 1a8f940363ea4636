use crate::compose::{Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::setting;
use crate::stack::Stack;

rule!(MissingRestartPolicy, "compose/missing-restart-policy");

/// Names of services that do their work and end.
const ONCE: [&str; 12] =
    ["migrate", "migration", "migrations", "init", "setup", "seed", "bootstrap", "job", "cron", "backup", "create", "once"];

impl Rule for MissingRestartPolicy {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            let Some((project, service)) = runtime.service.and_then(|at| stack.service(at)) else { continue };
            let given = service.restart.is_some() || service.has("deploy") || !service.profiles.is_empty();
            if given || ends(project, service) || setting::for_development(stack, runtime) {
                continue;
            }
            cx.report(
                service.name.span,
                format!("`{}` stays down after a crash or a restart of the host: it has no restart policy", service.name.value),
            )
            .help("add `restart: unless-stopped`");
        }
    }
}

/// A service that ends by itself: others wait for its end, or its name says so.
fn ends(project: &Project, service: &Service) -> bool {
    let name = service.name.value.to_lowercase();
    let waited = project
        .services
        .iter()
        .flat_map(|s| &s.depends_on)
        .any(|d| d.service.value == service.name.value && d.condition == "service_completed_successfully");
    waited || name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| ONCE.contains(&word))
}
