//! Candidates in, a stack out: parse what is there, follow what it refers to, join it.

use std::collections::{BTreeMap, BTreeSet};

use crate::compose::{self, EnvVar, MountKind, Project, Role};
use crate::files::{self, FileError, Files, Kind};
use crate::source::{FileId, Span};
use crate::syntax::dockerfile::{self, Form, Instruction, Op};
use crate::syntax::{dockerrun, shell, yaml};
use crate::text::Text;

use super::candidates::{self, FileRole};
use super::{BuildContext, BuildUse, Context, DockerfileUnit, DockerrunUse, Ignore, Options, Runtime, ScriptOrigin, ScriptUnit, Stack};
use super::{images, nginx_use, runtime_walk, templates};

/// What to load.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Files that may belong to the stack, sorted; those of no interest by name are passed over unless `explicit`.
    pub candidates: Vec<Candidate>,
    /// `-f`: these Compose files are one project; others are not looked for.
    pub compose_files: Vec<String>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// `--env-file`.
    pub env_files: Vec<String>,
    /// `--build-arg`.
    pub build_args: Vec<(String, String)>,
    /// `--target`.
    pub target: Option<String>,
    /// What rules will read from [`Stack::options`].
    pub options: Options,
}

/// A file that may belong to the stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Its path.
    pub path: String,
    /// Named by the user: checked whatever its name.
    pub explicit: bool,
}

/// A file that was named and could not be read.
pub type Failure = (String, FileError);

/// At most this many entries of a build context are looked at; larger ones count as truncated.
const MAX_CONTEXT_ENTRIES: usize = 20_000;

/// How far above an overlay its base is looked for.
const MAX_FOLDERS_UP: usize = 4;

/// Loads a stack. Never fails: what could not be read stands in [`Stack::unreadable`].
pub fn load(request: &Request, disk: &dyn Files) -> Stack {
    let mut loader = Loader {
        request,
        disk,
        stack: Stack { options: request.options.clone(), build_args: request.build_args.clone(), ..Stack::default() },
        dockerfile_paths: BTreeMap::new(),
        context_ids: BTreeMap::new(),
    };
    let sorted = loader.read_candidates();
    loader.projects(&sorted);
    loader.dockerfiles(&sorted);
    loader.builds();
    loader.stages();
    loader.runtimes();
    loader.mounts();
    loader.dockerruns(&sorted);
    loader.stack
}

/// The candidates by what they turned out to be.
#[derive(Default)]
struct Sorted {
    dockerfiles: Vec<(String, FileId)>,
    compose: Vec<(String, FileId, Role)>,
    dockerruns: Vec<(String, FileId)>,
}

struct Loader<'a> {
    request: &'a Request,
    disk: &'a dyn Files,
    stack: Stack,
    dockerfile_paths: BTreeMap<String, usize>,
    context_ids: BTreeMap<(String, String), Option<usize>>,
}

enum Parsed {
    Compose(Box<yaml::Yaml>, Role),
    Other,
}

