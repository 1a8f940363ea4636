use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::blocks;
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::dockerfile::{CopyOp, Instruction, Op};

rule!(ConsecutiveCopies, "style/consecutive-copies");

impl Rule for ConsecutiveCopies {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let shipped: Vec<usize> = unit.final_stages(cx.stack).into_iter().flat_map(|n| unit.chain(n)).collect();
        for block in blocks(unit) {
            if block.stage.is_none_or(|n| !shipped.contains(&n)) {
                continue;
            }
            let stack = cx.stack;
            let alike = |one: &Instruction, two: &Instruction| match (copy(one), copy(two)) {
                (Some(a), Some(b)) => one.keyword == two.keyword && a.dest.value == b.dest.value && flags(one, stack) == flags(two, stack),
                _ => false,
            };
            for run in block.instructions.chunk_by(|(_, one), (_, two)| alike(one, two)) {
                let [(_, first), (_, second), ..] = run else { continue };
                let Some(to) = copy(second) else { continue };
                let keyword = second.word.to_uppercase();
                cx.report(
                    second.head,
                    format!("{} {keyword}s into `{}` make a layer each where one instruction would do", run.len(), to.dest.value),
                )
                .label(first.head, "the first of them")
                .help(format!("name all sources in one {keyword}, with a `/` at the end of the target"));
            }
        }
    }
}

/// Files that are copied into a folder.
fn copy(instruction: &Instruction) -> Option<&CopyOp> {
    match &instruction.op {
        Op::Copy(copy) | Op::Add(copy) if instruction.heredocs.is_empty() && instruction.error.is_none() && !copy.sources.is_empty() => {
            Some(copy)
        }
        _ => None,
    }
}

fn flags<'a>(instruction: &Instruction, stack: &'a Stack) -> Vec<&'a str> {
    instruction.flags.iter().map(|f| stack.sources.slice(f.span)).collect()
}
