use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(UndefinedReference, "syntax/undefined-reference");

impl Rule for UndefinedReference {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        problems::report(project, ProblemKind::UndefinedReference, cx);
    }
}