impl Loader<'_> {
    fn read_candidates(&mut self) -> Sorted {
        let wanted: Vec<(&Candidate, FileRole)> = self
            .request
            .candidates
            .iter()
            .filter_map(|c| match candidates::role_of_name(&c.path) {
                Some(role) => Some((c, role)),
                None => c.explicit.then(|| (c, explicit_role(&c.path))),
            })
            .collect();
        let disk = self.disk;
        let texts = crate::par::map(&wanted, |(c, role)| {
            let bytes = disk.read(&c.path)?;
            let foreign = *role == FileRole::Yaml && !c.explicit && !std::str::from_utf8(&bytes).is_ok_and(candidates::may_be_compose);
            Ok::<_, FileError>((!foreign).then_some(bytes))
        });
        let mut read: Vec<(String, FileId, FileRole, bool)> = Vec::new();
        for ((candidate, role), bytes) in wanted.into_iter().zip(texts) {
            match bytes {
                Ok(Some(bytes)) => {
                    let file = self.stack.sources.add_bytes(&candidate.path, bytes);
                    read.push((candidate.path.clone(), file, role, candidate.explicit));
                }
                Ok(None) => {}
                Err(FileError::TooLarge(bytes)) => {
                    let file = self.stack.sources.add_too_large(&candidate.path, bytes);
                    self.stack.checked.push(file);
                }
                Err(FileError::NotFound) if !candidate.explicit => {}
                Err(error) => self.stack.unreadable.push((candidate.path.clone(), error.to_string())),
            }
        }
        self.sort(read)
    }

    fn sort(&mut self, read: Vec<(String, FileId, FileRole, bool)>) -> Sorted {
        let mut sorted = Sorted::default();
        let sources = &self.stack.sources;
        let parsed = crate::par::map(&read, |(path, file, role, explicit)| {
            let source = sources.get(*file);
            let yaml_like = match role {
                FileRole::Dockerfile => candidates::looks_like_yaml(&source.text),
                FileRole::Compose | FileRole::Yaml => true,
                FileRole::Dockerrun => false,
            };
            if !yaml_like {
                return Parsed::Other;
            }
            let tree = yaml::parse(source);
            // a template of some generator, not a file that any tool reads as it is
            if !tree.errors.is_empty() && ["{%", "{{"].iter().any(|mark| source.text.contains(mark)) {
                return Parsed::Other;
            }
            let named = *role == FileRole::Compose || *explicit;
            match compose::classify(&tree, path) {
                Some(role) => Parsed::Compose(Box::new(tree), role),
                // a file by a Compose name that holds nothing else we know is judged as one, so that its faults are said
                None if named && *role != FileRole::Dockerfile && !foreign_yaml(&tree) => Parsed::Compose(Box::new(tree), Role::Complete),
                None => Parsed::Other,
            }
        });
        for ((path, file, role, explicit), parsed) in read.into_iter().zip(parsed) {
            match (parsed, role) {
                (Parsed::Compose(tree, role), _) => {
                    self.stack.yaml.insert(file, *tree);
                    self.stack.checked.push(file);
                    sorted.compose.push((path, file, role));
                }
                (Parsed::Other, FileRole::Dockerfile)
                    if !explicit && candidates::looks_like_template(&self.stack.sources.get(file).text) => {}
                (Parsed::Other, FileRole::Dockerfile) if !candidates::looks_like_yaml(&self.stack.sources.get(file).text) => {
                    self.stack.checked.push(file);
                    sorted.dockerfiles.push((path, file));
                }
                (Parsed::Other, FileRole::Dockerrun) => {
                    self.stack.checked.push(file);
                    sorted.dockerruns.push((path, file));
                }
                (Parsed::Other, _) => {}
            }
        }
        sorted
    }

    fn projects(&mut self, sorted: &Sorted) {
        if !self.request.compose_files.is_empty() {
            self.project(self.request.compose_files.clone(), Role::Complete);
            return;
        }
        let paths: Vec<&str> = sorted.compose.iter().map(|(path, _, _)| path.as_str()).collect();
        let bases: Vec<Option<String>> = sorted
            .compose
            .iter()
            .map(|(path, file, role)| {
                let beside = if *role == Role::Overlay || is_override(path) { self.overlay_base(path, &paths) } else { None };
                beside.or_else(|| self.base_above(path, *file))
            })
            .collect();
        let replaced: BTreeSet<&str> =
            sorted.compose.iter().zip(&bases).filter(|((path, ..), _)| is_override(path)).filter_map(|(_, base)| base.as_deref()).collect();
        let extended = self.extended_by_others(sorted);
        for ((path, _, role), base) in sorted.compose.iter().zip(&bases) {
            match base {
                _ if extended.contains(path) => {}
                Some(base) => self.project(vec![base.clone(), path.clone()], Role::Overlay),
                None if replaced.contains(path.as_str()) => {}
                None if *role == Role::Fragment && self.is_included(path) => {}
                None => self.project(vec![path.clone()], *role),
            }
        }
        self.drop_included();
        // fragments that some project read are judged there; files read on the way count as checked
        let read: BTreeSet<FileId> = self.stack.projects.iter().flat_map(|p| p.files.iter().copied()).collect();
        self.stack.checked.extend(read);
        self.stack.checked.sort_unstable();
        self.stack.checked.dedup();
    }

    /// A file that another project includes is judged there: its paths and networks are that project's.
    fn drop_included(&mut self) {
        let names = |p: &Project| -> BTreeSet<String> { p.services.iter().map(|s| s.name.value.clone()).collect() };
        let all: Vec<BTreeSet<String>> = self.stack.projects.iter().map(names).collect();
        let mut readers: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
        for (n, project) in self.stack.projects.iter().enumerate() {
            for file in project.files.iter().skip(1) {
                readers.entry(*file).or_default().push(n);
            }
        }
        let included: Vec<bool> = self
            .stack
            .projects
            .iter()
            .zip(&all)
            .map(|(project, own)| {
                let Some(others) = project.files.first().and_then(|f| readers.get(f)) else { return false };
                let holds = |other: &usize| all.get(*other).is_some_and(|o| o.len() > own.len() && own.is_subset(o));
                project.role != Role::Overlay && others.iter().any(holds)
            })
            .collect();
        let mut keep = included.into_iter().map(|i| !i);
        self.stack.projects.retain(|_| keep.next().unwrap_or(true));
    }

    fn overlay_base(&self, path: &str, known: &[&str]) -> Option<String> {
        let dir = files::parent(path);
        let mut siblings: Vec<String> =
            self.disk.list(dir).unwrap_or_default().into_iter().filter(|e| e.kind != Kind::Dir).map(|e| e.name).collect();
        siblings.retain(|name| name.ends_with(".yml") || name.ends_with(".yaml"));
        let base = compose::overlay_base(files::file_name(path), &siblings).map(|base| files::join(dir, &base));
        base.filter(|base| known.contains(&base.as_str()) || self.disk.kind(base) == Some(Kind::File))
    }

    /// The Compose file of a folder above that has an image for the services that have none here: `ci/compose.yaml` laid
    /// over `compose.yaml`.
    fn base_above(&self, path: &str, file: FileId) -> Option<String> {
        let bare = bare_services(self.stack.yaml.get(&file)?);
        if bare.is_empty() {
            return None;
        }
        let mut dir = files::parent(path);
        for _ in 0..MAX_FOLDERS_UP {
            let above = files::parent(dir);
            if above == dir {
                return None;
            }
            dir = above;
            for name in ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"] {
                let base = files::join(dir, name);
                let tree = self.stack.sources.find(&base).and_then(|f| self.stack.yaml.get(&f));
                let services = tree.and_then(|t| t.documents.first()).and_then(|d| d.get("services"));
                if services.is_some_and(|s| bare.iter().all(|name| s.get(name).is_some())) {
                    return Some(base);
                }
            }
        }
        None
    }

    /// Files of services that others extend, where `docker compose` would not take them by itself: what they say is judged
    /// where it is used.
    fn extended_by_others(&self, sorted: &Sorted) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (path, file, _) in &sorted.compose {
            let Some(root) = self.stack.yaml.get(file).and_then(|y| y.documents.first()) else { continue };
            let dir = files::parent(path);
            let here = |node: &yaml::Node| node.as_str().filter(|p| !p.contains('$')).map(|p| files::join(dir, p));
            let services = root.get("services").map(yaml::Node::entries).unwrap_or_default();
            let extended = services.iter().filter_map(|s| here(s.value.get("extends")?.get("file")?));
            found.extend(extended.filter(|p| p != path && !named_by_default(p)));
        }
        // files that extend each other in a circle are judged all the same
        if sorted.compose.iter().all(|(path, ..)| found.contains(path)) { BTreeSet::new() } else { found }
    }

    fn is_included(&self, path: &str) -> bool {
        let file = self.stack.sources.find(path);
        self.stack.projects.iter().any(|p| file.is_some_and(|f| p.files.contains(&f)))
    }

    fn project(&mut self, paths: Vec<String>, role: Role) {
        let request = compose::Request {
            files: paths,
            profiles: self.request.profiles.clone(),
            env_files: self.request.env_files.clone(),
            all_profiles: self.request.profiles.is_empty(),
            role: Some(role),
            ..compose::Request::default()
        };
        let mut project = compose::load(&request, self.disk, &mut self.stack.sources).project;
        if role != Role::Complete {
            project.role = role;
        }
        for file in project.files.clone() {
            if !self.stack.yaml.contains_key(&file) {
                let tree = yaml::parse(self.stack.sources.get(file));
                self.stack.yaml.insert(file, tree);
            }
        }
        self.stack.projects.push(project);
    }

    fn dockerfiles(&mut self, sorted: &Sorted) {
        /// A path, its text, and the service whose inline Dockerfile it is.
        type Wanted = (String, FileId, Option<(usize, usize)>);
        let mut files_to_parse: Vec<Wanted> = sorted.dockerfiles.iter().map(|(path, file)| (path.clone(), *file, None)).collect();
        let known: BTreeSet<String> = sorted.dockerfiles.iter().map(|(path, _)| path.clone()).collect();
        let (mut referred, mut inline) = (BTreeSet::new(), Vec::new());
        for (p, project) in self.stack.projects.iter().enumerate() {
            for (s, service) in project.services.iter().enumerate() {
                let Some(build) = &service.build else { continue };
                match (&build.inline, &build.dockerfile_path) {
                    (Some(text), _) => {
                        inline.push((p, s, format!("{}#{}", self.stack.sources.path(text.span.file), service.name.value), text.clone()))
                    }
                    (None, Some(path)) if !known.contains(path) => {
                        referred.insert(path.clone());
                    }
                    _ => {}
                }
            }
        }
        for path in referred {
            let Ok(bytes) = self.disk.read(&path) else { continue };
            let file = self.stack.sources.add_bytes(&path, bytes);
            self.stack.checked.push(file);
            files_to_parse.push((path, file, None));
        }
        for (p, s, path, text) in inline {
            let file = self.stack.sources.add(&path, text.value);
            files_to_parse.push((path, file, Some((p, s))));
        }
        let sources = &self.stack.sources;
        let trees = crate::par::map(&files_to_parse, |(_, file, _)| dockerfile::parse(sources.get(*file)));
        for ((path, file, inline), ast) in files_to_parse.into_iter().zip(trees) {
            if inline.is_none()
                && known.contains(&path)
                && !self.is_explicit(&path)
                && is_part(&ast, &path, &self.stack.sources.get(file).text)
            {
                self.stack.checked.retain(|f| *f != file);
                continue;
            }
            let index = self.stack.dockerfiles.len();
            if inline.is_none() {
                self.dockerfile_paths.insert(path.clone(), index);
            }
            self.stack.dockerfiles.push(DockerfileUnit {
                index,
                file,
                path,
                inline,
                ast,
                stages: Vec::new(),
                scripts: BTreeMap::new(),
                builds: Vec::new(),
            });
        }
    }

    fn is_explicit(&self, path: &str) -> bool {
        self.request.candidates.iter().any(|c| c.explicit && c.path == path)
    }

    fn builds(&mut self) {
        let mut builds: Vec<BuildUse> = Vec::new();
        for (p, project) in self.stack.projects.iter().enumerate() {
            for (s, service) in project.services.iter().enumerate() {
                let Some(build) = &service.build else { continue };
                let unit = match (&build.inline, &build.dockerfile_path) {
                    (Some(_), _) => self.stack.dockerfiles.iter().position(|u| u.inline == Some((p, s))),
                    (None, Some(path)) => self.dockerfile_paths.get(path).copied(),
                    _ => None,
                };
                let Some(dockerfile) = unit else { continue };
                builds.push(BuildUse {
                    dockerfile,
                    service: Some((p, s)),
                    context: None,
                    target: build.target.clone(),
                    stage: None,
                    args: build.args.clone(),
                });
            }
        }
        let built: BTreeSet<usize> = builds.iter().map(|b| b.dockerfile).collect();
        for unit in &self.stack.dockerfiles {
            if !built.contains(&unit.index) {
                let target = self.request.target.as_ref().map(|t| Text::verbatim(t.clone(), Span::new(unit.file, 0, 0)));
                builds.push(BuildUse { dockerfile: unit.index, service: None, context: None, target, stage: None, args: Vec::new() });
            }
        }
        for build in &mut builds {
            let Some(unit) = self.stack.dockerfiles.get(build.dockerfile) else { continue };
            build.stage = target_stage(unit, build.target.as_deref());
        }
        for (n, build) in builds.iter_mut().enumerate() {
            let Some(unit) = self.stack.dockerfiles.get(build.dockerfile) else { continue };
            let dir = match build.service.and_then(|at| self.stack.service(at)) {
                Some((_, service)) => service.build.as_ref().and_then(|b| b.context_dir.clone()),
                None => Some(files::parent(&unit.path).to_owned()),
            };
            let dockerfile = unit.inline.is_none().then(|| unit.path.clone());
            let reads_context = copies_from_context(unit);
            if let Some(dir) = dir {
                build.context = self.context(&dir, dockerfile.as_deref(), reads_context);
            }
            if let Some(unit) = self.stack.dockerfiles.get_mut(build.dockerfile) {
                unit.builds.push(n);
            }
        }
        self.stack.builds = builds;
    }

    fn context(&mut self, dir: &str, dockerfile: Option<&str>, reads_context: bool) -> Option<usize> {
        if !reads_context {
            return None;
        }
        let ignore = Ignore::find(self.disk, dir, dockerfile, &mut self.stack.sources).unwrap_or_default();
        let key = (dir.to_owned(), ignore.path.clone().unwrap_or_default());
        if let Some(&known) = self.context_ids.get(&key) {
            return known;
        }
        let listing = Context::list_up_to(self.disk, dir, &ignore.rules, MAX_CONTEXT_ENTRIES);
        let found = listing.ok().map(|mut listing| {
            listing.entries.sort_unstable_by(|a, b| a.path.cmp(&b.path));
            if let Some(file) = ignore.file {
                self.stack.checked.push(file);
            }
            self.stack.contexts.push(BuildContext { dir: dir.to_owned(), ignore, listing });
            self.stack.contexts.len() - 1
        });
        self.context_ids.insert(key, found);
        found
    }

    fn stages(&mut self) {
        let args: Vec<Vec<(String, String)>> = self.stack.dockerfiles.iter().map(|unit| self.build_args(unit)).collect();
        let units: Vec<(&DockerfileUnit, Vec<(String, String)>)> = self.stack.dockerfiles.iter().zip(args).collect();
        let models = crate::par::map(&units, |(unit, args)| images::stages(&unit.ast, args));
        for (unit, stages) in self.stack.dockerfiles.iter_mut().zip(models) {
            unit.stages = stages;
        }
        // the shell of a RUN is known once the stages are
        let parsed = crate::par::map(&self.stack.dockerfiles, scripts);
        for (unit, scripts) in self.stack.dockerfiles.iter_mut().zip(parsed) {
            unit.scripts = scripts;
        }
    }

    /// `--build-arg`s, and the arguments on which all Compose builds of the file agree.
    fn build_args(&self, unit: &DockerfileUnit) -> Vec<(String, String)> {
        let mut args = self.request.build_args.clone();
        let mut builds = unit.builds.iter().filter_map(|&n| self.stack.builds.get(n));
        let Some(first) = builds.next() else { return args };
        let rest: Vec<&BuildUse> = builds.collect();
        for arg in &first.args {
            let Some(value) = arg.value.as_ref().filter(|_| !arg.interpolated()) else { continue };
            let agreed = rest.iter().all(|b| b.args.iter().any(|a| a.name.value == arg.name.value && same_value(a, value)));
            if agreed && !args.iter().any(|(name, _)| *name == arg.name.value) {
                args.push((arg.name.value.clone(), value.value.clone()));
            }
        }
        args
    }

    fn runtimes(&mut self) {
        let mut planned: Vec<Runtime> = Vec::new();
        for (p, project) in self.stack.projects.iter().enumerate() {
            for (s, service) in project.services.iter().enumerate() {
                let build = self.stack.builds.iter().position(|b| b.service == Some((p, s)));
                let build = build.or_else(|| self.build_of_image(project, p, service.image.as_deref()));
                planned.push(self.planned(Some((p, s)), build));
            }
        }
        for (n, build) in self.stack.builds.iter().enumerate() {
            if build.service.is_none() {
                planned.push(self.planned(None, Some(n)));
            }
        }
        let mut sources = std::mem::take(&mut self.stack.sources);
        let mut scripts = std::mem::take(&mut self.stack.scripts);
        let mut met: BTreeSet<Span> = BTreeSet::new();
        let mut nginx = Vec::new();
        let mut substituted = Vec::new();
        for (index, runtime) in planned.iter_mut().enumerate() {
            runtime.index = index;
            let mut walk = runtime_walk::Walk {
                files: self.disk,
                sources: &mut sources,
                unit: runtime.stage.and_then(|(u, stage)| Some((self.stack.dockerfiles.get(u)?, stage))),
                context: runtime.build.and_then(|b| self.stack.builds.get(b)).and_then(|b| self.stack.context_of(b)),
                service: runtime.service.and_then(|at| self.stack.service(at)).map(|(_, s)| s),
                scripts: Vec::new(),
            };
            walk.run(runtime);
            nginx.extend(nginx_use::find(&mut walk, runtime));
            substituted.extend(templates::find(&mut walk, runtime));
            // several containers may start the same script
            scripts.extend(walk.scripts.into_iter().filter(|s| met.insert(s.span)));
        }
        for (p, project) in self.stack.projects.iter().enumerate() {
            for (s, service) in project.services.iter().enumerate() {
                let test = service.healthcheck.as_ref().and_then(|h| h.test.as_ref());
                let check = test.map(|line| (line, check_script(&line.argv)));
                let lines = service.command.iter().chain(&service.entrypoint);
                let lines = lines.map(|line| (line, shell::from_argv(&line.argv, shell::Dialect::Posix)));
                for (line, script) in lines.chain(check) {
                    scripts.push(ScriptUnit { script, origin: ScriptOrigin::Compose { project: p, service: s }, span: line.span });
                }
            }
        }
        self.stack.checked.extend(scripts.iter().filter_map(|s| match s.origin {
            ScriptOrigin::File(file) => Some(file),
            _ => None,
        }));
        self.stack.checked.extend(nginx.iter().map(|n| n.file));
        self.stack.checked.sort_unstable();
        self.stack.checked.dedup();
        self.stack.sources = sources;
        self.stack.scripts = scripts;
        self.stack.nginx = nginx;
        self.stack.templates = substituted;
        self.stack.runtimes = planned;
    }

    /// A service that names an image which another service of the project builds runs that build.
    fn build_of_image(&self, project: &Project, p: usize, image: Option<&str>) -> Option<usize> {
        let image = super::ImageRef::parse(image?);
        let builder = project.services.iter().position(|other| {
            other.build.is_some() && other.image.as_ref().is_some_and(|i| super::ImageRef::parse(i).same_image(&image))
        })?;
        self.stack.builds.iter().position(|b| b.service == Some((p, builder)))
    }

    fn planned(&self, service: Option<(usize, usize)>, build: Option<usize>) -> Runtime {
        let stage = build.and_then(|n| self.stack.builds.get(n)).and_then(|b| Some((b.dockerfile, b.stage?)));
        let own = service.and_then(|at| self.stack.service(at)).and_then(|(_, s)| s.image.as_ref());
        let image = match stage.and_then(|(u, n)| self.stack.dockerfiles.get(u)?.root_image(n).cloned()) {
            Some(image) => Some(image),
            None if build.is_none() => own.map(|i| super::ImageRef::parse(i)),
            None => None,
        };
        Runtime {
            index: 0,
            service,
            stage,
            build,
            image,
            launches: Vec::new(),
            env: Vec::new(),
            workdir: None,
            processes: Vec::new(),
            started: Vec::new(),
            complete: false,
            init: false,
        }
    }

    fn mounts(&mut self) {
        let services = self.stack.projects.iter().flat_map(|p| &p.services);
        let binds = services.flat_map(|s| &s.mounts).filter(|m| m.kind == MountKind::Bind).filter_map(|m| m.source_path.as_ref());
        let missing: BTreeSet<String> = binds.filter(|path| self.disk.kind(path).is_none() && !self.made_later(path)).cloned().collect();
        self.stack.missing_mounts = missing;
    }

    /// A folder that is not there, beside one of nearly the same name. Without that, the whole part of the project may be
    /// elsewhere, or paths may count from another folder.
    fn misspelt(&self, dir: &str) -> bool {
        let beside = self.disk.list(files::parent(dir)).unwrap_or_default();
        let folders = beside.iter().filter(|e| e.kind == Kind::Dir).map(|e| e.name.as_str());
        crate::syntax::closest(files::file_name(dir), folders).is_some()
    }

    /// Kept out of the repository on purpose: git ignores it, or an example of it lies beside.
    fn made_later(&self, path: &str) -> bool {
        let name = files::file_name(path);
        let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or(name);
        let dir = files::parent(path);
        let example =
            |n: &str| n.starts_with(stem) && ["example", "sample", "dist", "template", "default", "tmpl"].iter().any(|w| n.contains(w));
        let Ok(beside) = self.disk.list(dir) else { return !self.misspelt(dir) };
        if beside.iter().any(|e| example(&e.name)) {
            return true;
        }
        let mut above = vec![dir];
        while let Some(last) = above.last().copied().filter(|d| *d != "." && *d != "/" && !d.is_empty()) {
            above.push(files::parent(last));
        }
        above.into_iter().any(|dir| {
            let bytes = self.disk.read(&files::join(dir, ".gitignore")).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let below = files::strip_prefix(dir, path).unwrap_or(path);
            text.lines().map(|l| l.trim().trim_matches('/')).any(|line| {
                let whole = !line.is_empty() && (below == line || name == line || files::strip_prefix(line, below).is_some());
                whole || line.strip_prefix("*.").is_some_and(|end| name.ends_with(&format!(".{end}")))
            })
        })
    }

    fn dockerruns(&mut self, sorted: &Sorted) {
        for (path, file) in &sorted.dockerruns {
            let source = self.stack.sources.get(*file);
            let doc = dockerrun::parse(&source.text, source.span());
            // of several containers, none is known to be the one that is built beside the file
            let several = doc.containers.len() > 1;
            let beside = self.dockerfile_paths.get(&files::join(files::parent(path), "Dockerfile"));
            let runtime = beside
                .filter(|_| !several)
                .and_then(|unit| self.stack.runtimes.iter().position(|r| r.stage.is_some_and(|(u, _)| u == *unit)));
            self.stack.dockerruns.push(DockerrunUse { file: *file, doc, runtime });
        }
    }
}

