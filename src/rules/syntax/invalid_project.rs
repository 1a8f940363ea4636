use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(InvalidProject, "syntax/invalid-project");

impl Rule for InvalidProject {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        problems::report(project, ProblemKind::Invalid, cx);
    }
}
