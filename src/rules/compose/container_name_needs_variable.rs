use super::invalid_container_name::valid;
use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(ContainerNameNeedsVariable, "compose/container-name-needs-variable");

impl Rule for ContainerNameNeedsVariable {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            let Some(name) = &service.container_name else { continue };
            let mut open = project.variables.iter().filter(|v| name.span.contains(v.span) && !v.set && !v.has_default);
            let Some(variable) = open.next() else { continue };
            if valid(name) || name.contains('$') {
                continue;
            }
            let what = if name.is_empty() {
                "has a name that Compose makes up".to_owned()
            } else {
                format!("does not start: it would be named `{}`", name.value)
            };
            cx.report(name.span, format!("where `{}` is not set, `{}` {what}", variable.name, service.name.value))
                .help(format!("say what holds without it: `${{{}:-name}}`", variable.name));
        }
    }
}
