use crate::rule::{Cx, Rule, rule};
use crate::rules::support::{servers, setting};
use crate::stack::{ImageRef, Runtime, Stack};

rule!(PublishedOnAllInterfaces, "binds/published-on-all-interfaces");

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

impl Rule for PublishedOnAllInterfaces {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            let Some((_, service)) = runtime.service.and_then(|at| stack.service(at)) else { continue };
            let Some(kind) = store(runtime) else { continue };
            if setting::for_development(stack, runtime) {
                continue;
            }
            for port in &service.ports {
                let open = port.host_ip.as_deref().is_none_or(|ip| matches!(ip, "0.0.0.0" | "::" | "[::]" | "*" | ""));
                let text = cx.text(port.span);
                if address_in_variable(text) || !open || service.network_mode.as_ref().is_some_and(|m| m.value == "host") {
                    continue;
                }
                let published = match &port.published {
                    _ if text.contains('$') => format!("`{}`", text.trim_matches(['"', '\''])),
                    Some(port) => port.clone(),
                    None => "a free port".to_owned(),
                };
                cx.report(
                    port.span,
                    format!("`{}` ({kind}) is open to every network of the host on {published}; Docker's own rules let it past the host's firewall", service.name.value),
                )
                .help(format!(
                    "drop the mapping, as services of the project reach it without; for a client on the host itself: `127.0.0.1:{}:{}`",
                    port.published.clone().unwrap_or_default(),
                    port.target
                ));
            }
        }
    }
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

/// The kind of store that a runtime is: by the image that it runs, or that its build starts from and still runs.
fn store(runtime: &Runtime) -> Option<&'static str> {
    let image: &ImageRef = runtime.image.as_ref()?;
    let kind = STORES.iter().copied().find(|s| *s == image.short_name())?;
    let built = runtime.stage.is_some();
    let runs_other = runtime.processes.iter().any(|p| servers::listen(p, runtime).is_some_and(|l| l.server != "redis-server"));
    (!built || !runs_other).then_some(kind)
}
