use std::collections::BTreeMap;

use crate::compose::{MountKind, Project, Service, ServiceMount};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::services::together;

rule!(VolumeWithSeveralWriters, "compose/volume-with-several-writers");

impl Rule for VolumeWithSeveralWriters {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let mut writers: BTreeMap<(bool, &str), Vec<(&Service, &ServiceMount)>> = BTreeMap::new();
        for service in &project.services {
            for mount in service.mounts.iter().filter(|m| !m.read_only) {
                let Some(place) = place(mount) else { continue };
                let earlier = writers.entry(place).or_default();
                let first = earlier
                    .iter()
                    .find(|(s, m)| s.name.value != service.name.value && m.span != mount.span && together(s, service))
                    .copied();
                earlier.push((service, mount));
                if let Some((other, earlier)) = first {
                    let shown = mount.source.as_ref().map_or(place.1, |s| s.value.as_str());
                    cx.report(
                        mount.span,
                        format!("`{}` can change and delete what `{}` keeps in `{shown}`", service.name.value, other.name.value),
                    )
                    .label(earlier.span, format!("`{}` writes here, too", other.name.value))
                    .help("mount it with `:ro` where it is only read");
                }
            }
        }
    }
}

/// What is shared; sockets and devices are meant for several.
fn place(mount: &ServiceMount) -> Option<(bool, &str)> {
    let bind = mount.kind == MountKind::Bind;
    let path = match mount.kind {
        MountKind::Bind => mount.source_path.as_deref().or(mount.source.as_ref().map(|s| s.value.as_str()))?,
        MountKind::Volume => mount.source.as_ref()?.value.as_str(),
        _ => return None,
    };
    let device = ["/dev", "/sys", "/proc", "/run", "/var/run", "/tmp/.X11-unix", "/etc/localtime", "/etc/timezone"];
    let below = |dir: &str| path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let meant = bind && (path.ends_with(".sock") || device.iter().any(|d| below(d)));
    (!meant && !path.contains('$')).then_some((bind, path))
}
