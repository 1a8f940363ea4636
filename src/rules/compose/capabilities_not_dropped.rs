use crate::compose::{Project, Role};
use crate::rule::{Cx, Rule, rule};

rule!(CapabilitiesNotDropped, "compose/capabilities-not-dropped");

impl Rule for CapabilitiesNotDropped {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        if project.role == Role::Fragment {
            return;
        }
        for service in &project.services {
            if service.privileged.is_none() && service.cap_drop.is_empty() {
                cx.report(
                    service.name.span,
                    format!("`{}` keeps all of a container's capabilities, raw sockets and changing owners among them", service.name.value),
                )
                .help("`cap_drop: [ALL]`, and `cap_add` for those that it fails without");
            }
        }
    }
}
