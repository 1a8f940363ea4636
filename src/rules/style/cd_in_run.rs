use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, run_commands};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(CdInRun, "style/cd-in-run");

impl Rule for CdInRun {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in block.instructions.iter().filter(|(_, i)| matches!(i.op, Op::Run(_))) {
                for command in run_commands(unit, *item, instruction) {
                    if command.name().as_deref() == Some("cd") {
                        cx.report(command.span, "`cd` holds for this RUN alone, and every later one starts over")
                            .help("set the folder with WORKDIR where more than this RUN needs it");
                    }
                }
            }
        }
    }
}
