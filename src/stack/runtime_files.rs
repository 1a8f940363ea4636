//! The files that a container's start reads: scripts, programs, configuration; where each stands in the repository.

use std::sync::Arc;

use crate::compose::MountKind;
use crate::files::{self, Kind};
use crate::source::{FileId, Span};
use crate::syntax::gunicorn;

use super::imagefs::{self, Located};
use super::runtime::{Arg, Pid1, Process, Runtime};
use super::runtime_walk::Walk;
use super::supervised;

/// Files of a folder that are looked at.
const MAX_BESIDE: usize = 50;

impl Walk<'_> {
    /// Reads a file that may be a script: one without zero bytes.
    pub(super) fn script_text(&mut self, path: &str) -> Option<FileId> {
        if let Some(file) = self.known.texts.get(path) {
            return Some(*file);
        }
        let bytes = self.files.read(path).ok().filter(|b| !b.contains(&0))?;
        let file = self.sources.add_bytes(path, bytes);
        self.known.texts.insert(path.to_owned(), file);
        Some(file)
    }

    pub(super) fn has_executables(&self, dir: &str) -> bool {
        let beside = self.files.names(dir).unwrap_or_default();
        let mut entries = beside.iter().filter(|e| e.kind == Kind::File).take(MAX_BESIDE);
        entries.any(|e| self.files.mode(&files::join(dir, &e.name)).is_some_and(|mode| mode & 0o111 != 0))
    }

    pub(super) fn gunicorn(&mut self, argv: &[Arg], runtime: &Runtime) -> Option<(FileId, gunicorn::Settings)> {
        let process = probe(argv);
        let path = match process.option(&["-c", "--config"]) {
            Some(arg) if arg.value.starts_with("python:") => return None,
            Some(arg) => arg.value.trim_start_matches("file:").to_owned(),
            None => "gunicorn.conf.py".to_owned(),
        };
        let full = self.container_path(&path, runtime)?;
        let Located::File { path, .. } = self.locate(&full)? else { return None };
        let bytes = self.files.read(&path).ok()?;
        let file = self.sources.add_bytes(&path, bytes);
        let source = self.sources.get(file);
        let conf = gunicorn::parse(&source.text, source.span());
        Some((file, conf))
    }

    /// The program of `python main.py`, `node server.js`, the configuration of `supervisord`: where it lies in the context.
    pub(super) fn program(&mut self, name: &str, argv: &[Arg], runtime: &Runtime) -> Option<FileId> {
        let interpreter = name.starts_with("python") || matches!(name, "node" | "nodejs" | "ruby" | "php");
        if let Some(stem) = settings_stem(name) {
            return self.settings(stem, runtime);
        }
        if name == "supervisord" {
            let path = supervised::configuration(self, argv, runtime.workdir.as_deref())?;
            return self.script_text(&path);
        }
        let own = name.ends_with(".py") || name.ends_with(".js");
        let path = if own {
            argv.first()?.value.clone()
        } else if interpreter {
            argv.iter().skip(1).find(|a| !a.value.starts_with('-'))?.value.clone()
        } else {
            return None;
        };
        if ![".py", ".js", ".mjs", ".cjs", ".ts", ".rb", ".php"].iter().any(|ext| path.ends_with(ext)) {
            return None;
        }
        let full = self.container_path(&path, runtime)?;
        let Located::File { path, .. } = self.locate(&full)? else { return None };
        let bytes = self.files.read(&path).ok()?;
        Some(self.sources.add_bytes(&path, bytes))
    }

    /// The configuration of a development server, in the folder that it is started in.
    fn settings(&mut self, stem: &str, runtime: &Runtime) -> Option<FileId> {
        let dir = runtime.workdir.clone()?;
        let paths = ["ts", "js", "mts", "mjs", "cjs", "json"].iter().map(|end| files::join(&dir, &format!("{stem}.{end}")));
        let Located::File { path, .. } = paths.into_iter().find_map(|path| self.locate(&path))? else { return None };
        let bytes = self.files.read(&path).ok()?;
        Some(self.sources.add_bytes(&path, bytes))
    }

    pub(super) fn container_path(&self, path: &str, runtime: &Runtime) -> Option<String> {
        if path.starts_with('/') {
            return Some(files::normalize(path));
        }
        if !path.contains(['/', '.']) {
            return self.on_path(path);
        }
        let here = runtime.workdir.as_deref().map(|dir| files::join(dir, path));
        if !path.contains('/') && here.as_ref().is_none_or(|here| self.locate(here).is_none()) {
            return self.on_path(path).or(here);
        }
        here
    }

    /// A bare word is looked up on PATH: where entrypoints are commonly put.
    fn on_path(&self, name: &str) -> Option<String> {
        if let Some(known) = self.on_path.borrow().get(name) {
            return known.clone();
        }
        const PATH: [&str; 4] = ["/usr/local/bin", "/usr/bin", "/bin", "/"];
        // neither in an image whose files are known nor among anything of the host's
        let bound = self.service.is_some_and(|s| s.mounts.iter().any(|m| m.kind == MountKind::Bind));
        if !bound && !self.unit.is_some_and(|(unit, stage)| imagefs::may_hold(&self.known.images, unit, stage, self.context, &PATH, name)) {
            return None;
        }
        let mut places = PATH.iter().map(|dir| files::join(dir, name));
        let found = places.find(|p| self.locate(p).is_some());
        self.on_path.borrow_mut().insert(name.to_owned(), found.clone());
        found
    }

    /// What stands at a path of the container: mounts first, then the image.
    pub(super) fn locate(&self, path: &str) -> Option<Located> {
        if let Some(service) = self.service {
            let mounts = service.mounts.iter().filter(|m| files::strip_prefix(&files::normalized(&m.target), path).is_some());
            if let Some(mount) = mounts.max_by_key(|m| m.target.len()).filter(|m| m.kind == MountKind::Bind) {
                let host = mount.source_path.as_deref()?;
                let rest = files::strip_prefix(&files::normalized(&mount.target), path)?;
                let host = files::join(host, rest);
                let there = self.files.kind(&host) == Some(Kind::File);
                return there.then_some(Located::File { path: host, by: mount.span, copied: false });
            }
        }
        let (unit, stage) = self.unit?;
        imagefs::locate(&self.known.images, unit, stage, self.context, path, self.files, 0)
    }
}

fn settings_stem(name: &str) -> Option<&'static str> {
    Some(match name {
        "vite" => "vite.config",
        "webpack" | "webpack-dev-server" => "webpack.config",
        "vue-cli-service" => "vue.config",
        "astro" => "astro.config",
        "nuxt" => "nuxt.config",
        "ng" => "angular",
        _ => return None,
    })
}

fn probe(argv: &[Arg]) -> Process {
    let span = argv.first().map_or(Span::new(FileId(0), 0, 0), |a| a.span);
    Process {
        argv: argv.to_vec(),
        span,
        via: Arc::from([]),
        pid1: Pid1::Unknown,
        below: None,
        background: false,
        last: false,
        before_nothing: false,
        keeps_up: false,
        output: Vec::new(),
        env: Arc::from([]),
        gunicorn: None,
        program: None,
    }
}
