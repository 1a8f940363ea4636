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

    /// What the `--from` of COPY names: a stage by number or name, a named context, or an image.
    pub(super) fn from(&self, from: &str, before: usize) -> Source {
        let number = from.parse::<usize>().ok().filter(|&n| n < before && !self.build.settings.contexts.contains_key(from));
        number.map_or_else(|| self.named_source(from, before), Source::Stage)
    }

    /// What the `from` of a mount names: the same, but no number.
    pub(super) fn named_source(&self, from: &str, before: usize) -> Source {
        if let Some(context) = self.build.settings.contexts.get(from) {
            return self.context(from, context);
        }
        if from == "scratch" {
            return Source::Scratch;
        }
        let stage = self.named(&from.to_lowercase(), before);
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

    /// What a stage is FROM and what its instructions read, those that its parent's ONBUILD brings included.
    pub(super) fn sources_of(&self, index: usize) -> Vec<Source> {
        let Some(stage) = self.unit.ast.stages.get(index) else { return Vec::new() };
        let mut sources: Vec<Source> = self.unit.ast.from_of(stage).map(|from| self.base(&from.image, index)).into_iter().collect();
        if let Some(Source::Stage(parent)) = sources.first()
            && let Some(parent) = self.unit.ast.stages.get(*parent)
        {
            let triggers = self.unit.ast.stage_instructions(parent).filter_map(|(_, instruction)| match &instruction.op {
                Op::Onbuild(inner) => Some(inner),
                _ => None,
            });
            sources.extend(triggers.flat_map(|trigger| self.froms(trigger, index)));
        }
        sources.extend(self.unit.ast.stage_instructions(stage).flat_map(|(_, instruction)| self.froms(instruction, index)));
        sources
    }

    /// What `--from` and the `from` of mounts name.
    fn froms(&self, instruction: &Instruction, before: usize) -> Vec<Source> {
        match &instruction.op {
            Op::Copy(copy) | Op::Add(copy) => copy.from.iter().map(|from| self.from(&from.value, before)).collect(),
            Op::Run(run) => {
                let named = run.mounts.iter().filter_map(|mount| mount.get("from"));
                named.map(|from| self.named_source(&from.value, before)).collect()
            }
            _ => Vec::new(),
        }
    }
}
