use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::blocks;
use crate::rules::support::pipes::unseen_pipe;
use crate::stack::DockerfileUnit;

rule!(EchoPipeWithoutPipefail, "quoting/echo-pipe-without-pipefail");

impl Rule for EchoPipeWithoutPipefail {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                let Some((pipe, help)) = unseen_pipe(unit, block.stage, *item, instruction).filter(|(p, _)| p.harmless) else { continue };
                cx.report(
                    pipe.span,
                    format!("{} feeds this pipe without `pipefail`: it has nothing to fail at, but the next command here may", pipe.fed_by),
                )
                .help(help);
            }
        }
    }
}
