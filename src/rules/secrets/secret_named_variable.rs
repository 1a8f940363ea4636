use crate::rule::{Cx, Rule, rule};
use crate::rules::support::secret_variables::{self, Kind};
use crate::stack::DockerfileUnit;

rule!(SecretNamedVariable, "secrets/secret-named-variable");

impl Rule for SecretNamedVariable {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for variable in secret_variables::of(unit, cx).iter().filter(|v| v.kind == Kind::Named) {
            let report = cx
                .report(variable.span, format!("`{}` is named like a secret, and what it holds stays in the image", variable.name))
                .help("give it at run time or as a build secret, or name it for what it is")
                .aliases(&variable.aliases);
            if variable.span != variable.key {
                report.label(variable.key, "this one");
            }
        }
    }
}
