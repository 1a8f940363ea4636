use crate::compose::{EnvVar, Project, Service};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::secrets::{password_name, placeholder, tried_first, url_login};
use crate::rules::support::setting::for_development;
use crate::source::Span;
use crate::stack::Runtime;

rule!(DefaultCredentials, "secrets/default-credentials");

/// A guessable password of a service.
struct Login<'a> {
    service: &'a Service,
    name: &'a str,
    password: String,
    /// The value, or the login in a URL.
    span: Span,
    /// The service asks for this password; otherwise it gives it to another.
    server: bool,
}

impl Rule for DefaultCredentials {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let mut logins: Vec<Login<'_>> = Vec::new();
        for service in &project.services {
            let runtime = cx.stack.runtimes.iter().find(|r| {
                r.service.and_then(|at| cx.stack.service(at)).is_some_and(|(p, s)| p.dir == project.dir && s.span == service.span)
            });
            if runtime.is_some_and(|r| for_development(cx.stack, r)) {
                continue;
            }
            let own = service.environment.iter().filter(|v| !v.from_file && !v.interpolated());
            logins.extend(own.filter_map(|var| login(project, service, var, runtime)));
        }
        let (servers, mut clients): (Vec<_>, Vec<_>) = logins.into_iter().partition(|l| l.server);
        for server in &servers {
            let same: Vec<_> = clients.iter().filter(|c| c.password == server.password).collect();
            let port = server.service.ports.first().map(|p| format!(", and its port {} is published", p.target)).unwrap_or_default();
            let message = format!("`{}` of `{}` is a password that everyone tries first{port}", server.name, server.service.name.value);
            report(server, &same, message, cx);
        }
        clients.retain(|c| !servers.iter().any(|s| s.password == c.password));
        while let Some(first) = (!clients.is_empty()).then(|| clients.remove(0)) {
            let (same, rest): (Vec<_>, Vec<_>) = clients.into_iter().partition(|c| c.password == first.password);
            let message = format!("`{}` lets `{}` in with a password that everyone tries first", first.name, first.service.name.value);
            report(&first, &same.iter().collect::<Vec<_>>(), message, cx);
            clients = rest;
        }
    }
}

fn report(login: &Login<'_>, others: &[&Login<'_>], message: String, cx: &mut Cx<'_>) {
    let mut report =
        cx.report(login.span, message).help("set one that nobody guesses, from an env file that is not committed or from `secrets`");
    for other in others {
        report = report.label(other.span, format!("`{}` uses it here", other.service.name.value));
    }
}

fn login<'a>(project: &Project, service: &'a Service, var: &'a EnvVar, runtime: Option<&Runtime>) -> Option<Login<'a>> {
    let (name, value) = (var.name.value.as_str(), var.value.as_ref()?);
    if let Some(url) = url_login(value) {
        let known = !url.password.is_empty() && tried_first(Some(&url.user), &url.password);
        let inside = project.service(&url.host).is_some();
        let span = value.span_of(url.range.0, url.range.1);
        return (known && inside).then_some(Login { service, name, password: url.password, span, server: false });
    }
    let named = password_name(name) || name == "MINIO_SECRET_KEY";
    if !named || value.is_empty() || !tried_first(user_of(service, name).as_deref(), value) {
        return None;
    }
    let server = is_server(name, runtime);
    let lower = name.to_lowercase();
    let elsewhere = ["mail", "smtp", "ldap"].iter().any(|w| lower.contains(w)) || placeholder(value);
    (server || !elsewhere && has_neighbour(project, service)).then(|| Login {
        service,
        name,
        password: value.value.clone(),
        span: value.span,
        server,
    })
}

/// The user that belongs to a password: `DB_USER` beside `DB_PASS`.
fn user_of(service: &Service, name: &str) -> Option<String> {
    let upper = name.to_uppercase();
    let prefix = ["PASSWORD", "PASSWD", "PASS", "PWD"].iter().find_map(|end| upper.strip_suffix(end))?;
    let names = ["USER", "USERNAME", "USER_NAME", "LOGIN"].map(|end| format!("{prefix}{end}"));
    let set = service.environment.iter().find(|v| names.contains(&v.name.value.to_uppercase()));
    set.and_then(|v| Some(v.value.as_ref()?.value.clone()))
}

/// Whether a variable is read by the very software that the container runs: `POSTGRES_PASSWORD` in an image of postgres.
fn is_server(name: &str, runtime: Option<&Runtime>) -> bool {
    let words: Vec<String> = name.split('_').map(str::to_lowercase).collect();
    if words.iter().any(|w| matches!(w.as_str(), "admin" | "superuser" | "administrator")) {
        return true;
    }
    let for_another = ["db", "database", "mysql", "postgres", "redis", "mongo", "smtp", "mail", "email", "ldap", "amqp"];
    if words.iter().skip(1).any(|w| for_another.contains(&w.as_str())) {
        return false;
    }
    let Some(image) = runtime.and_then(|r| r.image.as_ref()) else { return false };
    let image = image.name.to_lowercase();
    let Some(first) = words.first() else { return false };
    let also: &[&str] = match first.as_str() {
        "mysql" => &["mariadb", "percona"],
        "postgres" | "pg" => &["postgis", "timescale", "pgvector"],
        "sa" | "mssql" => &["mssql", "sql-edge"],
        "gf" => &["grafana"],
        "kc" => &["keycloak"],
        "elastic" => &["elasticsearch"],
        "redis" => &["valkey"],
        _ => &[],
    };
    first.len() > 2 && image.contains(first.as_str()) || also.iter().any(|a| image.contains(a))
}

/// Whether a service talks to another one of the project: by a variable that names it, or because it waits for it.
fn has_neighbour(project: &Project, service: &Service) -> bool {
    let names_one = |value: &str| {
        let host = value.split_once("://").map_or(value, |(_, rest)| rest).split([':', '/']).next().unwrap_or_default();
        host != service.name.value && project.service(host).is_some()
    };
    !service.depends_on.is_empty()
        || !service.links.is_empty()
        || service.environment.iter().filter_map(|v| v.value.as_ref()).any(|v| names_one(v))
}
