use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(YamlSyntax, "syntax/yaml-syntax");

impl Rule for YamlSyntax {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        problems::report(project, ProblemKind::YamlSyntax, cx);
    }
}
