use crate::rule::{Cx, Rule, rule};
use crate::rules::support::setting;
use crate::stack::DockerfileUnit;

rule!(UnusedStage, "stages/unused-stage");

impl Rule for UnusedStage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let builds: Vec<_> = cx.stack.builds_of(unit).collect();
        let by_compose = builds.iter().any(|b| b.service.is_some());
        if builds.iter().any(|b| b.stage.is_none()) {
            return;
        }
        let built = unit.built_stages(cx.stack);
        // the last stage is what a plain `docker build` makes, whatever Compose targets
        let last = unit.stages.len().saturating_sub(1);
        for stage in unit.stages.iter().filter(|s| s.index != last && !built.get(s.index).copied().unwrap_or(true)) {
            let needed = unit.stages.iter().any(|other| other.needs.iter().any(|n| n.stage == stage.index));
            let place = unit.ast.stages.get(stage.index).and_then(|s| s.name.as_ref());
            match place {
                Some(name) if by_compose && !needed && !setting::named_development(&name.value) => {
                    cx.report(
                        name.span,
                        format!("no build reaches stage `{}`: nothing starts from it, copies from it or targets it", name.value),
                    )
                    .help("delete the stage, or name it as `target` where it is meant to be built");
                }
                None if !needed => {
                    cx.report(stage.from, "no build reaches this stage: it has no name, and nothing starts from it or copies from it")
                        .help("delete the stage, or give it a name with `AS` and copy from it");
                }
                _ => {}
            }
        }
    }
}
