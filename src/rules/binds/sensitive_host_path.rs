use crate::compose::{MountKind, Project};
use crate::rule::{Cx, Rule, rule};

rule!(SensitiveHostPath, "binds/sensitive-host-path");

/// Folders of the host whose content runs or configures the host; read-only mounts of the last three are how monitors work.
const WRITABLE_ONLY: [&str; 4] = ["/proc", "/sys", "/dev", "/etc"];
const ALWAYS: [&str; 7] = ["/", "/boot", "/root", "/usr", "/lib", "/bin", "/sbin"];

impl Rule for SensitiveHostPath {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            for mount in service.mounts.iter().filter(|m| m.kind == MountKind::Bind) {
                let Some(source) = &mount.source else { continue };
                if !source.starts_with('/') {
                    continue;
                }
                let path = crate::files::normalize(source);
                let name = &service.name.value;
                if ALWAYS.contains(&path.as_str()) && !mount.read_only {
                    cx.report(mount.span, format!("`{name}` can change the host's `{path}`: what it writes there runs on the host"))
                        .help("mount the one folder that it needs, with `:ro` where it only reads");
                } else if WRITABLE_ONLY.contains(&path.as_str()) && !mount.read_only {
                    cx.report(mount.span, format!("`{name}` can write to the host's `{path}`"))
                        .help("mount the file that it needs, with `:ro` where it only reads");
                }
            }
        }
    }
}
