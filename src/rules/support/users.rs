//! As whom containers run: root, or somebody else.

use crate::stack::{DockerfileUnit, ImageRef, ScriptOrigin, Stack};

/// Whether a value of USER is root.
pub(crate) fn is_root(user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default().trim();
    name == "root" || !name.is_empty() && name.bytes().all(|b| b == b'0')
}

/// Whether every service that builds a stage runs it as somebody else.
pub(crate) fn compose_sets_user(stack: &Stack, unit: &DockerfileUnit, stage: usize) -> bool {
    let mut services =
        stack.builds_of(unit).filter(|b| b.stage == Some(stage)).map(|b| b.service.and_then(|at| stack.service(at))).peekable();
    services.peek().is_some() && services.all(|s| s.is_some_and(|(_, s)| s.user.as_ref().is_some_and(|u| !u.is_empty() && !is_root(u))))
}

/// Images that have a user of their own, or whose start gives root up.
pub(crate) fn drops_root(image: &ImageRef) -> bool {
    const OFFICIAL: [&str; 24] = [
        "postgres",
        "redis",
        "mysql",
        "mariadb",
        "mongo",
        "rabbitmq",
        "memcached",
        "elasticsearch",
        "kibana",
        "logstash",
        "cassandra",
        "couchdb",
        "neo4j",
        "solr",
        "ghost",
        "haproxy",
        "varnish",
        "zookeeper",
        "jetty",
        "arangodb",
        "nats",
        "consul",
        "vault",
        "valkey",
    ];
    const OTHERS: [&str; 15] = [
        "windowsservercore",
        "nanoserver",
        "/windows",
        "nonroot",
        "unprivileged",
        "rootless",
        "bitnami",
        "chainguard",
        "jenkins/",
        "grafana/",
        "prom/",
        "elasticsearch/",
        "kibana/",
        "keycloak/",
        "sonarqube",
    ];
    let text = image.text.to_lowercase();
    image.official().is_some_and(|name| OFFICIAL.contains(&name)) || OTHERS.iter().any(|o| text.contains(o))
}

/// Whether a script that an image starts changes to another user.
pub(crate) fn scripts_drop_root(unit: &DockerfileUnit, stack: &Stack) -> bool {
    const CHANGE: [&str; 7] = ["gosu", "su-exec", "setpriv", "runuser", "chpst", "s6-setuidgid", "setuidgid"];
    let started = stack.all_scripts().filter(|s| match s.origin {
        ScriptOrigin::File(_) => true,
        ScriptOrigin::Instruction { dockerfile, .. } => dockerfile == unit.index,
        ScriptOrigin::Compose { .. } => false,
    });
    started.flat_map(|s| s.script.walk()).any(|(_, command)| {
        let effective = command.effective();
        let name = effective.name().unwrap_or_default();
        effective.through().iter().any(|t| CHANGE.contains(&t.as_ref())) || CHANGE.contains(&name.as_ref())
    })
}
