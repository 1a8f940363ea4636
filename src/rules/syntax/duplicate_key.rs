use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(DuplicateKey, "syntax/duplicate-key");

impl Rule for DuplicateKey {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        problems::report(project, ProblemKind::DuplicateKey, cx);
    }
}
