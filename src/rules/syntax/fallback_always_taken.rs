use crate::rule::{Cx, Rule, rule};
use crate::rules::support::variables;
use crate::stack::DockerfileUnit;

rule!(FallbackAlwaysTaken, "syntax/fallback-always-taken");

impl Rule for FallbackAlwaysTaken {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        variables::report(
            unit,
            cx,
            |u| !u.global && (!u.guess || u.near.is_some()) && !u.appended && u.has_fallback(),
            |names| format!("nothing can set {names} here, so the case for an unset variable always holds, whatever --build-arg says"),
            |u| match &u.near {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("let builds set it: `ARG {}` above this line", u.used.name),
            },
        );
    }
}
