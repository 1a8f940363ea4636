use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::secret_variables::{self, Kind, is_shipped};
use crate::rules::support::secrets::{Value, judge};
use crate::stack::DockerfileUnit;

rule!(SecretInBuildArg, "secrets/secret-in-build-arg");

impl Rule for SecretInBuildArg {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for variable in secret_variables::of(unit, cx).iter().filter(|v| v.kind == Kind::Arg) {
            let shipped = variable.stage.is_some_and(|s| is_shipped(cx.stack, unit, s));
            let where_to = if shipped {
                "is recorded in the image's history for whoever pulls it"
            } else {
                "is recorded in the build's cache and provenance"
            };
            let name = &variable.name;
            let given: Vec<_> = cx.stack.builds_of(unit).filter_map(|b| b.args.iter().find(|a| a.name.value == *name)).collect();
            let mut report = cx
                .report(variable.span, format!("what is given as build argument `{name}` {where_to}"))
                .help(format!("give it as a build secret: `RUN --mount=type=secret,id={},env={name} …`", name.to_lowercase()))
                .aliases(&variable.aliases);
            if let (Some(value), Value::Token(_) | Value::Random | Value::Word) = (&variable.value, variable.judged) {
                report = report.label(value.span, "and this default is in the file").mask(value.span);
            }
            if variable.span != variable.key {
                report = report.label(variable.key, "this one");
            }
            for arg in given {
                report = report.label(arg.name.span, "given here");
                if let Some(value) = &arg.value {
                    report = report.mask(value.span);
                }
            }
        }
    }

    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        for build in project.services.iter().filter_map(|s| s.build.as_ref()) {
            for arg in build.args.iter().filter(|a| !a.interpolated() && !a.from_file) {
                let Some(value) = &arg.value else { continue };
                let name = &arg.name.value;
                let what = match judge(name, value) {
                    Value::Token(kind) => format!("{kind} is given as build argument `{name}`: it"),
                    Value::Random => format!("the secret that is given as build argument `{name}`"),
                    Value::Word | Value::Nothing => continue,
                };
                cx.report(value.span, format!("{what} stays in this file and in the image's history"))
                    .help("take it out, replace it where it counts, and give the new one as a build secret")
                    .without_aliases(&["SecretsUsedInArgOrEnv", "DL3064", "DS-0031"])
                    .mask(value.span);
            }
        }
    }
}
