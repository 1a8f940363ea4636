use crate::rule::{Cx, Rule, rule};
use crate::rules::support::secret_variables::{self, Kind};
use crate::rules::support::secrets::{Value, tried_first};
use crate::stack::DockerfileUnit;

rule!(SecretInEnv, "secrets/secret-in-env");

impl Rule for SecretInEnv {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for variable in secret_variables::of(unit, cx).iter().filter(|v| v.kind == Kind::Env) {
            let Some(value) = &variable.value else { continue };
            let what = match variable.judged {
                Value::Token(kind) => format!("`{}` is {kind} and", variable.name),
                _ => format!("the value of `{}`", variable.name),
            };
            // a word that everyone knows is no secret to hide, and would be hidden wherever it stands
            let hidden = if tried_first(None, value) { value.span.at_end() } else { value.span };
            let report = cx
                .report(variable.span, format!("{what} is in the image for whoever pulls it, and in the environment of every process"))
                .help(format!("give `{}` when the container starts, or as a build secret to the one RUN that needs it", variable.name))
                .aliases(&variable.aliases)
                .mask(hidden);
            if variable.span != variable.key {
                report.label(variable.key, "this one");
            }
        }
    }
}
