use crate::compose::{ProblemKind, Project};
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::problems;

rule!(ContainerNamePreventsScaling, "compose/container-name-prevents-scaling");

impl Rule for ContainerNamePreventsScaling {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        problems::report(project, ProblemKind::Scale, cx);
    }
}
