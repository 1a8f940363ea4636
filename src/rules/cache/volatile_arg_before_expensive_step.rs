use crate::rule::{Cx, Rule, rule};
use crate::rules::support::volatile;
use crate::stack::DockerfileUnit;

rule!(VolatileArgBeforeExpensiveStep, "cache/volatile-arg-before-expensive-step");

impl Rule for VolatileArgBeforeExpensiveStep {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for stage in &unit.stages {
            for arg in stage.env.iter().filter(|s| s.arg) {
                let release = volatile::is_per_release(&arg.name) && arg.value.is_none();
                // an ENV that takes it up is what stands in the way, and another rule says so
                let flows = stage.env.iter().any(|s| !s.arg && s.item > arg.item && volatile::reads(s, &arg.name));
                if flows || !(release || volatile::is_per_build(&arg.name)) {
                    continue;
                }
                let Some(dear) = volatile::first_dear(unit, cx, stage.index, arg.item, &[&arg.name]) else { continue };
                cx.report(arg.span, format!("every new `{}` runs `{}` again, which does not use it", arg.name, dear.title))
                    .label(dear.span, "runs again")
                    .help("move the ARG down to the instruction that uses it");
            }
        }
    }
}
