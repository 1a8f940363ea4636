use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(ComposeInterpolation, "syntax/compose-interpolation");

impl Rule for ComposeInterpolation {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        // a required variable is meant to be set where the project runs: nothing to say here
        problems::report_fatal(project, ProblemKind::Interpolation, cx);
    }
}
