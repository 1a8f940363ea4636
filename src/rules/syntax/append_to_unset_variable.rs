use crate::rule::{Cx, Rule, rule};
use crate::rules::support::variables;
use crate::stack::DockerfileUnit;

rule!(AppendToUnsetVariable, "syntax/append-to-unset-variable");

impl Rule for AppendToUnsetVariable {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        variables::report(
            unit,
            cx,
            |u| !u.global && !u.guess && u.appended,
            |names| format!("{names} has no value yet, so the list gets an empty entry, which most programs read as the current folder"),
            |u| format!("leave `${}` out; the base image does not set it", u.used.name),
        );
    }
}
