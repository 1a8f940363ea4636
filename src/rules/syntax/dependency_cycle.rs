use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(DependencyCycle, "syntax/dependency-cycle");

impl Rule for DependencyCycle {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        problems::report(project, ProblemKind::DependencyCycle, cx);
    }
}
