use crate::compose::{Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::services::together;

rule!(DuplicateContainerName, "compose/duplicate-container-name");

impl Rule for DuplicateContainerName {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let mut seen: Vec<&Service> = Vec::new();
        for service in &project.services {
            let Some(name) = service.container_name.as_ref().filter(|n| !n.is_empty()) else { continue };
            let same = |other: &&&Service| other.container_name.as_ref().is_some_and(|n| n.value == name.value) && together(other, service);
            let first = seen.iter().find(same).and_then(|other| Some((*other, other.container_name.as_ref()?)));
            if let Some((other, taken)) = first {
                // one line that both got through a merge key or `extends` is at fault where it is brought in
                let shared = taken.span == name.span;
                let report = cx
                    .report(
                        if shared { service.name.span } else { name.span },
                        format!(
                            "`{}` does not start: the container name `{}` is taken by `{}`",
                            service.name.value, name.value, other.name.value
                        ),
                    )
                    .label(taken.span, "taken here")
                    .help("give each a name of its own, or none: Compose makes one up");
                if shared {
                    report.aliases(&[]);
                }
            }
            seen.push(service);
        }
    }
}
