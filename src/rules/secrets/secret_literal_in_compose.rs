use crate::compose::{EnvVar, Project, Service};
use crate::files::file_name;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::secrets::{Value, judge};
use crate::rules::support::setting::named_development;
use crate::rules::support::tokens::{token, url_login};
use crate::source::Span;

rule!(SecretLiteralInCompose, "secrets/secret-literal-in-compose");

const HELP: &str = "replace it where it counts, for it stays in the repository's history; keep the new one in an env file that is not committed, or under `secrets`";

impl Rule for SecretLiteralInCompose {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for service in &project.services {
            for var in service.environment.iter().filter(|v| !v.from_file) {
                variable(service, var, cx);
            }
            for label in &service.labels {
                let Some(value) = &label.value else { continue };
                if let Some(kind) = token(value) {
                    report(
                        value.span,
                        value.span,
                        format!("{kind} stands in label `{}` of `{}`", label.name.value, service.name.value),
                        cx,
                    );
                }
            }
        }
    }
}

fn variable(service: &Service, var: &EnvVar, cx: &mut Cx<'_>) {
    let Some(value) = &var.value else { return };
    let (name, owner) = (&var.name.value, &service.name.value);
    let for_tests = || named_development(file_name(cx.stack.sources.path(value.span.file)));
    if var.interpolated() {
        // what stands in the file is judged, not what a variable brings
        if let Some(kind) = var.raw.as_deref().and_then(token) {
            report(value.span, value.span, format!("{kind} stands in the file, as `{name}` of `{owner}`"), cx);
        }
        return;
    }
    match judge(name, value) {
        Value::Token(kind) => {
            return report(value.span, value.span, format!("{kind} stands in the file, as `{name}` of `{owner}`"), cx);
        }
        Value::Random if !for_tests() => {
            return report(
                value.span,
                value.span,
                format!("the secret `{name}` of `{owner}` stands in the file for whoever reads the repository"),
                cx,
            );
        }
        _ => {}
    }
    let Some(login) = url_login(value).filter(|_| !for_tests()) else { return };
    if judge("password", &login.password) == Value::Random {
        let span = value.span_of(login.range.0, login.range.1);
        let message = format!("the password in `{name}` of `{owner}` stands in the file for whoever reads the repository");
        report(span, value.span, message, cx);
    }
}

fn report(span: Span, hidden: Span, message: String, cx: &mut Cx<'_>) {
    cx.report(span, message).help(HELP).mask(hidden);
}
