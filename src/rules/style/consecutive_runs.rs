use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, run_commands};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Instruction, Op};

rule!(ConsecutiveRuns, "style/consecutive-runs");

impl Rule for ConsecutiveRuns {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for pair in block.instructions.windows(2) {
                let [(first, one), (second, two)] = pair else { continue };
                let runs = matches!((&one.op, &two.op), (Op::Run(_), Op::Run(_)));
                let short = |item: usize, i: &Instruction| run_commands(unit, item, i).len() == 1;
                if runs && flags(one, cx) == flags(two, cx) && short(*first, one) && short(*second, two) {
                    cx.report(two.head, "this RUN makes a layer of its own right after another one").label(one.head, "the one before");
                }
            }
        }
    }
}

fn flags<'a>(instruction: &Instruction, cx: &Cx<'a>) -> Vec<&'a str> {
    instruction.flags.iter().map(|f| cx.text(f.span)).collect()
}
