use crate::compose::{MountKind, Project, ServiceMount};
use crate::rule::{Cx, Rule, rule};

rule!(VolumeWithSeveralWriters, "compose/volume-with-several-writers");

impl Rule for VolumeWithSeveralWriters {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let mounts = || project.services.iter().flat_map(|s| s.mounts.iter().map(move |m| (s, m)));
        for (n, (service, mount)) in mounts().enumerate() {
            let Some(place) = place(mount).filter(|_| !mount.read_only) else { continue };
            let first = mounts().take(n).find(|(s, m)| {
                s.name.value != service.name.value && !m.read_only && m.span != mount.span && self::place(m).is_some_and(|p| p == place)
            });
            if let Some((other, earlier)) = first {
                cx.report(
                    mount.span,
                    format!("`{}` can change and delete what `{}` keeps in `{}`", service.name.value, other.name.value, place.1),
                )
                .label(earlier.span, format!("`{}` writes here, too", other.name.value))
                .help("mount it with `:ro` where it is only read");
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
    let meant = bind
        && (path.ends_with(".sock") || device.iter().any(|d| path.strip_prefix(d).is_some_and(|r| r.is_empty() || r.starts_with('/'))));
    (!meant && !path.contains('$')).then_some((bind, path))
}
