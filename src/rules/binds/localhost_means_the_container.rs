use crate::compose::{Project, Service};
use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::{reach, servers};
use crate::stack::{ImageRef, Runtime, Stack};

rule!(LocalhostMeansTheContainer, "binds/localhost-means-the-container");

/// Kinds of servers: their images, the schemes of their URLs, and the beginnings of variables that name their host.
const KINDS: [(&[&str], &[&str], &[&str]); 6] = [
    (
        &["postgres", "postgis", "timescaledb", "pgvector", "postgresql"],
        &["postgres", "postgresql"],
        &["POSTGRES", "POSTGRESQL", "PG", "DB", "DATABASE", "SQL"],
    ),
    (&["mysql", "mariadb", "percona"], &["mysql", "mariadb"], &["MYSQL", "MARIADB", "DB", "DATABASE", "SQL"]),
    (&["redis", "valkey", "keydb"], &["redis"], &["REDIS", "CACHE", "CELERY_BROKER"]),
    (&["mongo", "mongodb"], &["mongodb"], &["MONGO", "MONGODB", "DB", "DATABASE"]),
    (&["rabbitmq"], &["amqp", "pyamqp"], &["RABBITMQ", "AMQP", "RABBIT", "BROKER"]),
    (&["memcached"], &["memcached"], &["MEMCACHED", "MEMCACHE"]),
];

impl Rule for LocalhostMeansTheContainer {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut said = Vec::new();
        for runtime in &stack.runtimes {
            let Some((project, service)) = runtime.service.and_then(|at| stack.service(at)) else { continue };
            if !reach::own_network(stack, runtime) || service.has("extra_hosts") {
                continue;
            }
            for var in &runtime.env {
                // what an empty environment makes of a value that comes from outside in parts
                let given = || service.environment.iter().find(|v| v.span == var.span)?.value.as_ref().map(|v| v.value.as_str());
                let Some(value) = var.value.as_deref().or_else(given) else { continue };
                let Some((host, kind)) = meant(&var.name, value) else { continue };
                let Some(other) = neighbour(project, service, runtime, kind).filter(|_| !said.contains(&var.span)) else { continue };
                said.push(var.span);
                let text = cx.text(var.span);
                let report = cx
                    .report(
                        var.span,
                        format!(
                            "`{}` sends `{}` to itself: {host} in a container is that container, and `{}` is another one",
                            var.name, service.name.value, other.name.value
                        ),
                    )
                    .label(other.name.span, "meant is this one")
                    .help(format!("write `{}` for {host}", other.name.value));
                if text.matches(&host).count() == 1 {
                    let edit = replace(var.span, text.replace(&host, &other.name.value));
                    report.fix(format!("connect to {}", other.name.value), Applicability::Unsafe, vec![edit]);
                }
            }
        }
    }
}

/// The loopback name in a variable that tells a client where its server is, and the kinds of server that can be meant.
fn meant(name: &str, value: &str) -> Option<(String, Vec<&'static [&'static str]>)> {
    if let Some((scheme, rest)) = value.split_once("://") {
        let scheme = scheme.trim_start_matches("jdbc:").split('+').next().unwrap_or(scheme);
        let authority = rest.split(['/', '?']).next()?;
        let host = authority.rsplit('@').next()?.split(':').next()?;
        let kinds: Vec<_> = KINDS.iter().filter(|(_, schemes, _)| schemes.contains(&scheme)).map(|k| k.0).collect();
        return (servers::is_loopback(host) && !kinds.is_empty()).then(|| (host.to_owned(), kinds));
    }
    let host = value.split(':').next().filter(|host| servers::is_loopback(host))?;
    let upper = name.to_uppercase();
    let stem = ["_HOST", "HOST", "_HOSTNAME", "_SERVER", "_ADDR"].iter().find_map(|end| upper.strip_suffix(end))?;
    let kinds: Vec<_> = KINDS.iter().filter(|(_, _, stems)| stems.iter().any(|s| ends_with_word(stem, s))).map(|k| k.0).collect();
    (!kinds.is_empty()).then(|| (host.to_owned(), kinds))
}

/// `APP_DB` ends with the word `DB`, `MYDB` does not.
fn ends_with_word(name: &str, word: &str) -> bool {
    name.strip_suffix(word).is_some_and(|before| before.is_empty() || before.ends_with('_'))
}

/// The one other service that is a server of this kind; none where this container runs one itself.
fn neighbour<'a>(project: &'a Project, service: &Service, runtime: &Runtime, kinds: Vec<&[&str]>) -> Option<&'a Service> {
    let is = |image: &ImageRef| kinds.iter().any(|names| names.contains(&image.short_name()));
    let starts_its_own = runtime.processes.iter().any(|p| {
        let name = p.name();
        [
            "postgres",
            "mysqld",
            "mariadbd",
            "redis-server",
            "mongod",
            "rabbitmq-server",
            "memcached",
            "supervisord",
            "service",
            "cloud_sql_proxy",
        ]
        .contains(&name)
    });
    if runtime.image.as_ref().is_some_and(is) || starts_its_own {
        return None;
    }
    let mut others = project.services.iter().filter(|s| s.name.value != service.name.value);
    let is_one = |s: &&Service| s.image.as_ref().is_some_and(|i| is(&ImageRef::parse(i)));
    others.find(is_one)
}