/// Part of a generated Dockerfile rather than one: a template's marks in what cannot be read, or no FROM at all under a name
/// that says "part".
fn is_part(ast: &dockerfile::Dockerfile, path: &str, text: &str) -> bool {
    let plain = ["dockerfile", "containerfile"].contains(&files::file_name(path).to_lowercase().as_str());
    let marks = !ast.errors.is_empty() && (text.contains("{{") || text.contains("{%"));
    marks || (!plain && ast.stages.is_empty() && ast.instructions().next().is_some())
}

/// The services of a file that say neither what they run nor where it comes from.
fn bare_services(tree: &yaml::Yaml) -> Vec<&str> {
    let services = tree.documents.first().and_then(|d| d.get("services"));
    let bare = |s: &yaml::Node| s.entry("<<").is_none() && ["image", "build", "extends", "provider"].iter().all(|k| s.get(k).is_none());
    services.into_iter().flat_map(|s| s.entries()).filter(|e| bare(&e.value)).filter_map(|e| e.key.as_str()).collect()
}

/// What `healthcheck.test` runs: words after `CMD`, a shell's text after `CMD-SHELL`.
fn check_script(argv: &[Text]) -> shell::Script {
    match argv {
        [kind, text, ..] if kind.value == "CMD-SHELL" => shell::parse_text(text, shell::Dialect::Posix),
        [kind, rest @ ..] if kind.value == "CMD" => shell::from_argv(rest, shell::Dialect::Posix),
        _ => shell::from_argv(argv, shell::Dialect::Posix),
    }
}

