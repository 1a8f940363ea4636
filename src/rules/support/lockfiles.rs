//! Installs of a Dockerfile, with what was brought for them: manifests, lockfiles, and by which COPY or mount.

use super::copies::{self, Copy, UNKNOWN};
use super::dependencies::{self, INSTALLERS, Install, Needs};
use super::steps::{self, Step};
use crate::files;
use crate::stack::{BuildContext, DockerfileUnit, Stack};
use crate::syntax::shell::Command;

/// An install of a project's dependencies.
pub(crate) struct Placed<'a> {
    /// The install.
    pub(crate) install: Install<'a>,
    /// The command.
    pub(crate) command: &'a Command,
    /// The RUN.
    pub(crate) step: Step<'a>,
    /// The folder that its manifest lies in.
    pub(crate) dir: String,
    /// The name of its manifest.
    pub(crate) manifest: String,
    /// The COPYs before it, last first.
    pub(crate) copies: Vec<Copy<'a>>,
}

/// The installs that read a manifest, each once: where it stands, not in every stage that is FROM there.
pub(crate) fn installs<'a>(stack: &'a Stack, unit: &'a DockerfileUnit) -> Vec<Placed<'a>> {
    let mut found = Vec::new();
    if !unit.may_run(INSTALLERS) {
        return found;
    }
    let context = steps::context(stack, unit);
    for stage in 0..unit.stages.len() {
        if !steps::own(unit, stage).any(|s| s.may_run(unit, INSTALLERS)) {
            continue;
        }
        let history = steps::history(unit, stage);
        for (n, step) in history.iter().enumerate().filter(|(_, s)| s.stage == stage) {
            if !step.may_run(unit, INSTALLERS) {
                continue;
            }
            for placed in step.commands(unit) {
                let Some(install) = dependencies::install(placed.command) else { continue };
                let Needs::Manifests(files) = &install.needs else { continue };
                let Some(manifest) = files.first().cloned() else { continue };
                let dir = placed.dir.as_deref().unwrap_or(UNKNOWN);
                let within = match install.dir.as_deref().map(|d| unit.expand_at(stage, step.item, d)) {
                    None => dir.to_owned(),
                    Some(Some(d)) => files::join(dir, &d),
                    Some(None) => continue,
                };
                let path = files::join(&within, &manifest);
                let before = history.get(..n).unwrap_or_default().iter().rev();
                let copies = before.filter_map(|s| copies::copy(unit, *s, context)).collect();
                let dir = files::parent(&path).to_owned();
                let manifest = files::file_name(&path).to_owned();
                found.push(Placed { install, command: placed.command, step: *step, dir, manifest, copies });
            }
        }
    }
    found
}

/// A file that is there when an install runs.
pub(crate) struct Brought<'a, 'b> {
    /// Its path in the context.
    pub(crate) origin: String,
    /// What brings it; `None` for a bind mount.
    pub(crate) by: Option<&'b Copy<'a>>,
}

impl<'a> Placed<'a> {
    /// How a file of the install's folder comes there, where the context or a COPY by name proves that it does.
    pub(crate) fn brings(&self, name: &str, context: Option<&BuildContext>) -> Option<Brought<'a, '_>> {
        let path = files::join(&self.dir, name);
        let sure = |origin: &String| match context {
            Some(context) => context.has_file(origin),
            None => false,
        };
        for mount in self.step.mounts().iter().filter(|m| m.kind == "bind" && m.get("from").is_none()) {
            let (Some(source), Some(target)) = (mount.get("source"), mount.get("target")) else { continue };
            let target = files::join(&self.dir, target);
            if let Some(rest) = files::strip_prefix(&target, &path) {
                let origin = files::join(source, rest);
                return Some(Brought { origin: files::normalize(&origin), by: None });
            }
        }
        for copy in &self.copies {
            let named = copy.sources.iter().any(|s| files::file_name(&s.path) == name);
            let Some(origin) = copy.origin(&path, context) else { continue };
            if named || sure(&origin) {
                return Some(Brought { origin, by: Some(copy) });
            }
        }
        None
    }
}
