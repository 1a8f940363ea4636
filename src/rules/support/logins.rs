//! Guessable passwords in Compose files: who asks for them, and who gives them.

use super::secrets::{hints_at_secret, password_name, placeholder, tried_first};
use super::tokens::url_login;
use crate::compose::{EnvVar, Project, Service};
use crate::source::Span;
use crate::stack::Runtime;

/// A guessable password of a service.
pub(crate) struct Login<'a> {
    /// Who carries it.
    pub service: &'a Service,
    /// The variable.
    pub name: &'a str,
    /// The password.
    pub password: String,
    /// The value, or the login in a URL.
    pub span: Span,
    /// The service asks for this password; otherwise it gives it to another.
    pub server: bool,
}

/// A look that copies nothing, since nearly no variable holds one.
pub(crate) fn may_be_login(var: &EnvVar) -> bool {
    var.value.as_ref().is_some_and(|v| v.contains("://") || hints_at_secret(&var.name.value))
}

/// The guessable password that a variable holds.
pub(crate) fn login<'a>(project: &Project, service: &'a Service, var: &'a EnvVar, runtime: Option<&Runtime>) -> Option<Login<'a>> {
    let (name, value) = (var.name.value.as_str(), var.value.as_ref()?);
    if let Some(url) = url_login(value) {
        let known = !url.password.is_empty() && tried_first(Some(&url.user), &url.password);
        let inside = project.service(&url.host).is_some();
        let span = value.span_of(url.range.0, url.range.1);
        return (known && inside).then_some(Login { service, name, password: url.password, span, server: false });
    }
    let named = password_name(name) || name == "MINIO_SECRET_KEY";
    if !named || value.is_empty() || !(tried_first(None, value) || tried_first(user_of(service, name).as_deref(), value)) {
        return None;
    }
    let server = is_server(name, runtime);
    let lower = name.to_lowercase();
    let elsewhere = ["mail", "smtp", "imap", "ldap"].iter().any(|w| lower.contains(w)) || placeholder(value);
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
    let is_one = |v: &str| match v.is_ascii() {
        true => names.iter().any(|n| n.eq_ignore_ascii_case(v)),
        false => names.contains(&v.to_uppercase()),
    };
    let set = service.environment.iter().find(|v| is_one(&v.name.value));
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
