use crate::rule::{Cx, Rule, rule};
use crate::stack::DockerfileUnit;

rule!(HealthcheckMissing, "images/healthcheck-missing");

impl Rule for HealthcheckMissing {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let by_service = |stage: usize| {
            cx.stack
                .builds_of(unit)
                .filter(|b| b.stage == Some(stage))
                .any(|b| b.service.and_then(|at| cx.stack.service(at)).is_some_and(|(_, service)| service.healthcheck.is_some()))
        };
        let bare = |stage: &usize| {
            let in_chain = unit.chain(*stage).into_iter().any(|n| unit.stages.get(n).is_some_and(|s| s.healthcheck.is_some()));
            !in_chain && !by_service(*stage)
        };
        let found: Vec<usize> = unit.final_stages(cx.stack).into_iter().filter(bare).collect();
        for stage in found {
            let Some(model) = unit.stages.get(stage) else { continue };
            cx.report(model.from, "nothing says how to tell whether a container of this image works, so a hung one counts as running")
                .help("add HEALTHCHECK, or `HEALTHCHECK NONE` where something else looks after it");
        }
    }
}
