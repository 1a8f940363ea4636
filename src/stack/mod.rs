//! The stack: everything that a check or a plan looks at, joined by references that keep the span that makes them.

mod areas;
mod build_scripts;
mod candidates;
mod completed;
pub mod context;
mod course;
mod ends;
mod exports;
mod imagefs;
mod images;
mod invocation;
pub mod knowledge;
mod launches;
mod load;
mod load_builds;
mod load_projects;
mod load_runtimes;
mod misplaced;
pub mod nginx_templates;
mod nginx_use;
mod options;
mod reference;
mod runtime;
mod runtime_files;
mod runtime_walk;
pub(crate) mod secret_names;
mod shell_sources;
mod supervised;
mod templates;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compose::{EnvVar, Project, Service, Trees};
use crate::files::Kind;
use crate::source::{FileId, Sources, Span};
use crate::syntax::dockerfile::{Dockerfile, Instruction};
use crate::syntax::dockerrun::Dockerrun;
use crate::syntax::nginx;
use crate::syntax::shell::{Programs, Script};
use crate::text::Text;

use areas::Areas;

pub use self::context::{Context, Ignore};
pub use build_scripts::ScriptRun;
pub use candidates::{FileRole, role_of_name};
pub use images::{Base, EnvSet, Lookup, Shell, StageModel};
pub use load::{Candidate, Failure, Request, load};
pub use options::{LabelKind, Options};
pub use reference::ImageRef;
pub use runtime::{Arg, Below, Launch, Pid1, Process, Runtime, RuntimeEnv, Started, Via, ViaKind};
pub use shell_sources::ShellSource;

/// The stack.
#[derive(Clone, Debug, Default)]
pub struct Stack {
    /// All texts.
    pub sources: Sources,
    /// All Dockerfiles, inline ones included.
    pub dockerfiles: Vec<DockerfileUnit>,
    /// All Compose projects. A file may be in several (a base in each of its overlays' projects).
    pub projects: Vec<Project>,
    /// The places of the projects of each folder.
    project_dirs: BTreeMap<String, Vec<usize>>,
    /// Which folders stand for themselves.
    areas: Areas,
    /// Every way in which a Dockerfile is built; each Dockerfile has at least one.
    pub builds: Vec<BuildUse>,
    /// The build contexts.
    pub contexts: Vec<BuildContext>,
    /// Scripts that are no instruction of a Dockerfile: files, Compose commands and health checks.
    pub scripts: Vec<ScriptUnit>,
    /// What runs: one a service, and one a Dockerfile that no service builds.
    pub runtimes: Vec<Runtime>,
    /// nginx configuration, with where it ends up.
    pub nginx: Vec<NginxUse>,
    /// Files of the project that envsubst reads.
    pub templates: Vec<TemplateUse>,
    /// Script files that RUN instructions execute.
    pub script_runs: Vec<ScriptRun>,
    /// Host paths that services mount and that are not there, with where the file lies if that is a folder above.
    pub missing_mounts: BTreeMap<String, Option<String>>,
    /// `Dockerrun.aws.json` files.
    pub dockerruns: Vec<DockerrunUse>,
    /// YAML trees of the Compose files, for rules on the text itself.
    pub yaml: Trees,
    /// The files that count as checked.
    pub checked: Vec<FileId>,
    /// Files that were wanted and could not be read: path and reason.
    pub unreadable: Vec<(String, String)>,
    /// What the user's configuration says about the project.
    pub options: Options,
    /// `--build-arg`.
    pub build_args: Vec<(String, String)>,
}

/// A Dockerfile of the stack.
#[derive(Clone, Debug)]
pub struct DockerfileUnit {
    /// Its place in [`Stack::dockerfiles`].
    pub index: usize,
    /// The file; for an inline Dockerfile a text of its own.
    pub file: FileId,
    /// Display path.
    pub path: String,
    /// The service whose `dockerfile_inline` it is: project and service index.
    pub inline: Option<(usize, usize)>,
    /// The tree.
    pub ast: Dockerfile,
    /// What is known of each stage, in the order of `ast.stages`.
    pub stages: Vec<StageModel>,
    /// Scripts of RUN, CMD, ENTRYPOINT and HEALTHCHECK, by their place in `ast.items`; those of ONBUILD under the same place.
    pub scripts: BTreeMap<usize, ScriptUnit>,
    /// Places in [`Stack::builds`].
    pub builds: Vec<usize>,
}

