//! What runs: a container for every service, and for every Dockerfile that none builds.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::files::{self, Kind};
use crate::source::Span;
use crate::syntax::{dockerrun, shell};
use crate::text::Text;

use super::load::{Loader, Sorted};
use super::{DockerrunUse, Runtime, ScriptOrigin, ScriptUnit};
use super::{build_scripts, misplaced, nginx_use, runtime_walk, templates};

impl Loader<'_> {
    pub(super) fn runtimes(&mut self) {
        let services: usize = self.stack.projects.iter().map(|project| project.services.len()).sum();
        let mut planned: Vec<Runtime> = Vec::with_capacity(services + self.stack.dockerfiles.len());
        for (p, project) in self.stack.projects.iter().enumerate() {
            let mut built: BTreeMap<String, usize> = BTreeMap::new();
            for (s, service) in project.services.iter().enumerate().filter(|(_, s)| s.build.is_some()) {
                if let Some(image) = &service.image {
                    built.entry(super::ImageRef::parse(image).full_name()).or_insert(s);
                }
            }
            for (s, service) in project.services.iter().enumerate() {
                let build = self.build_of((p, s));
                let image = service.image.as_deref().filter(|_| build.is_none() && !built.is_empty());
                // a service that names an image which another service of the project builds runs that build
                let builder = image.and_then(|image| built.get(&super::ImageRef::parse(image).full_name()));
                let build = build.or_else(|| self.build_of((p, *builder?)));
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
        let mut known = runtime_walk::Known::default();
        let mut met: BTreeSet<Span> = BTreeSet::new();
        let mut nginx = Vec::new();
        let mut substituted = Vec::new();
        let mut script_runs = Vec::new();
        for (index, runtime) in planned.iter_mut().enumerate() {
            runtime.index = index;
            let mut walk = runtime_walk::Walk {
                known: &mut known,
                files: self.disk,
                sources: &mut sources,
                unit: runtime.stage.and_then(|(u, stage)| Some((self.stack.dockerfiles.get(u)?, stage))),
                context: runtime.build.and_then(|b| self.stack.builds.get(b)).and_then(|b| self.stack.context_of(b)),
                service: runtime.service.and_then(|at| self.stack.service(at)).map(|(_, s)| s),
                scripts: Vec::new(),
                on_path: RefCell::default(),
                environment: OnceCell::new(),
            };
            walk.run(runtime);
            nginx.extend(nginx_use::find(&mut walk, runtime));
            script_runs.extend(build_scripts::find(&mut walk));
            // after the scripts that the image's entrypoint runs are known
            substituted.extend(templates::find(&mut walk, runtime));
            // several containers may start the same script
            scripts.extend(walk.scripts.into_iter().filter(|s| met.insert(s.span)));
        }
        for (p, project) in self.stack.projects.iter().enumerate() {
            for (s, service) in project.services.iter().enumerate() {
                let test = service.healthcheck.as_ref().and_then(|h| h.test.as_ref());
                let check = test.map(|line| (line, Arc::new(check_script(&line.argv))));
                let lines = service.command.iter().chain(&service.entrypoint).chain(&service.hooks);
                let lines = lines.map(|line| (line, known.line(line.span, &line.argv)));
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
        self.stack.script_runs = script_runs;
        self.stack.runtimes = planned;
    }

    /// The build of a service.
    fn build_of(&self, at: (usize, usize)) -> Option<usize> {
        // those of services come first, in the order of the projects
        self.stack.builds.binary_search_by(|b| b.service.map_or(std::cmp::Ordering::Greater, |s| s.cmp(&at))).ok()
    }

    pub(super) fn planned(&self, service: Option<(usize, usize)>, build: Option<usize>) -> Runtime {
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

    pub(super) fn mounts(&mut self) {
        let mut shown = misplaced::Shown::new();
        let projects = self.stack.projects.iter().enumerate();
        let missing = projects.flat_map(|(at, project)| self.missing_of(at, project, &mut shown)).collect();
        self.stack.missing_mounts = missing;
    }

    /// A folder that is not there, beside one of nearly the same name. Without that, the whole part of the project may be
    /// elsewhere, or paths may count from another folder.
    pub(super) fn misspelt(&self, dir: &str) -> bool {
        let beside = self.disk.names(files::parent(dir)).unwrap_or_default();
        let folders = beside.iter().filter(|e| e.kind == Kind::Dir).map(|e| e.name.as_str());
        crate::syntax::closest(files::file_name(dir), folders).is_some()
    }

    /// Kept out of the repository on purpose: git ignores it, or an example of it lies beside.
    pub(super) fn made_later(&self, path: &str) -> bool {
        let name = files::file_name(path);
        let stem = name.split('.').find(|part| !part.is_empty()).unwrap_or(name);
        let dir = files::parent(path);
        let example =
            |n: &str| n.starts_with(stem) && ["example", "sample", "dist", "template", "default", "tmpl"].iter().any(|w| n.contains(w));
        let Ok(beside) = self.disk.names(dir) else { return !self.misspelt(dir) };
        if beside.iter().any(|e| example(&e.name)) {
            return true;
        }
        self.ignored(path)
    }

    /// Whether a `.gitignore` above names a path.
    pub(super) fn ignored(&self, path: &str) -> bool {
        let (name, dir) = (files::file_name(path), files::parent(path));
        let mut above = vec![dir];
        while let Some(last) = above.last().copied().filter(|d| *d != "." && *d != "/" && !d.is_empty()) {
            above.push(files::parent(last));
        }
        above.into_iter().any(|dir| {
            let below = files::strip_prefix(dir, path).unwrap_or(path);
            self.gitignore(dir).iter().any(|line| {
                let ending = line.strip_prefix('*').filter(|end| end.starts_with('.'));
                name == line || files::strip_prefix(line, below).is_some() || ending.is_some_and(|end| name.ends_with(end))
            })
        })
    }

    /// The lines of a folder's `.gitignore`.
    fn gitignore(&self, dir: &str) -> Arc<[String]> {
        if let Some(lines) = self.gitignores.borrow().get(dir) {
            return Arc::clone(lines);
        }
        let bytes = self.disk.read(&files::join(dir, ".gitignore")).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().map(|l| l.trim().trim_matches('/')).filter(|line| !line.is_empty());
        let lines: Arc<[String]> = lines.map(str::to_owned).collect();
        self.gitignores.borrow_mut().insert(dir.to_owned(), Arc::clone(&lines));
        lines
    }

    pub(super) fn dockerruns(&mut self, sorted: &Sorted) {
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

/// What `healthcheck.test` runs: words after `CMD`, a shell's text after `CMD-SHELL`.
fn check_script(argv: &[Text]) -> shell::Script {
    match argv {
        [kind, text, ..] if kind.value == "CMD-SHELL" => shell::parse_text(text, shell::Dialect::Posix),
        [kind, rest @ ..] if kind.value == "CMD" => shell::from_argv(rest, shell::Dialect::Posix),
        _ => shell::from_argv(argv, shell::Dialect::Posix),
    }
}
