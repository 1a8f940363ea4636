//! What FROM and `--from` name.

use super::Walk;
use crate::syntax::dockerfile::{Instruction, Op};

/// What FROM or `--from` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plan) enum Source {
    /// An earlier stage.
    Stage(usize),
    /// An image, another service's image, or anything else that the builder fetches.
    Image(String),
    /// A folder on this machine.
    Folder(String),
    /// Nothing.
    Scratch,
}

impl Walk<'_> {
    /// What a FROM names: an earlier stage by its exact text, or an image.
    pub(super) fn base(&self, image: &str, before: usize) -> Source {
        let name = self.global_word(image);
        if let Some(context) = self.build.settings.contexts.get(&name) {
            return self.context(&name, context);
        }
        if name == "scratch" {
            return Source::Scratch;
        }
        self.named(&name, before).map_or(Source::Image(name), Source::Stage)
    }

    /// What a `--from` names: a stage by number or name, a named context, or an image.
    pub(super) fn from(&self, from: &str, before: usize) -> Source {
        if let Some(context) = self.build.settings.contexts.get(from) {
            return self.context(from, context);
        }
        if from == "scratch" {
            return Source::Scratch;
        }
        let number = from.parse::<usize>().ok().filter(|&n| n < before);
        let stage = number.or_else(|| self.named(&from.to_lowercase(), before));
        stage.map_or_else(|| Source::Image(from.to_owned()), Source::Stage)
    }

    fn named(&self, name: &str, before: usize) -> Option<usize> {
        let earlier = self.unit.ast.stages.get(..before)?;
        earlier.iter().rposition(|stage| stage.name.as_ref().is_some_and(|n| n.value == name))
    }

    /// A named context: a folder, an image, another service's build, or what else the builder fetches.
    fn context(&self, name: &str, value: &str) -> Source {
        match self.build.settings.folders.get(name) {
            Some(dir) => Source::Folder(dir.clone()),
            None => Source::Image(value.strip_prefix("docker-image://").unwrap_or(value).to_owned()),
        }
    }

    /// What a stage is FROM and what its instructions read.
    pub(super) fn sources_of(&self, index: usize) -> Vec<Source> {
        let Some(stage) = self.unit.ast.stages.get(index) else { return Vec::new() };
        let base = self.unit.ast.from_of(stage).map(|from| self.base(&from.image, index));
        let named = self.unit.ast.stage_instructions(stage).flat_map(|(_, instruction)| froms(instruction));
        base.into_iter().chain(named.map(|from| self.from(from, index))).collect()
    }
}

/// `--from` and the `from` of mounts.
fn froms(instruction: &Instruction) -> Vec<&str> {
    match &instruction.op {
        Op::Copy(copy) | Op::Add(copy) => copy.from.iter().map(|from| from.value.as_str()).collect(),
        Op::Run(run) => run.mounts.iter().filter_map(|mount| mount.get("from")).map(|from| from.value.as_str()).collect(),
        Op::Onbuild(inner) => match &inner.op {
            Op::Copy(copy) | Op::Add(copy) => copy.from.iter().map(|from| from.value.as_str()).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