/// A shell script of the stack.
#[derive(Clone, Debug)]
pub struct ScriptUnit {
    /// The commands.
    pub script: Arc<Script>,
    /// Where it stands.
    pub origin: ScriptOrigin,
    /// Its source.
    pub span: Span,
}

/// Where a script stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptOrigin {
    /// An instruction of a Dockerfile.
    Instruction {
        /// Place in [`Stack::dockerfiles`].
        dockerfile: usize,
        /// Place in its items.
        item: usize,
        /// Written in exec form: no shell runs unless it is named.
        exec: bool,
    },
    /// A file that an image starts.
    File(FileId),
    /// `command`, `entrypoint` or `healthcheck.test` of a service: no shell runs unless it is named.
    Compose {
        /// Place in [`Stack::projects`].
        project: usize,
        /// Place in its services.
        service: usize,
    },
}

/// One way in which a Dockerfile is built.
#[derive(Clone, Debug)]
pub struct BuildUse {
    /// Place in [`Stack::dockerfiles`].
    pub dockerfile: usize,
    /// The service that builds it: project and service index.
    pub service: Option<(usize, usize)>,
    /// Place in [`Stack::contexts`]; `None` for a URL, or a folder that is not there.
    pub context: Option<usize>,
    /// `target`, as written.
    pub target: Option<Text>,
    /// The stage that is built; `None` where the target names none.
    pub stage: Option<usize>,
    /// Build arguments.
    pub args: Vec<EnvVar>,
}

/// A folder that a build is sent.
#[derive(Clone, Debug)]
pub struct BuildContext {
    /// The folder.
    pub dir: String,
    /// The ignore file in effect.
    pub ignore: Ignore,
    /// What is sent; cut where the folder is very large (`truncated`: absence of a file proves nothing).
    pub listing: Context,
}

/// nginx configuration and where it is used.
#[derive(Clone, Debug)]
pub struct NginxUse {
    /// Place in [`Stack::runtimes`].
    pub runtime: usize,
    /// The file.
    pub file: FileId,
    /// The tree.
    pub conf: nginx::Config,
    /// It passes through envsubst, or the nginx image's template mechanism, before nginx reads it.
    pub template: bool,
    /// What brings it into the container: a COPY or a mount.
    pub brought_by: Span,
}

/// A file that envsubst reads, while the image is built or when the container starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemplateUse {
    /// Place in [`Stack::runtimes`].
    pub runtime: usize,
    /// The file.
    pub file: FileId,
    /// The envsubst command.
    pub call: Span,
}

/// A `Dockerrun.aws.json`.
#[derive(Clone, Debug)]
pub struct DockerrunUse {
    /// The file.
    pub file: FileId,
    /// Its content.
    pub doc: Dockerrun,
    /// The runtime that it starts, by [`Stack::runtimes`], where it can be told.
    pub runtime: Option<usize>,
}

impl Stack {
    /// The script of an instruction.
    pub fn script(&self, unit: &DockerfileUnit, item: usize) -> Option<&Script> {
        self.dockerfiles.get(unit.index).and_then(|u| u.scripts.get(&item)).map(|s| &*s.script)
    }

    /// Every script of the stack: Dockerfiles first.
    pub fn all_scripts(&self) -> impl Iterator<Item = &ScriptUnit> {
        self.dockerfiles.iter().flat_map(|u| u.scripts.values()).chain(&self.scripts)
    }

    /// The builds of a Dockerfile.
    pub fn builds_of<'a>(&'a self, unit: &'a DockerfileUnit) -> impl Iterator<Item = &'a BuildUse> {
        unit.builds.iter().filter_map(|&n| self.builds.get(n))
    }

