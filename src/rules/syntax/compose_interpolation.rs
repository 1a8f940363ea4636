use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(ComposeInterpolation, "syntax/compose-interpolation");

impl Rule for ComposeInterpolation {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        problems::report(project, ProblemKind::Interpolation, cx);
    }
}
