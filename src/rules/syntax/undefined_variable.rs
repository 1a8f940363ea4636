use crate::rule::{Cx, Rule, rule};
use crate::rules::support::variables;
use crate::stack::DockerfileUnit;

rule!(UndefinedVariable, "syntax/undefined-variable");

impl Rule for UndefinedVariable {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        variables::report(
            unit,
            cx,
            |u| !u.global && (!u.guess || u.near.is_some()) && !u.appended && !u.has_fallback(),
            |names| format!("nothing sets {names} here, so the builder puts nothing in its place"),
            |u| match &u.near {
                Some(near) => format!("did you mean `{near}`?"),
                None if variables::is_platform_arg(&u.used.name) => format!("declare it in the stage: `ARG {}`", u.used.name),
                None => format!("declare it above this line: `ARG {name}` or `ENV {name}=…`", name = u.used.name),
            },
        );
    }
}
