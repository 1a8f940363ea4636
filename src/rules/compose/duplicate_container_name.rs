use std::collections::BTreeMap;

use crate::compose::{Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::services::together;

rule!(DuplicateContainerName, "compose/duplicate-container-name");

impl Rule for DuplicateContainerName {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let mut taken: BTreeMap<&str, Vec<&Service>> = BTreeMap::new();
        for service in &project.services {
            let Some(name) = service.container_name.as_ref().filter(|n| !n.is_empty()) else { continue };
            let others = taken.entry(&name.value).or_default();
            let first =
                others.iter().find(|other| together(other, service)).and_then(|other| Some((*other, other.container_name.as_ref()?)));
            others.push(service);
            let Some((other, earlier)) = first else { continue };
            // one line that both got through a merge key or `extends` is at fault where it is brought in
            let shared = earlier.span == name.span;
            let report = cx
                .report(
                    if shared { service.name.span } else { name.span },
                    format!(
                        "`{}` does not start: the container name `{}` is taken by `{}`",
                        service.name.value, name.value, other.name.value
                    ),
                )
                .label(earlier.span, "taken here")
                .help("give each a name of its own, or none: Compose makes one up");
            if shared {
                report.aliases(&[]);
            }
        }
    }
}
