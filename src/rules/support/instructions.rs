//! Where findings on instructions stand, and which stages they are looked for in.

use crate::rule::Cx;
use crate::source::Span;
use crate::stack::{Base, DockerfileUnit, Stack};
use crate::syntax::dockerfile::{Instruction, Op};

/// A span on the line on which an instruction begins, where the builder reports what it finds in it: `wanted` if it stands
/// there, else the keyword.
pub(crate) fn on_first_line(cx: &Cx<'_>, instruction: &Instruction, wanted: Span) -> Span {
    let file = cx.stack.sources.get(wanted.file);
    let line = file.line_of(instruction.span.start as usize);
    if wanted.file != instruction.span.file || file.line_of(wanted.start as usize) != line {
        return instruction.word.span;
    }
    let end = file.line_range(line).end.min(wanted.end as usize);
    Span::new(wanted.file, wanted.start as usize, end)
}

/// For each stage, whether the builder looks at its instructions: all of them, unless `--target` asks for one, which leaves
/// the stages that it needs.
pub(crate) fn looked_at(unit: &DockerfileUnit, stack: &Stack) -> Vec<bool> {
    let mut builds = stack.builds_of(unit).peekable();
    let targeted = builds.peek().is_some() && builds.all(|b| b.service.is_none() && b.target.is_some() && b.stage.is_some());
    if targeted { unit.built_stages(stack) } else { vec![true; unit.stages.len()] }
}

/// An instruction that a stage runs.
pub(crate) struct Step<'a> {
    /// Place in the items.
    pub item: usize,
    /// The instruction; for a trigger the one that ONBUILD held back.
    pub instruction: &'a Instruction,
    /// For a trigger of the parent stage: the FROM that sets it off.
    pub trigger: Option<Span>,
}

/// What a stage runs: first the ONBUILD triggers of the stage that it is FROM, then its own instructions.
pub(crate) fn steps(unit: &DockerfileUnit, stage: usize) -> Vec<Step<'_>> {
    let mut found = Vec::new();
    let Some(model) = unit.stages.get(stage) else { return found };
    let own = |n: usize| unit.ast.stages.get(n).into_iter().flat_map(|s| unit.ast.stage_instructions(s));
    if let Base::Stage(parent) = model.base {
        for (item, instruction) in own(parent) {
            if let Op::Onbuild(inner) = &instruction.op {
                found.push(Step { item, instruction: inner, trigger: Some(model.from) });
            }
        }
    }
    found.extend(own(stage).map(|(item, instruction)| Step { item, instruction, trigger: None }));
    found
}
