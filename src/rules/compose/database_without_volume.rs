use crate::compose::Project;
use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::setting;
use crate::stack::{ImageRef, Stack};

rule!(DatabaseWithoutVolume, "compose/database-without-volume");

/// Databases and the folders in which their images keep their data.
const DATA: [(&[&str], &[&str]); 9] = [
    (&["postgres", "postgis", "timescaledb", "pgvector"], &["/var/lib/postgresql/data", "/var/lib/postgresql"]),
    (&["mysql", "mariadb", "percona"], &["/var/lib/mysql"]),
    (&["mongo"], &["/data/db"]),
    (&["elasticsearch"], &["/usr/share/elasticsearch/data"]),
    (&["influxdb"], &["/var/lib/influxdb", "/var/lib/influxdb2"]),
    (&["neo4j"], &["/data"]),
    (&["couchdb"], &["/opt/couchdb/data"]),
    (&["cassandra"], &["/var/lib/cassandra"]),
    (&["clickhouse-server"], &["/var/lib/clickhouse"]),
];

impl Rule for DatabaseWithoutVolume {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            let Some((project, service)) = runtime.service.and_then(|at| stack.service(at)) else { continue };
            let Some(image) = service.image.as_ref().filter(|_| service.build.is_none()) else { continue };
            let parsed = ImageRef::parse(image);
            let Some((_, dirs)) = DATA.iter().find(|(names, _)| names.contains(&parsed.short_name())) else { continue };
            let own_place = ["PGDATA", "MYSQL_DATADIR"].iter().any(|n| runtime.env(n).is_some()) || service.has("volumes_from");
            if own_place || setting::for_development(stack, runtime) || once(project, &service.name.value) {
                continue;
            }
            let holds = |target: &str, dir: &str| files::strip_prefix(target, dir).is_some() || files::strip_prefix(dir, target).is_some();
            let kept = service.mounts.iter().any(|m| dirs.iter().any(|dir| holds(&files::normalize(&m.target), dir)));
            if kept {
                continue;
            }
            let dir = dirs.first().copied().unwrap_or_default();
            cx.report(
                image.span,
                format!(
                    "the data of `{}` is gone with its container: after `docker compose down`, the next start is empty",
                    service.name.value
                ),
            )
            .help(format!("mount a named volume on `{dir}`"));
        }
    }
}

/// A service that others wait for to end.
fn once(project: &Project, name: &str) -> bool {
    let waits = project.services.iter().flat_map(|s| &s.depends_on);
    waits.into_iter().any(|d| d.service.value == name && d.condition == "service_completed_successfully")
}
