//! The instructions that make an image, in the order in which they are built, and the commands of their RUNs.

use std::rc::Rc;

use crate::files;
use crate::stack::{BuildContext, DockerfileUnit, Stack};
use crate::syntax::dockerfile::{Instruction, Mount, Op};
use crate::syntax::shell::{Command, Programs, Script};

/// An instruction in the history of an image.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    /// The stage that it stands in.
    pub(crate) stage: usize,
    /// Its place in the items.
    pub(crate) item: usize,
    /// The instruction.
    pub(crate) instruction: &'a Instruction,
}

/// The instructions of a stage.
pub(crate) fn own(unit: &DockerfileUnit, stage: usize) -> impl Iterator<Item = Step<'_>> {
    let instructions = unit.ast.stages.get(stage).into_iter().flat_map(|ast| unit.ast.stage_instructions(ast));
    instructions.map(move |(item, instruction)| Step { stage, item, instruction })
}

/// The instructions of a stage after those of the stages that it is FROM.
pub(crate) fn history(unit: &DockerfileUnit, stage: usize) -> Vec<Step<'_>> {
    let len = |n: usize| unit.ast.stages.get(n).map_or(0, |ast| ast.instructions.len());
    let mut history = Vec::with_capacity(unit.lineage(stage).map(len).sum());
    match unit.lineage(stage).nth(1) {
        None => history.extend(own(unit, stage)),
        Some(_) => history.extend(unit.chain(stage).iter().rev().flat_map(|n| own(unit, *n))),
    }
    history
}

impl<'a> Step<'a> {
    /// The script of a RUN; that of an ONBUILD is none of this image's.
    pub(crate) fn run(&self, unit: &'a DockerfileUnit) -> Option<&'a Script> {
        matches!(self.instruction.op, Op::Run(_)).then(|| unit.script(self.item)).flatten()
    }

    /// Whether it is a RUN that may run one of these programs: `false` is certain.
    pub(crate) fn may_run(&self, unit: &DockerfileUnit, programs: Programs) -> bool {
        unit.script(self.item).is_some_and(|s| s.may_run(programs)) && matches!(self.instruction.op, Op::Run(_))
    }

    /// The commands of a RUN with the folder that each runs in.
    pub(crate) fn commands(&self, unit: &'a DockerfileUnit) -> Vec<Placed<'a>> {
        let Some(script) = self.run(unit) else { return Vec::new() };
        let mut dir: Option<Rc<str>> = unit.workdir_at(self.stage, self.item).map(Rc::from);
        let mut found = Vec::with_capacity(script.commands.len());
        for (_, command) in script.walk() {
            if command.may_start(CD) && command.name().as_deref() == Some("cd") && !command.place.substitution {
                dir = cd(unit, self, dir.as_deref(), command).map(Rc::from);
            }
            found.push(Placed { command, dir: dir.clone() });
        }
        found
    }

    /// The mounts of a RUN.
    pub(crate) fn mounts(&self) -> &'a [Mount] {
        match &self.instruction.op {
            Op::Run(run) => &run.mounts,
            _ => &[],
        }
    }
}

const CD: Programs = Programs::of(&["cd"]);

fn cd(unit: &DockerfileUnit, step: &Step<'_>, dir: Option<&str>, command: &Command) -> Option<String> {
    let target = command.args().first()?.evaluate(&|name| match unit.lookup(step.stage, step.item, name) {
        crate::stack::Lookup::Known(value) => Some(value),
        _ => None,
    })?;
    if target.starts_with('/') { Some(files::normalize(&target)) } else { dir.map(|dir| files::join(dir, &target)) }
}

/// A command and the folder that it runs in; `None` where it is not known.
pub(crate) struct Placed<'a> {
    /// The command.
    pub(crate) command: &'a Command,
    /// Absolute.
    pub(crate) dir: Option<Rc<str>>,
}

/// The context that a stage is built with, where exactly one is known.
pub(crate) fn context<'a>(stack: &'a Stack, unit: &'a DockerfileUnit) -> Option<&'a BuildContext> {
    let mut contexts: Vec<usize> = stack.builds_of(unit).filter_map(|b| b.context).collect();
    contexts.sort_unstable();
    contexts.dedup();
    match contexts.as_slice() {
        [one] => stack.contexts.get(*one),
        _ => None,
    }
}
