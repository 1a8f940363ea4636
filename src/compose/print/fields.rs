//! Which fields `docker compose config` prints, in which form, and which of them it leaves out.

/// How a field is printed, and when it is left out.
pub(super) enum Kind {
    /// Left out where empty.
    Str,
    /// Always printed.
    StrAlways,
    /// Left out where false.
    Flag,
    /// Printed wherever it is set.
    Bool,
    /// Left out where 0.
    Int,
    /// Printed wherever it is set.
    IntSet,
    /// Always printed.
    IntAlways,
    /// Of so many bits without sign, to which it is cut; left out where 0.
    Bits(u32),
    /// Of 64 bits without sign; printed wherever it is set.
    CountSet,
    /// Left out where 0.
    Float,
    /// A size: bytes as a string; left out where 0.
    Bytes,
    /// Left out where 0.
    Duration,
    /// Printed wherever it is set.
    DurationSet,
    /// Strings; left out where there is none.
    List,
    /// Strings by name; nothing is the empty string.
    Strings,
    /// Strings by name; nothing stays nothing.
    Environment,
    /// Words; always printed.
    Command,
    /// `[CMD-SHELL, …]`.
    Test,
    Hosts,
    Mode,
    Limits,
    Count,
    Ssh,
    /// Left out where true.
    OptOut,
    Options,
    /// Fields, printed wherever the key is set.
    Fields(&'static [(&'static str, Kind)]),
    /// Fields, always printed.
    Always(&'static [(&'static str, Kind)]),
    /// A list of such.
    Each(&'static [(&'static str, Kind)]),
    /// Such by name; nothing stays nothing.
    ByName(&'static [(&'static str, Kind)]),
    /// Fields of a list, printed under other names, always.
    Devices(&'static str),
}

use Kind::*;

const FILE: &[(&str, Kind)] = &[("source", Str), ("target", Str), ("uid", Str), ("gid", Str), ("mode", Mode)];

pub(super) const BUILD: &[(&str, Kind)] = &[
    ("context", Str),
    ("dockerfile", Str),
    ("dockerfile_inline", Str),
    ("entitlements", List),
    ("args", Environment),
    ("provenance", Str),
    ("sbom", Str),
    ("ssh", Ssh),
    ("labels", Strings),
    ("cache_from", List),
    ("cache_to", List),
    ("no_cache", Flag),
    ("no_cache_filter", List),
    ("additional_contexts", Strings),
    ("pull", Flag),
    ("extra_hosts", Hosts),
    ("isolation", Str),
    ("network", Str),
    ("target", Str),
    ("secrets", Each(FILE)),
    ("shm_size", Bytes),
    ("tags", List),
    ("ulimits", Limits),
    ("platforms", List),
    ("privileged", Flag),
];

const HOOK: &[(&str, Kind)] = &[
    ("command", Command),
    ("image", Str),
    ("user", Str),
    ("privileged", Flag),
    ("working_dir", Str),
    ("environment", Environment),
    ("per_replica", Flag),
];

const WATCH: &[(&str, Kind)] =
    &[("path", Str), ("action", Str), ("target", Str), ("exec", Always(HOOK)), ("include", List), ("ignore", List), ("initial_sync", Flag)];

const DEVICE: &[(&str, Kind)] = &[("capabilities", List), ("driver", Str), ("count", Count), ("device_ids", List), ("options", Strings)];

const SPEC: &[(&str, Kind)] = &[("kind", StrAlways), ("value", IntAlways)];

const RESOURCE: &[(&str, Kind)] = &[
    ("cpus", Float),
    ("memory", Bytes),
    ("pids", Int),
    ("devices", Each(DEVICE)),
    ("generic_resources", Each(&[("discrete_resource_spec", Fields(SPEC))])),
];

const UPDATE: &[(&str, Kind)] = &[
    ("parallelism", CountSet),
    ("delay", Duration),
    ("failure_action", Str),
    ("monitor", Duration),
    ("max_failure_ratio", Float),
    ("order", Str),
];

const DEPLOY: &[(&str, Kind)] = &[
    ("mode", Str),
    ("replicas", IntSet),
    ("labels", Strings),
    ("update_config", Fields(UPDATE)),
    ("rollback_config", Fields(UPDATE)),
    ("resources", Always(&[("limits", Fields(RESOURCE)), ("reservations", Fields(RESOURCE))])),
    ("restart_policy", Fields(&[("condition", Str), ("delay", DurationSet), ("max_attempts", CountSet), ("window", DurationSet)])),
    ("placement", Always(&[("constraints", List), ("preferences", Each(&[("spread", Str)])), ("max_replicas_per_node", Bits(64))])),
    ("endpoint_mode", Str),
];

const NETWORK: &[(&str, Kind)] = &[
    ("aliases", List),
    ("driver_opts", Strings),
    ("gw_priority", Int),
    ("interface_name", Str),
    ("ipv4_address", Str),
    ("ipv6_address", Str),
    ("link_local_ips", List),
    ("mac_address", Str),
    ("priority", Int),
];

const PORT: &[(&str, Kind)] =
    &[("name", Str), ("mode", Str), ("host_ip", Str), ("target", Int), ("published", Str), ("protocol", Str), ("app_protocol", Str)];

const VOLUME: &[(&str, Kind)] = &[
    ("type", Str),
    ("source", Str),
    ("target", Str),
    ("read_only", Flag),
    ("consistency", Str),
    ("bind", Fields(&[("selinux", Str), ("propagation", Str), ("create_host_path", OptOut), ("recursive", Str)])),
    ("volume", Fields(&[("labels", Strings), ("nocopy", Flag), ("subpath", Str)])),
    ("tmpfs", Fields(&[("size", Bytes), ("mode", Bits(32))])),
    ("image", Fields(&[("subpath", Str)])),
];

