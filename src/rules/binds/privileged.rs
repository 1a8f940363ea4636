use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(Privileged, "binds/privileged");

impl Rule for Privileged {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            if let Some(span) = service.privileged {
                cx.report(
                    span,
                    format!(
                        "`{}` runs with every capability and all devices of the host: whoever gets into it has the host",
                        service.name.value
                    ),
                )
                .help("name the capability (`cap_add`) or the device (`devices`) that it needs instead");
            }
        }
    }
}
