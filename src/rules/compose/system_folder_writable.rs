use crate::compose::{MountKind, Project};
use crate::rule::{Cx, Rule, rule};

rule!(SystemFolderWritable, "compose/system-folder-writable");

/// Folders whose files configure or run the host. What stands in them by itself is the business of `sensitive-host-path`.
const SYSTEM: [&str; 12] =
    ["/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/root", "/sbin", "/sys", "/usr", "/var/lib/docker"];

/// Below them, but made to be given to containers.
const MEANT: [&str; 12] = [
    "/etc/localtime",
    "/etc/timezone",
    "/etc/letsencrypt",
    "/dev/shm",
    "/dev/null",
    "/dev/net",
    "/dev/dri",
    "/dev/snd",
    "/dev/bus/usb",
    "/usr/local",
    "/usr/share",
    "/root/.cache",
];

impl Rule for SystemFolderWritable {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            for mount in service.mounts.iter().filter(|m| m.kind == MountKind::Bind && !m.read_only) {
                let Some(source) = mount.source.as_ref().filter(|s| s.starts_with('/')) else { continue };
                let path = crate::files::normalize(source);
                let below = |dir: &str| path.strip_prefix(dir).is_some_and(|rest| rest.starts_with('/'));
                let inside = SYSTEM.iter().any(|d| below(d)) || path == "/var/lib/docker";
                if inside && !MEANT.iter().any(|d| below(d) || path == *d) && !path.ends_with(".sock") {
                    cx.report(mount.span, format!("`{}` can change the host's `{path}`, which belongs to the system", service.name.value))
                        .help("mount it with `:ro`, or keep the service's files in a folder of its own");
                }
            }
        }
    }
}
