use crate::compose::{Project, Role};
use crate::rule::{Cx, Rule, rule};

rule!(ProjectWithoutName, "compose/project-without-name");

impl Rule for ProjectWithoutName {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        if project.named || project.role != Role::Complete || project.services.is_empty() {
            return;
        }
        let Some(first) = project.files.first().and_then(|f| cx.stack.yaml.get(f)).and_then(|y| y.documents.first()) else { return };
        let Some(entry) = first.entries().first() else { return };
        cx.report(
            entry.key.span,
            "containers, networks and volumes are named after the folder: a renamed checkout starts with empty volumes, and one in a folder of the same name takes over",
        )
        .help("add `name:` at the top, or set COMPOSE_PROJECT_NAME in `.env`");
    }
}
