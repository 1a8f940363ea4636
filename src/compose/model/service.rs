//! A service, and what it is made of.

use super::build::Build;
use super::variable::{EnvFile, EnvVar};
use crate::source::{At, Span};
use crate::text::Text;

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name, at its key.
    pub name: At<String>,
    /// Key and value.
    pub span: Span,
    /// `image`.
    pub image: Option<Text>,
    /// `build`.
    pub build: Option<Box<Build>>,
    /// `command`.
    pub command: Option<CommandLine>,
    /// `entrypoint`.
    pub entrypoint: Option<CommandLine>,
    /// `environment` and `env_file`, resolved: one entry a name, the winning one.
    pub environment: Vec<EnvVar>,
    /// `env_file`.
    pub env_files: Vec<EnvFile>,
    /// `ports`; ranges expanded to at most 1,000.
    pub ports: Vec<Port>,
    /// `expose`: container ports.
    pub expose: Vec<At<u16>>,
    /// `volumes` (and `tmpfs`).
    pub mounts: Vec<ServiceMount>,
    /// `depends_on`.
    pub depends_on: Vec<DependsOn>,
    /// `links`: service and alias.
    pub links: Vec<Link>,
    /// `networks`. Empty means `default` (unless `network_mode` is set).
    pub networks: Vec<ServiceNetwork>,
    /// `network_mode`.
    pub network_mode: Option<Text>,
    /// `healthcheck`.
    pub healthcheck: Option<Box<Healthcheck>>,
    /// `post_start` and `pre_stop`: the commands that are run beside the container's own.
    pub hooks: Vec<CommandLine>,
    /// `profiles`.
    pub profiles: Vec<At<String>>,
    /// `container_name`.
    pub container_name: Option<Text>,
    /// `hostname`.
    pub hostname: Option<Text>,
    /// `user`.
    pub user: Option<Text>,
    /// `working_dir`.
    pub working_dir: Option<Text>,
    /// `restart`.
    pub restart: Option<Text>,
    /// `privileged: true`, at the value.
    pub privileged: Option<Span>,
    /// `init: true`.
    pub init: bool,
    /// `pid`, `ipc`, `uts`, `userns_mode`, `cgroup` where set: key and value.
    pub namespaces: Vec<(String, Text)>,
    /// `cap_add`.
    pub cap_add: Vec<At<String>>,
    /// `cap_drop`.
    pub cap_drop: Vec<At<String>>,
    /// `security_opt`.
    pub security_opt: Vec<At<String>>,
    /// `labels`.
    pub labels: Vec<EnvVar>,
    /// `secrets`: names.
    pub secrets: Vec<At<String>>,
    /// `configs`: names.
    pub configs: Vec<At<String>>,
    /// `extends` was used: the service that was copied, at its place.
    pub extends: Option<At<String>>,
    /// `scale`, or `deploy.replicas`.
    pub scale: Option<At<u64>>,
    /// What it may take of the host.
    pub limits: Limits,
    /// `deploy.restart_policy.max_attempts`.
    pub restart_attempts: Option<Text>,
    /// The keys of the service that are set, each at its key: for rules that ask "is there a …".
    pub keys: Vec<At<String>>,
    /// The values at the key paths that the request asked for.
    pub asked: Vec<AskedValue>,
}

/// A value at a key path that was asked for.
#[derive(Clone, Debug)]
pub struct AskedValue {
    /// The path, as it was asked for.
    pub path: String,
    /// The value; of a short form the text as it is written, `None` where it is not known.
    pub text: Option<String>,
    /// Where it stands.
    pub span: Span,
}

impl Service {
    /// The winning value of an environment variable.
    pub fn env(&self, name: &str) -> Option<&EnvVar> {
        self.environment.iter().find(|v| v.name.value == name)
    }

    /// Whether a key stands in the service.
    pub fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|k| k.value == key)
    }
}

/// Limits of a service, by its own keys or by `deploy.resources.limits`.
#[derive(Clone, Debug, Default)]
pub struct Limits {
    /// `mem_limit`, `memory`.
    pub memory: Option<Text>,
    /// `cpus`, `cpu_quota`.
    pub cpus: Option<Text>,
    /// `pids_limit`, `pids`; `-1` is none.
    pub pids: Option<Text>,
}

/// `command` or `entrypoint`.
#[derive(Clone, Debug)]
pub struct CommandLine {
    /// The value.
    pub span: Span,
    /// The words that are executed: no shell ever runs in between.
    pub argv: Vec<Text>,
    /// Written as a string, which Compose splits itself; the text before the split.
    pub string: Option<Text>,
}

/// A published port.
#[derive(Clone, Debug)]
pub struct Port {
    /// The entry.
    pub span: Span,
    /// Container port.
    pub target: u16,
    /// Host port, as written (may be a range); `None` for one that the engine picks.
    pub published: Option<String>,
    /// Host address; `None` for all.
    pub host_ip: Option<String>,
    /// `tcp`, `udp`, `sctp`.
    pub protocol: String,
}

/// A mount of a service.
#[derive(Clone, Debug)]
pub struct ServiceMount {
    /// The entry.
    pub span: Span,
    /// What is mounted.
    pub kind: MountKind,
    /// Host path as written or volume name; `None` for anonymous volumes and tmpfs.
    pub source: Option<Text>,
    /// For binds: the host path from the project root, or absolute.
    pub source_path: Option<String>,
    /// Path in the container.
    pub target: String,
    /// Read-only.
    pub read_only: bool,
    /// Bind propagation.
    pub propagation: Option<Text>,
}

/// What a mount is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MountKind {
    /// A path of the host.
    Bind,
    /// A volume, named or anonymous.
    Volume,
    /// Memory.
    Tmpfs,
    /// `npipe`, `cluster`, `image`.
    Other,
}

/// `depends_on`.
#[derive(Clone, Debug)]
pub struct DependsOn {
    /// The other service.
    pub service: At<String>,
    /// `service_started`, `service_healthy`, `service_completed_successfully`.
    pub condition: String,
    /// `required`.
    pub required: bool,
}

/// `links`.
#[derive(Clone, Debug)]
pub struct Link {
    /// The entry.
    pub span: Span,
    /// The other service.
    pub service: String,
    /// The name under which it is known here.
    pub alias: String,
}

/// A network that a service is on.
#[derive(Clone, Debug)]
pub struct ServiceNetwork {
    /// Its name.
    pub name: At<String>,
    /// Further names of the service on it.
    pub aliases: Vec<At<String>>,
}

/// `healthcheck`.
#[derive(Clone, Debug)]
pub struct Healthcheck {
    /// The value.
    pub span: Span,
    /// `test`, with its first word.
    pub test: Option<CommandLine>,
    /// `disable: true` or `test: ["NONE"]`.
    pub disabled: bool,
}