    /// The context of a build.
    pub fn context_of(&self, build: &BuildUse) -> Option<&BuildContext> {
        self.contexts.get(build.context?)
    }

    /// The project and service of an index pair.
    pub fn service(&self, at: (usize, usize)) -> Option<(&Project, &Service)> {
        let project = self.projects.get(at.0)?;
        Some((project, project.services.get(at.1)?))
    }

    /// The runtime of a service.
    pub fn runtime_of(&self, at: (usize, usize)) -> Option<&Runtime> {
        // those of services come first, in the order of the projects
        let place = self.runtimes.binary_search_by(|r| r.service.map_or(std::cmp::Ordering::Greater, |s| s.cmp(&at)));
        place.ok().and_then(|n| self.runtimes.get(n))
    }

    /// The projects of a folder, with their places.
    pub fn projects_in(&self, dir: &str) -> impl Iterator<Item = (usize, &Project)> {
        self.project_dirs.get(dir).into_iter().flatten().filter_map(|n| Some((*n, self.projects.get(*n)?)))
    }

    /// Whether two files lie in one area: below the same topmost folder of Dockerfiles or Compose files.
    fn same_area(&self, one: FileId, other: FileId) -> bool {
        let area = |file: FileId| self.areas.of_path(self.sources.path(file));
        one == other || area(one).is_some_and(|own| area(other) == Some(own))
    }

    /// The Compose file of a service and the Dockerfile of an image: what says of a container, or of a build, what it is.
    fn told_by(&self, service: Option<(usize, usize)>, dockerfile: Option<usize>) -> impl Iterator<Item = FileId> {
        let project = service.and_then(|at| self.projects.get(at.0)?.files.first().copied());
        project.into_iter().chain(dockerfile.and_then(|unit| Some(self.dockerfiles.get(unit)?.file)))
    }

    /// The areas that a container, or a build, belongs to: those of its Compose file and its Dockerfile, as numbers.
    pub fn areas_of(&self, service: Option<(usize, usize)>, dockerfile: Option<usize>) -> impl Iterator<Item = usize> {
        self.told_by(service, dockerfile).filter_map(|file| self.areas.of_path(self.sources.path(file)))
    }

    fn near(&self, file: FileId, service: Option<(usize, usize)>, dockerfile: Option<usize>) -> bool {
        self.told_by(service, dockerfile).any(|own| self.same_area(own, file))
    }

    /// The containers that may have to do with a file: those whose Compose file or Dockerfile lies in its area.
    pub fn runtimes_near(&self, file: FileId) -> impl Iterator<Item = &Runtime> {
        self.runtimes.iter().filter(move |r| self.near(file, r.service, r.stage.map(|(unit, _)| unit)))
    }

    /// The Dockerfiles that may have to do with a file.
    pub fn dockerfiles_near(&self, file: FileId) -> impl Iterator<Item = &DockerfileUnit> {
        let built = move |unit: &DockerfileUnit| self.builds_of(unit).any(|b| self.near(file, b.service, Some(b.dockerfile)));
        self.dockerfiles.iter().filter(move |unit| unit.file == file || built(unit))
    }

    /// The scripts outside of Dockerfiles that may have to do with a file: in its area, or started by a container of it.
    pub fn scripts_near(&self, file: FileId) -> impl Iterator<Item = &ScriptUnit> {
        let started = move |script: FileId| {
            let path = self.sources.path(script);
            self.runtimes_near(file).flat_map(|r| &r.started).any(|s| s.file == path)
        };
        self.scripts.iter().filter(move |s| self.same_area(s.span.file, file) || started(s.span.file))
    }

    /// A Dockerfile with the instruction at a place in its items.
    pub fn instruction(&self, dockerfile: usize, item: usize) -> Option<(&DockerfileUnit, &Instruction)> {
        let unit = self.dockerfiles.get(dockerfile)?;
        Some((unit, unit.ast.instruction(item)?))
    }
}

