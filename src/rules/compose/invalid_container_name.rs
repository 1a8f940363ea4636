use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(InvalidContainerName, "compose/invalid-container-name");

impl Rule for InvalidContainerName {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            let Some(name) = service.container_name.as_ref().filter(|n| !n.is_empty() && !valid(n)) else { continue };
            let open = project.variables.iter().any(|v| name.span.contains(v.span) && !v.set && !v.has_default);
            if open || name.contains('$') {
                continue;
            }
            cx.report(name.span, format!("`{}` does not start: no container can be named `{}`", service.name.value, name.value))
                .help("start with a letter or digit, go on with letters, digits, `_`, `.` or `-`, two characters at least");
        }
    }
}

/// Whether a container can have this name.
pub(super) fn valid(name: &str) -> bool {
    let name = name.strip_prefix('/').unwrap_or(name);
    let first = name.chars().next().is_some_and(|c| c.is_ascii_alphanumeric());
    first && name.len() > 1 && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'))
}
