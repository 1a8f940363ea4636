use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::blocks;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Form, Instruction, Op};
use crate::syntax::shell::{Command, Dialect};

rule!(ConsecutiveRuns, "style/consecutive-runs");

impl Rule for ConsecutiveRuns {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for pair in block.instructions.windows(2) {
                let [(first, one), (second, two)] = pair else { continue };
                let runs = matches!((&one.op, &two.op), (Op::Run(_), Op::Run(_)));
                let short = |item: usize, i: &Instruction| is_short(unit, block.stage, item, i);
                if runs && flags(one, cx) == flags(two, cx) && short(*first, one) && short(*second, two) {
                    cx.report(two.head, "this RUN makes a layer of its own right after another one").label(one.head, "the one before");
                }
            }
        }
    }
}

/// Whether a RUN is one command, what it tests not counted.
fn is_short(unit: &DockerfileUnit, stage: Option<usize>, item: usize, instruction: &Instruction) -> bool {
    let Op::Run(run) = &instruction.op else { return false };
    let windows = stage.is_some_and(|s| unit.shell_at(s, item).dialect == Dialect::Windows);
    match &run.form {
        Form::Shell(shell) if windows => !shell.text.trim_end_matches([';', ' ', '\n', '\r']).contains([';', '&', '|']),
        _ => {
            let tests = |c: &&Command| c.name().is_some_and(|n| matches!(n.as_ref(), "[" | "[[" | "test"));
            unit.script(item).is_some_and(|s| s.commands.iter().filter(|c| !tests(c)).count() == 1)
        }
    }
}

fn flags<'a>(instruction: &Instruction, cx: &Cx<'a>) -> Vec<&'a str> {
    instruction.flags.iter().map(|f| cx.text(f.span)).collect()
}
