//! Ports that are open to every network of the host.

use crate::compose::{Port, Service};
use crate::rules::support::{servers, setting};
use crate::stack::{ImageRef, Runtime, Stack};

/// Images that hold data or commands and are meant for their neighbours only.
const STORES: [&str; 27] = [
    "postgres",
    "postgis",
    "timescaledb",
    "mysql",
    "mariadb",
    "percona",
    "redis",
    "valkey",
    "keydb",
    "mongo",
    "mongodb",
    "memcached",
    "elasticsearch",
    "opensearch",
    "rabbitmq",
    "cassandra",
    "couchdb",
    "influxdb",
    "neo4j",
    "etcd",
    "zookeeper",
    "mssql",
    "clickhouse-server",
    "cockroach",
    "rethinkdb",
    "arangodb",
    "pgvector",
];

/// The kind of store that a runtime is, unless it is meant for development: by the image that it runs, or that its build
/// starts from and still runs.
pub(crate) fn store(stack: &Stack, runtime: &Runtime) -> Option<&'static str> {
    let kind = kind(runtime.image.as_ref()?)?;
    let runs_other = || runtime.processes.iter().any(|p| servers::listen(p, runtime).is_some_and(|l| !is_own(kind, l.server)));
    ((runtime.stage.is_none() || !runs_other()) && !setting::for_development(stack, runtime)).then_some(kind)
}

/// The kind of store that an image holds.
pub(crate) fn kind(image: &ImageRef) -> Option<&'static str> {
    let name = image.short_name();
    STORES.iter().copied().find(|s| *s == name)
}

/// Whether a server is the one that a store is made of.
fn is_own(kind: &str, server: &str) -> bool {
    match server {
        "redis-server" => matches!(kind, "redis" | "valkey" | "keydb"),
        "mongod" => matches!(kind, "mongo" | "mongodb"),
        "mysqld" | "mariadbd" => matches!(kind, "mysql" | "mariadb" | "percona"),
        "postgres" => matches!(kind, "postgres" | "postgis" | "timescaledb" | "pgvector"),
        _ => false,
    }
}

/// Whether a port is open to all networks, as far as it is written down.
pub(crate) fn everywhere(service: &Service, port: &Port, text: &str) -> bool {
    let open = port.host_ip.as_deref().is_none_or(|ip| matches!(ip, "0.0.0.0" | "::" | "[::]" | "*" | ""));
    open && !address_in_variable(text) && service.network_mode.as_ref().is_none_or(|m| m.value != "host")
}

/// `${BIND_ADDRESS}:5432:5432`: the address is somebody else's choice.
fn address_in_variable(text: &str) -> bool {
    let mut depth = 0usize;
    let mut colons = 0;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => colons += 1,
            _ => {}
        }
    }
    text.contains('$') && colons >= 2
}
