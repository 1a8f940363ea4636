use crate::compose::{Project, ResourceKind, Role};
use crate::rule::{Cx, Rule, rule};

rule!(UnusedDefinition, "compose/unused-definition");

impl Rule for UnusedDefinition {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        if project.role != Role::Complete || project.problems.iter().any(|p| p.fatal) {
            return;
        }
        for resource in &project.resources {
            let name = resource.name.value.as_str();
            let used = project.services.iter().any(|s| match resource.kind {
                ResourceKind::Network => {
                    s.networks.iter().any(|n| n.name.value == name)
                        || (name == "default" && s.networks.is_empty() && s.network_mode.is_none())
                }
                ResourceKind::Volume => s.mounts.iter().any(|m| m.source.as_ref().is_some_and(|v| v.value == name)),
                ResourceKind::Secret => {
                    s.secrets.iter().any(|n| n.value == name) || s.build.as_ref().is_some_and(|b| b.secrets.iter().any(|n| n.value == name))
                }
                ResourceKind::Config => s.configs.iter().any(|n| n.value == name),
            });
            if used || project.services.is_empty() {
                continue;
            }
            let kind = match resource.kind {
                ResourceKind::Network => "network",
                ResourceKind::Volume => "volume",
                ResourceKind::Secret => "secret",
                ResourceKind::Config => "config",
            };
            cx.report(resource.name.span, format!("no service uses the {kind} `{name}`"))
                .help("delete it, or add it to the service that was meant to have it");
        }
    }
}
