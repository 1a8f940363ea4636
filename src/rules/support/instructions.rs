//! Where findings on instructions stand, and which stages they are looked for in.

use crate::rule::Cx;
use crate::source::Span;
use crate::stack::{Base, DockerfileUnit, Stack};
use crate::syntax::dockerfile::{Instruction, Keyword, Op};
use crate::syntax::shell::Command;

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

/// The instructions of one stage, or those that stand in none.
pub(crate) struct Block<'a> {
    /// The stage; `None` for what stands above the first FROM without being an ARG.
    pub stage: Option<usize>,
    /// The instructions with their places in the items, FROM not among them.
    pub instructions: Vec<(usize, &'a Instruction)>,
}

/// All instructions of a file, stage by stage; misplaced ones first.
pub(crate) fn blocks(unit: &DockerfileUnit) -> Vec<Block<'_>> {
    let misplaced: Vec<_> = unit.ast.global().filter(|(_, i)| i.keyword != Keyword::Arg).collect();
    let mut found = Vec::new();
    if !misplaced.is_empty() {
        found.push(Block { stage: None, instructions: misplaced });
    }
    for (index, stage) in unit.ast.stages.iter().enumerate() {
        let mut instructions = Vec::with_capacity(stage.instructions.len());
        instructions.extend(unit.ast.stage_instructions(stage));
        found.push(Block { stage: Some(index), instructions });
    }
    found
}

/// A word as the builder expands it at its place; `None` where a part is unknown.
pub(crate) fn value_at(unit: &DockerfileUnit, stage: Option<usize>, item: usize, word: &str) -> Option<String> {
    match stage {
        Some(stage) => unit.expand_at(stage, item, word),
        None if word.contains('$') => None,
        None => crate::syntax::dockerfile::expand::expand(word, unit.ast.escape, &|_| None).ok(),
    }
}

/// Whether a path is absolute, on Unix or on Windows.
pub(crate) fn is_absolute(path: &str) -> bool {
    let mut chars = path.chars();
    let drive = chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':');
    path.starts_with(['/', '\\']) || drive
}

/// The commands of a RUN, those of the RUN that ONBUILD holds back included.
pub(crate) fn run_commands<'a>(unit: &'a DockerfileUnit, item: usize, instruction: &Instruction) -> Vec<&'a Command> {
    let inner = match &instruction.op {
        Op::Onbuild(inner) => inner,
        _ => instruction,
    };
    if !matches!(inner.op, Op::Run(_)) {
        return Vec::new();
    }
    unit.script(item).map(|s| s.walk().map(|(_, c)| c).collect()).unwrap_or_default()
}
