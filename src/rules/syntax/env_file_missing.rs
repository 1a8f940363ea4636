use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(EnvFileMissing, "syntax/env-file-missing");

impl Rule for EnvFileMissing {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        problems::report(project, ProblemKind::EnvFileMissing, cx);
    }
}
