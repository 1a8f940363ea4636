//! Base files that run nothing without one of the files that are laid over them.

use crate::compose::{self, Problem, ProblemKind, Role};
use crate::files;

use super::load::Loader;

/// Files beside a base that are looked at.
const MAX_OVERLAYS: usize = 20;

impl Loader<'_> {
    /// Takes back what a base lacks where an overlay beside it brings it: nobody starts the base alone then.
    pub(super) fn complete_bases(&mut self) {
        for n in 0..self.stack.projects.len() {
            let Some((base, project)) = self.stack.projects.get(n).and_then(|p| Some((*p.files.first()?, p))) else { continue };
            if project.role != Role::Complete || !project.problems.iter().any(may_be_elsewhere) {
                continue;
            }
            let path = self.stack.sources.path(base).to_owned();
            for overlay in self.overlays_of(&path) {
                let whole = self.loaded(vec![path.clone(), overlay], Some(Role::Overlay));
                if whole.problems.iter().any(|p| p.fatal && !depends_on_machine(p)) {
                    continue;
                }
                let stays = |p: &Problem| whole.problems.iter().any(|other| (other.kind, other.span) == (p.kind, p.span));
                if let Some(project) = self.stack.projects.get_mut(n) {
                    project.problems.retain(|p| !may_be_elsewhere(p) || stays(p));
                }
                break;
            }
        }
    }

    /// The files beside a base that say nothing by themselves and are laid over it.
    fn overlays_of(&mut self, base: &str) -> Vec<String> {
        let dir = files::parent(base);
        let names: Vec<String> = self.disk.names(dir).unwrap_or_default().iter().map(|e| e.name.clone()).collect();
        let over = |name: &&String| compose::overlay_base(name, &names).is_some_and(|own| files::join(dir, &own) == base);
        let mut found: Vec<String> = names.iter().filter(over).map(|name| files::join(dir, name)).collect();
        found.sort();
        found.truncate(MAX_OVERLAYS);
        found.retain(|path| self.loaded(vec![path.clone()], None).role == Role::Overlay);
        found
    }
}

/// Something that is missing, and that another file may bring.
fn may_be_elsewhere(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::Invalid | ProblemKind::UndefinedReference)
}

/// What one machine has and another has not.
fn depends_on_machine(problem: &Problem) -> bool {
    matches!(problem.kind, ProblemKind::EnvFileMissing | ProblemKind::Interpolation)
}