impl DockerfileUnit {
    /// The script of an instruction.
    pub fn script(&self, item: usize) -> Option<&Script> {
        self.scripts.get(&item).map(|s| &*s.script)
    }

    /// Whether a RUN, a CMD or the like may run one of these programs: `false` is certain.
    pub fn may_run(&self, programs: Programs) -> bool {
        self.scripts.values().any(|s| s.script.may_run(programs))
    }

    /// The stages that are built by some build of this Dockerfile, those that they need included.
    pub fn built_stages(&self, stack: &Stack) -> Vec<bool> {
        let mut built = vec![false; self.stages.len()];
        let mut open: Vec<usize> = stack.builds_of(self).filter_map(|b| b.stage).collect();
        while let Some(n) = open.pop() {
            match built.get_mut(n) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            if let Some(stage) = self.stages.get(n) {
                open.extend(stage.needs.iter().map(|need| need.stage));
            }
        }
        built
    }

    /// The stages that end up as an image of their own: the targets of the builds.
    pub fn final_stages(&self, stack: &Stack) -> Vec<usize> {
        let mut stages: Vec<usize> = stack.builds_of(self).filter_map(|b| b.stage).collect();
        stages.sort_unstable();
        stages.dedup();
        stages
    }

    /// A stage and the stages that it is FROM, nearest first.
    pub fn chain(&self, stage: usize) -> Vec<usize> {
        let mut chain = Vec::new();
        for n in self.lineage(stage) {
            if chain.contains(&n) {
                break;
            }
            chain.push(n);
        }
        chain
    }

    /// The same, one after the other; a circle of stages ends as well.
    pub fn lineage(&self, stage: usize) -> impl Iterator<Item = usize> {
        let parent = |n: &usize| match self.stages.get(*n)?.base {
            Base::Stage(parent) => Some(parent),
            _ => None,
        };
        std::iter::successors(Some(stage), parent).take(self.stages.len() + 1)
    }

    /// Whether a stage is another one, or FROM it, directly or not.
    pub fn builds_on(&self, stage: usize, other: usize) -> bool {
        let mut next = stage;
        // a circle of stages ends as well
        for _ in 0..=self.stages.len() {
            match self.stages.get(next).map(|s| &s.base) {
                _ if next == other => return true,
                Some(Base::Stage(parent)) => next = *parent,
                _ => return false,
            }
        }
        false
    }

    /// The image that a stage starts from in the end.
    pub fn root_image(&self, stage: usize) -> Option<&ImageRef> {
        let mut next = stage;
        // a circle of stages has no image
        for _ in 0..=self.stages.len() {
            match &self.stages.get(next)?.base {
                Base::Stage(parent) => next = *parent,
                Base::Image(image) => return Some(image),
                _ => return None,
            }
        }
        None
    }
}

impl BuildContext {
    /// Whether the builder finds a file, or a folder, under this path.
    pub fn has(&self, path: &str) -> bool {
        path == "." || self.listing.truncated || self.entry(path).is_some() || self.below(path).next().is_some()
    }

    /// What is sent under this very path.
    pub fn entry(&self, path: &str) -> Option<&context::Entry> {
        self.listing.entries.binary_search_by(|e| e.path.as_str().cmp(path)).ok().and_then(|n| self.listing.entries.get(n))
    }

    /// Whether a file is sent under this very path.
    pub fn has_file(&self, path: &str) -> bool {
        self.entry(path).is_some_and(|e| e.kind != Kind::Dir)
    }

    /// Everything that is sent below a folder; `.` is all.
    pub fn below<'a>(&'a self, dir: &'a str) -> impl Iterator<Item = &'a context::Entry> {
        let prefix = if dir == "." { String::new() } else { format!("{}/", dir.trim_end_matches('/')) };
        let start = self.listing.entries.partition_point(|e| e.path.as_str() < prefix.as_str());
        self.listing.entries.get(start..).unwrap_or_default().iter().take_while(move |e| e.path.starts_with(&prefix))
    }
}
