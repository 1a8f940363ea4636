use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};
use crate::stack::ImageRef;

rule!(DependsOnWithoutReadiness, "compose/depends-on-without-readiness");

/// Servers that take seconds to accept connections after their start.
const SLOW: [&str; 14] = [
    "postgres",
    "postgis",
    "timescaledb",
    "pgvector",
    "mysql",
    "mariadb",
    "percona",
    "mongo",
    "rabbitmq",
    "elasticsearch",
    "opensearch",
    "cassandra",
    "mssql",
    "neo4j",
];

impl Rule for DependsOnWithoutReadiness {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            for wait in service.depends_on.iter().filter(|d| d.condition == "service_started") {
                let Some(other) = project.service(&wait.service.value) else { continue };
                let Some(image) = other.image.as_ref().map(|i| ImageRef::parse(i)) else { continue };
                if !SLOW.contains(&image.short_name()) || retries(service) {
                    continue;
                }
                let (why, help) = match &other.healthcheck {
                    Some(check) if !check.disabled => {
                        ("only its start is waited for, though it has a health check", "wait for it: `condition: service_healthy`")
                    }
                    _ => (
                        "it has no health check, so only its start can be waited for",
                        "give it a `healthcheck`, and wait with `condition: service_healthy`",
                    ),
                };
                cx.report(wait.service.span, format!("`{}` may connect before `{}` answers: {why}", service.name.value, other.name.value))
                    .help(help);
            }
        }
    }
}

/// Restarting until the database answers is a way to wait, too.
fn retries(service: &crate::compose::Service) -> bool {
    service.restart.as_ref().is_some_and(|r| matches!(r.value.as_str(), "always" | "unless-stopped") || r.value.starts_with("on-failure"))
}
