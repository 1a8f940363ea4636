use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(MountPropagationShared, "compose/mount-propagation-shared");

impl Rule for MountPropagationShared {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            for mount in &service.mounts {
                let Some(mode) = &mount.propagation else { continue };
                let name = &service.name.value;
                let message = match mode.value.as_str() {
                    "shared" | "rshared" => {
                        format!("what `{name}` mounts below `{}` appears on the host, and in every other container there", mount.target)
                    }
                    "slave" | "rslave" => {
                        let source = mount.source.as_ref().map_or("this path", |s| s.value.as_str());
                        format!("what the host mounts below `{source}` later appears in `{name}` under `{}`, too", mount.target)
                    }
                    _ => continue,
                };
                cx.report(mode.span, message).help("leave the propagation out (`rprivate`), unless the service manages mounts");
            }
        }
    }
}
