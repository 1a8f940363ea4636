use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(ComposeSchema, "syntax/compose-schema");

impl Rule for ComposeSchema {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        problems::report(project, ProblemKind::Schema, cx);
    }
}