const HEALTHCHECK: &[(&str, Kind)] = &[
    ("test", Test),
    ("timeout", DurationSet),
    ("interval", DurationSet),
    ("retries", CountSet),
    ("start_period", DurationSet),
    ("start_interval", DurationSet),
    ("disable", Flag),
];

const BLKIO: &[(&str, Kind)] = &[
    ("weight", Bits(16)),
    ("weight_device", Devices("Weight")),
    ("device_read_bps", Devices("Rate")),
    ("device_read_iops", Devices("Rate")),
    ("device_write_bps", Devices("Rate")),
    ("device_write_iops", Devices("Rate")),
];

/// All but `environment`, which env files take part in.
pub(super) const SERVICE: &[(&str, Kind)] = &[
    ("profiles", List),
    ("annotations", Strings),
    ("attach", Bool),
    ("build", Fields(BUILD)),
    ("develop", Fields(&[("watch", Each(WATCH))])),
    ("blkio_config", Fields(BLKIO)),
    ("cap_add", List),
    ("cap_drop", List),
    ("cgroup_parent", Str),
    ("cgroup", Str),
    ("cpu_count", Int),
    ("cpu_percent", Float),
    ("cpu_period", Int),
    ("cpu_quota", Int),
    ("cpu_rt_period", Int),
    ("cpu_rt_runtime", Int),
    ("cpus", Float),
    ("cpuset", Str),
    ("cpu_shares", Int),
    ("command", Command),
    ("configs", Each(FILE)),
    ("container_name", Str),
    ("credential_spec", Fields(&[("config", Str), ("file", Str), ("registry", Str)])),
    ("depends_on", ByName(&[("condition", Str), ("restart", Flag), ("required", Bool)])),
    ("deploy", Fields(DEPLOY)),
    ("device_cgroup_rules", List),
    ("devices", Each(&[("source", Str), ("target", Str), ("permissions", Str)])),
    ("dns", List),
    ("dns_opt", List),
    ("dns_search", List),
    ("domainname", Str),
    ("entrypoint", Command),
    ("provider", Fields(&[("type", Str), ("options", Options)])),
    ("env_file", Each(&[("path", Str), ("required", OptOut), ("format", Str)])),
    ("expose", List),
    ("extends", Fields(&[("file", Str), ("service", Str)])),
    ("external_links", List),
    ("extra_hosts", Hosts),
    ("group_add", List),
    ("gpus", Each(DEVICE)),
    ("hostname", Str),
    ("healthcheck", Fields(HEALTHCHECK)),
    ("image", Str),
    ("init", Bool),
    ("ipc", Str),
    ("isolation", Str),
    ("label_file", List),
    ("links", List),
    ("logging", Fields(&[("driver", Str), ("options", Strings)])),
    ("mem_limit", Bytes),
    ("mem_reservation", Bytes),
    ("memswap_limit", Bytes),
    ("mem_swappiness", Bytes),
    ("mac_address", Str),
    ("models", ByName(&[("endpoint_var", Str), ("model_var", Str)])),
    ("network_mode", Str),
    ("networks", ByName(NETWORK)),
    ("oom_kill_disable", Flag),
    ("oom_score_adj", Int),
    ("pid", Str),
    ("pids_limit", Int),
    ("platform", Str),
    ("ports", Each(PORT)),
    ("privileged", Flag),
    ("pull_policy", Str),
    ("read_only", Flag),
    ("restart", Str),
    ("runtime", Str),
    ("scale", IntSet),
    ("secrets", Each(FILE)),
    ("security_opt", List),
    ("shm_size", Bytes),
    ("stdin_open", Flag),
    ("stop_grace_period", DurationSet),
    ("stop_signal", Str),
    ("storage_opt", Strings),
    ("sysctls", Strings),
    ("tmpfs", List),
    ("tty", Flag),
    ("ulimits", Limits),
    ("use_api_socket", Flag),
    ("user", Str),
    ("userns_mode", Str),
    ("uts", Str),
    ("volumes", Each(VOLUME)),
    ("volumes_from", List),
    ("working_dir", Str),
    ("pre_start", Each(HOOK)),
    ("post_start", Each(HOOK)),
    ("pre_stop", Each(HOOK)),
];

const IPAM: &[(&str, Kind)] = &[
    ("driver", Str),
    ("config", Each(&[("subnet", Str), ("gateway", Str), ("ip_range", Str), ("aux_addresses", Strings)])),
    ("options", Strings),
];

pub(super) const NETWORKS: &[(&str, Kind)] = &[
    ("name", Str),
    ("driver", Str),
    ("driver_opts", Strings),
    ("ipam", Always(IPAM)),
    ("external", Flag),
    ("internal", Flag),
    ("attachable", Flag),
    ("labels", Strings),
    ("enable_ipv4", Bool),
    ("enable_ipv6", Bool),
];

pub(super) const VOLUMES: &[(&str, Kind)] =
    &[("name", Str), ("driver", Str), ("driver_opts", Strings), ("external", Flag), ("labels", Strings)];

pub(super) const OBJECTS: &[(&str, Kind)] = &[
    ("name", Str),
    ("file", Str),
    ("environment", Str),
    ("content", Str),
    ("external", Flag),
    ("labels", Strings),
    ("driver", Str),
    ("driver_opts", Strings),
    ("template_driver", Str),
];

pub(super) const MODELS: &[(&str, Kind)] = &[("name", Str), ("model", Str), ("context_size", Int), ("runtime_flags", List)];