fn explicit_role(path: &str) -> FileRole {
    if path.ends_with(".json") { FileRole::Dockerrun } else { FileRole::Dockerfile }
}

fn is_override(path: &str) -> bool {
    let name = files::file_name(path);
    ["compose.override", "docker-compose.override"]
        .iter()
        .any(|stem| name.strip_prefix(stem).is_some_and(|ext| matches!(ext, ".yml" | ".yaml")))
}

/// The names that `docker compose` takes by itself.
fn named_by_default(path: &str) -> bool {
    matches!(files::file_name(path), "compose.yaml" | "compose.yml" | "docker-compose.yml" | "docker-compose.yaml")
}

/// YAML that is something else by its own word: Kubernetes, a workflow, a chart.
fn foreign_yaml(tree: &yaml::Yaml) -> bool {
    let Some(root) = tree.documents.first() else { return false };
    let has = |key: &str| root.get(key).is_some();
    (has("apiVersion") && has("kind"))
        || has("jobs")
        || has("stages")
        || has("openapi")
        || has("swagger")
        || root.items().iter().any(|item| !item.entries().is_empty())
}

fn target_stage(unit: &DockerfileUnit, target: Option<&str>) -> Option<usize> {
    let stages = &unit.ast.stages;
    let Some(target) = target.filter(|t| !t.is_empty()) else { return stages.len().checked_sub(1) };
    let target = target.to_lowercase();
    stages.iter().rposition(|s| s.name.as_ref().is_some_and(|n| n.value == target))
}

