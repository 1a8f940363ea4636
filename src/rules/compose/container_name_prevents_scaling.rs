use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(ContainerNamePreventsScaling, "compose/container-name-prevents-scaling");

impl Rule for ContainerNamePreventsScaling {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            let (Some(name), Some(scale)) = (&service.container_name, service.scale.as_ref().filter(|s| s.value > 1)) else { continue };
            cx.report(
                name.span,
                format!(
                    "Compose refuses the project: {} containers of `{}` cannot all be named `{}`",
                    scale.value, service.name.value, name.value
                ),
            )
            .label(scale.span, "so many are asked for")
            .help("delete `container_name`: the containers are numbered then, and found by the service's name");
        }
    }
}
