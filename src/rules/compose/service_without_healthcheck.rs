use crate::compose::{Project, Role, Service};
use crate::rule::{Cx, Rule, rule};
use crate::stack::Stack;

rule!(ServiceWithoutHealthcheck, "compose/service-without-healthcheck");

impl Rule for ServiceWithoutHealthcheck {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for (at, project) in stack.projects.iter().enumerate() {
            if project.role == Role::Fragment {
                continue;
            }
            for (n, service) in project.services.iter().enumerate() {
                let name = &service.name.value;
                match &service.healthcheck {
                    Some(check) if check.disabled => {
                        cx.report(check.span, format!("`{name}`'s health check is switched off, so a hung container counts as running"))
                            .help("delete this, or say what to test");
                    }
                    Some(_) => {}
                    // the Dockerfile says it, or a rule says so of the Dockerfile
                    None if built(stack, (at, n)) || runs_once(project, service) => {}
                    None => {
                        cx.report(
                            service.name.span,
                            format!("nothing says how to tell whether `{name}` works, so a hung container counts as running"),
                        )
                        .help("add a `healthcheck`, unless its image has one");
                    }
                }
            }
        }
    }
}

/// Whether the image comes from a Dockerfile of the stack, by this service or by another one of the same image.
fn built(stack: &Stack, at: (usize, usize)) -> bool {
    stack.builds.iter().any(|b| b.service == Some(at)) || stack.runtime_of(at).is_some_and(|r| r.stage.is_some())
}

/// A job that somebody waits for the end of.
fn runs_once(project: &Project, service: &Service) -> bool {
    let waits = project.services.iter().flat_map(|s| &s.depends_on);
    waits.filter(|d| d.service.value == service.name.value).any(|d| d.condition == "service_completed_successfully")
}
