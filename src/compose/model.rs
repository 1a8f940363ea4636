//! The typed Compose project that rules, `stack` and `plan` read. Everything is resolved (merged, extended, included,
//! interpolated, short forms read); every leaf keeps the place where its text stands.

use crate::source::{At, FileId, Span};
use crate::text::Text;

/// A Compose project: one or more files read as one.
#[derive(Clone, Debug)]
pub struct Project {
    /// Project name.
    pub name: String,
    /// The name is written down somewhere: in a file, an env file or the command line. Otherwise it is the folder's.
    pub named: bool,
    /// The files that were merged, in order; included and extended files come after.
    pub files: Vec<FileId>,
    /// Folder of the first file, as [`crate::files::normalize`] has it: relative paths count from here.
    pub dir: String,
    /// What kind of file this is.
    pub role: Role,
    /// Services in order, those behind profiles included.
    pub services: Vec<Service>,
    /// Top-level networks, volumes, secrets, configs.
    pub resources: Vec<Resource>,
    /// Top-level `version:`, where it stands.
    pub version: Option<At<String>>,
    /// Everything that is wrong, in order of place.
    pub problems: Vec<Problem>,
    /// Every `$VAR` in the files.
    pub variables: Vec<VariableUse>,
}

/// What a Compose file is for, judged before its content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Stands on its own.
    Complete,
    /// Is laid over a base file, and was read with it.
    Overlay,
    /// Holds services for `include`/`extends` only.
    Fragment,
    /// The layout of 2014: services at the top level.
    V1,
}

/// A problem found while loading.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which family; decides the rule that reports it.
    pub kind: ProblemKind,
    /// Where.
    pub span: Span,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Places that led here: the `extends`, the first definition.
    pub related: Vec<(Span, String)>,
    /// `docker compose` refuses the project for it.
    pub fatal: bool,
}

/// Families of problems; each is a rule of the `syntax` category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The YAML itself.
    YamlSyntax,
    /// A key twice in one mapping.
    DuplicateKey,
    /// Unknown key, wrong type, value out of range.
    Schema,
    /// A `${…}` that cannot be read, or a required variable that is not set.
    Interpolation,
    /// A name that is defined nowhere.
    UndefinedReference,
    /// Services that wait for each other.
    DependencyCycle,
    /// `extends`.
    Extends,
    /// `include`.
    Include,
    /// An `env_file` that is not there.
    EnvFileMissing,
    /// Two services with one `container_name`.
    ContainerName,
    /// Several containers of a service that has a `container_name`.
    Scale,
    /// Anything else that compose refuses.
    Invalid,
}

/// A `$VAR` in a Compose file.
#[derive(Clone, Debug)]
pub struct VariableUse {
    /// Its name.
    pub name: String,
    /// `${NAME…}` as written.
    pub span: Span,
    /// It has a default, or is required with `?`.
    pub has_default: bool,
    /// A value for it was found (`.env`, `--env-file`).
    pub set: bool,
    /// The line of an env file that gives the value.
    pub from: Option<Span>,
    /// That value.
    pub value: Option<String>,
    /// The key path of the value that it stands in: `services.web.command`.
    pub path: String,
}

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
    pub build: Option<Build>,
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
    pub healthcheck: Option<Healthcheck>,
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

/// `build`.
#[derive(Clone, Debug)]
pub struct Build {
    /// The `build` key and its value.
    pub span: Span,
    /// `context`, `.` where absent; as written.
    pub context: Text,
    /// The context's folder as [`crate::files::normalize`] has it; `None` for a URL.
    pub context_dir: Option<String>,
    /// `dockerfile`, as written.
    pub dockerfile: Option<Text>,
    /// The Dockerfile's path, context applied; `None` for a URL context or an inline Dockerfile.
    pub dockerfile_path: Option<String>,
    /// `dockerfile_inline`.
    pub inline: Option<Text>,
    /// `target`.
    pub target: Option<Text>,
    /// `args`.
    pub args: Vec<EnvVar>,
    /// `tags`.
    pub tags: Vec<Text>,
    /// `platforms`.
    pub platforms: Vec<Text>,
    /// `additional_contexts`: name and value.
    pub additional_contexts: Vec<(At<String>, Text)>,
    /// Those of them that are folders: name and folder.
    pub context_folders: Vec<(String, String)>,
    /// `secrets`: names.
    pub secrets: Vec<At<String>>,
    /// The names by which the Dockerfile knows them, where they differ: secret and `target`.
    pub secret_targets: Vec<(String, String)>,
    /// `ssh`: id, and the path of a socket or key where one is given.
    pub ssh: Vec<(String, Option<String>)>,
    /// `labels`.
    pub labels: Vec<EnvVar>,
    /// `network`.
    pub network: Option<Text>,
    /// `ulimits`: name, soft and hard.
    pub ulimits: Vec<(String, i64, i64)>,
    /// `entitlements`.
    pub entitlements: Vec<Text>,
    /// `privileged: true`.
    pub privileged: bool,
    /// `no_cache_filter`: stages.
    pub no_cache_filter: Vec<Text>,
    /// `no_cache: true`.
    pub no_cache: bool,
    /// `pull: true`.
    pub pull: bool,
    /// `cache_from`.
    pub cache_from: Vec<Text>,
    /// `cache_to`.
    pub cache_to: Vec<Text>,
    /// `extra_hosts`, as `name:address`.
    pub extra_hosts: Vec<String>,
    /// `shm_size` in bytes.
    pub shm_size: Option<u64>,
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

/// `NAME=value`, or `NAME` alone.
#[derive(Clone, Debug)]
pub struct EnvVar {
    /// The name, at its place.
    pub name: At<String>,
    /// The value after interpolation; `None` where it is taken from outside.
    pub value: Option<Text>,
    /// The value as written, before interpolation.
    pub raw: Option<String>,
    /// Name and value.
    pub span: Span,
    /// It comes from an env file.
    pub from_file: bool,
}

impl EnvVar {
    /// Whether a variable was interpolated into the value.
    pub fn interpolated(&self) -> bool {
        self.raw.as_deref().is_some_and(|raw| raw.contains('$') && raw.replace("$$", "").contains('$'))
    }
}

/// `env_file`.
#[derive(Clone, Debug)]
pub struct EnvFile {
    /// As written.
    pub path: Text,
    /// Its path from the project root.
    pub resolved: String,
    /// `required: false` makes it optional.
    pub required: bool,
    /// The file, where it was read.
    pub file: Option<FileId>,
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

/// A top-level network, volume, secret or config.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Which.
    pub kind: ResourceKind,
    /// Its name, at its key.
    pub name: At<String>,
    /// `external: true`.
    pub external: bool,
    /// `file:` of secrets and configs: as written.
    pub file: Option<Text>,
    /// The file's path.
    pub path: Option<String>,
    /// `environment:` of secrets and configs: the variable that holds it.
    pub environment: Option<Text>,
    /// Key and value.
    pub span: Span,
}

/// Kinds of top-level resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// `networks`.
    Network,
    /// `volumes`.
    Volume,
    /// `secrets`.
    Secret,
    /// `configs`.
    Config,
}

impl Project {
    /// A service by name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|s| s.name.value == name)
    }
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
