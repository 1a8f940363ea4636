use crate::compose::{MountKind, Project};
use crate::rule::{Cx, Rule, rule};

rule!(DockerSocketMounted, "binds/docker-socket-mounted");

const SOCKETS: [&str; 8] = [
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/var/run/docker",
    "/run/docker",
    "/run/containerd/containerd.sock",
    "/var/run/containerd/containerd.sock",
    "/run/podman/podman.sock",
    "/var/run/crio/crio.sock",
];

impl Rule for DockerSocketMounted {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            for mount in service.mounts.iter().filter(|m| m.kind == MountKind::Bind) {
                let Some(source) = &mount.source else { continue };
                let path = crate::files::normalize(source);
                if SOCKETS.contains(&path.as_str()) || path.ends_with("/docker.sock") {
                    let what =
                        if mount.read_only { "; `:ro` does not change that, the socket's commands go through it all the same" } else { "" };
                    cx.report(
                        mount.span,
                        format!("`{}` can start any container on the host, as root, through the engine's socket{what}", service.name.value),
                    )
                    .help("put a socket proxy in between that lets only the needed requests through, or use a tool that needs no socket");
                }
            }
        }
    }
}
