//! Dockerfiles, who builds them from which context, and what their stages hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::compose::EnvVar;
use crate::files::{self, FileError};
use crate::source::{FileId, Span};
use crate::syntax::dockerfile::{self, Form, Instruction, Op};
use crate::syntax::shell;
use crate::text::Text;

use super::images;
use super::load::{Loader, Sorted};
use super::{BuildContext, BuildUse, Context, DockerfileUnit, Ignore, ScriptOrigin, ScriptUnit};

/// At most this many entries of a build context are looked at; larger ones count as truncated.
const MAX_CONTEXT_ENTRIES: usize = 20_000;

impl Loader<'_> {
    pub(super) fn dockerfiles(&mut self, sorted: &Sorted) {
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
        let trees = crate::par::map(&files_to_parse, sources.bytes(), |(_, file, _)| dockerfile::parse(sources.get(*file)));
        self.stack.dockerfiles.reserve_exact(trees.len());
        for ((path, file, inline), ast) in files_to_parse.into_iter().zip(trees) {
            if inline.is_none()
                && known.contains(&path)
                && is_part(&ast, &path, &self.stack.sources.get(file).text)
                && !self.is_explicit(&path)
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

    pub(super) fn is_explicit(&self, path: &str) -> bool {
        self.request.candidates.iter().any(|c| c.explicit && c.path == path)
    }

    pub(super) fn builds(&mut self) {
        let mut builds: Vec<BuildUse> = Vec::with_capacity(self.stack.dockerfiles.len());
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

    pub(super) fn context(&mut self, dir: &str, dockerfile: Option<&str>, reads_context: bool) -> Option<usize> {
        if !reads_context {
            return None;
        }
        // the folder's entries say which ignore files there are, before any is asked for
        let mut here = None;
        if !self.ignore_files.contains_key(dir)
            && let Ok(entries) = self.disk.list(dir)
        {
            let names = entries.iter().map(|e| e.name.to_ascii_lowercase()).filter(|name| name.ends_with(".dockerignore"));
            self.ignore_files.insert(dir.to_owned(), names.collect());
            here = Some(entries);
        }
        let path = dockerfile.map(|path| format!("{path}.dockerignore")).unwrap_or_default();
        let own = dockerfile.and_then(|_| self.ignore_file(&path).transpose());
        // without an ignore file of its own, the context's folder says which one there is
        let key = (dir.to_owned(), if own.is_some() { path } else { String::new() });
        if let Some(&known) = self.context_ids.get(&key) {
            return known;
        }
        let ignore = match own {
            Some(own) => own,
            None => self.ignore_file(&files::join(dir, ".dockerignore")).transpose().unwrap_or(Ok(Ignore::default())),
        };
        let ignore = ignore.unwrap_or_default();
        let listing = match here.or_else(|| self.disk.list(dir).ok()) {
            Some(here) => Some(Context::list_up_to(self.disk, dir, here, &ignore.rules, MAX_CONTEXT_ENTRIES)),
            None => Context::list(self.disk, dir, &ignore.rules).ok(),
        };
        let found = listing.map(|mut listing| {
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

    /// Reads an ignore file, unless the entries of its folder are known and it is none of them.
    fn ignore_file(&mut self, path: &str) -> Result<Option<Ignore>, (String, FileError)> {
        let name = files::file_name(path);
        let there = |known: &Vec<String>| !name.is_ascii() || known.iter().any(|other| other.eq_ignore_ascii_case(name));
        match self.ignore_files.get(files::parent(path)).is_none_or(there) {
            true => Ignore::read(self.disk, path, &mut self.stack.sources),
            false => Ok(None),
        }
    }

    pub(super) fn stages(&mut self) {
        let args: Vec<Vec<(String, String)>> = self.stack.dockerfiles.iter().map(|unit| self.build_args(unit)).collect();
        let units: Vec<(&DockerfileUnit, Vec<(String, String)>)> = self.stack.dockerfiles.iter().zip(args).collect();
        let models = crate::par::map(&units, self.stack.sources.bytes(), |(unit, args)| images::stages(&unit.ast, args));
        for (unit, stages) in self.stack.dockerfiles.iter_mut().zip(models) {
            unit.stages = stages;
        }
        // the shell of a RUN is known once the stages are
        let parsed = crate::par::map(&self.stack.dockerfiles, self.stack.sources.bytes(), scripts);
        for (unit, scripts) in self.stack.dockerfiles.iter_mut().zip(parsed) {
            unit.scripts = scripts;
        }
    }

    /// `--build-arg`s, and the arguments on which all Compose builds of the file agree.
    pub(super) fn build_args(&self, unit: &DockerfileUnit) -> Vec<(String, String)> {
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
}

/// Part of a generated Dockerfile rather than one: a template's marks in what cannot be read, or no FROM at all under a name
/// that says "part".
fn is_part(ast: &dockerfile::Dockerfile, path: &str, text: &str) -> bool {
    let plain = ["dockerfile", "containerfile"].contains(&files::file_name(path).to_lowercase().as_str());
    let marks = !ast.errors.is_empty() && (text.contains("{{") || text.contains("{%"));
    marks || (!plain && ast.stages.is_empty() && ast.instructions().next().is_some())
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
        found.insert(item, ScriptUnit { script: Arc::new(script), origin, span });
    }
    found
}
