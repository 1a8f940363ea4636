use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::logins::{Login, login, may_be_login};
use crate::rules::support::setting::for_development;

rule!(DefaultCredentials, "secrets/default-credentials");

impl Rule for DefaultCredentials {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        let mut logins: Vec<Login<'_>> = Vec::new();
        for service in &project.services {
            let own = service.environment.iter().filter(|v| !v.from_file && !v.interpolated() && may_be_login(v));
            let own: Vec<_> = own.collect();
            if own.is_empty() {
                continue;
            }
            let mut places = cx.stack.projects_in(&project.dir).filter_map(|(p, other)| {
                let s = other.services.iter().position(|s| s.span == service.span)?;
                cx.stack.runtime_of((p, s))
            });
            let runtime = places.next();
            let found: Vec<_> = own.into_iter().filter_map(|var| login(project, service, var, runtime)).collect();
            if !found.is_empty() && !runtime.is_some_and(|r| for_development(cx.stack, r)) {
                logins.extend(found);
            }
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