fn copies_from_context(unit: &DockerfileUnit) -> bool {
    unit.ast.instructions().any(|(_, i)| match &i.op {
        Op::Copy(copy) | Op::Add(copy) => copy.from.is_none() && !copy.sources.is_empty(),
        Op::Run(run) => run.mounts.iter().any(|m| m.kind == "bind" && m.get("from").is_none()),
        _ => false,
    })
}

fn same_value(arg: &EnvVar, value: &Text) -> bool {
    !arg.interpolated() && arg.value.as_ref().is_some_and(|v| v.value == value.value)
}

fn scripts(unit: &DockerfileUnit) -> BTreeMap<usize, ScriptUnit> {
    let mut found = BTreeMap::new();
    for (item, instruction) in unit.ast.instructions() {
        let inner: &Instruction = match &instruction.op {
            Op::Onbuild(inner) => inner,
            _ => instruction,
        };
        let Some(form) = images::form(inner) else { continue };
        let dialect = match unit.ast.stage_of(item) {
            Some(stage) => unit.shell_at(stage, item).dialect,
            None => shell::Dialect::Posix,
        };
        let (script, span, exec) = match form {
            Form::Exec(words) => (shell::from_argv(words, dialect), inner.rest.span, true),
            Form::Shell(text) => {
                let body = matches!(&inner.op, Op::Run(run) if run.heredoc_script);
                let read = if body { shell::parse } else { shell::parse_run };
                (read(&text.text, text.span, dialect), text.span, false)
            }
        };
        let origin = ScriptOrigin::Instruction { dockerfile: unit.index, item, exec };
        found.insert(item, ScriptUnit { script, origin, span });
    }
    found
}
