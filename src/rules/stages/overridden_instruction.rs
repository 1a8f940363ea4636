use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{looked_at, steps};
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Keyword;

rule!(OverriddenInstruction, "stages/overridden-instruction");

impl Rule for OverriddenInstruction {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let looked_at = looked_at(unit, cx.stack);
        for stage in &unit.stages {
            if !looked_at.get(stage.index).copied().unwrap_or(true) {
                continue;
            }
            let mut last: [Option<(Span, bool)>; 3] = [None; 3];
            for step in steps(unit, stage.index) {
                let slot = match step.instruction.keyword {
                    Keyword::Cmd => 0,
                    Keyword::Entrypoint => 1,
                    Keyword::Healthcheck => 2,
                    _ => continue,
                };
                let here = step.trigger.unwrap_or(step.instruction.head);
                let earlier = last.get_mut(slot).and_then(|l| l.replace((here, step.trigger.is_some())));
                let Some((earlier, trigger)) = earlier.filter(|(span, _)| *span != here) else { continue };
                let name = step.instruction.keyword.name();
                let message = if trigger {
                    format!("the {name} that this stage's base sets off is never used: a later {name} of the stage replaces it")
                } else {
                    format!("this {name} is never used: a later one in the same stage replaces it")
                };
                let report = cx.report(earlier, message).label(here, "this one counts").help(format!("keep one {name} a stage"));
                let aliases: &[&'static str] = match (trigger, slot) {
                    (true, _) => &["MultipleInstructionsDisallowed"],
                    (_, 0) => &["MultipleInstructionsDisallowed", "DL4003", "DS-0016", "kics:multiple_cmd_instructions_listed"],
                    (_, 1) => &["MultipleInstructionsDisallowed", "DL4004", "DS-0007", "kics:multiple_entrypoint_instructions_listed"],
                    _ => &["MultipleInstructionsDisallowed", "DL3012", "DS-0023", "do_not_use_multiple_healthcheck"],
                };
                let report = report.aliases(aliases);
                if stage.index + 1 < unit.stages.len() {
                    report.without_aliases(&["kics:multiple_cmd_instructions_listed", "kics:multiple_entrypoint_instructions_listed"]);
                }
            }
        }
    }
}
