//! Which COPY brings source before an install that could have run without it.

use std::cell::OnceCell;

use super::copies::{self, Copy, SourceKind, UNKNOWN};
use super::dependencies::{self, INSTALLERS, Install, Needs, Tool};
use super::packages::{self, SYSTEM, Verb};
use super::steps::{self, Step};
use crate::files;
use crate::source::Span;
use crate::stack::{BuildContext, DockerfileUnit, Stack};
use crate::syntax::dockerfile::Op;

/// An install that a COPY above it makes run again.
pub(crate) struct Late {
    /// Its RUN, by its place in the items.
    pub(crate) item: usize,
    /// From the program to its last word.
    pub(crate) span: Span,
    /// How it reads.
    pub(crate) title: String,
    /// The tool; `None` for one of the system's.
    pub(crate) tool: Option<Tool>,
    /// What it reads, as paths of the context, the manifest first; empty where nothing.
    pub(crate) reads: Vec<String>,
    /// The RUN holds nothing else.
    pub(crate) alone: bool,
}

/// A COPY of source with the installs after it that do not need it.
pub(crate) struct Early<'a> {
    /// The COPY.
    pub(crate) copy: Copy<'a>,
    /// The installs, in order.
    pub(crate) installs: Vec<Late>,
}

/// Finds them in a Dockerfile, by the place of the COPY.
pub(crate) fn find<'a>(stack: &'a Stack, unit: &'a DockerfileUnit) -> Vec<Early<'a>> {
    let mut found: Vec<Early<'a>> = Vec::new();
    if !unit.may_run(INSTALLERS.and(SYSTEM)) {
        return found;
    }
    let context = steps::context(stack, unit);
    for stage in 0..unit.stages.len() {
        let history = steps::history(unit, stage);
        let copies = |step: &Step<'_>| matches!(&step.instruction.op, Op::Copy(op) | Op::Add(op) if op.from.is_none());
        if !history.iter().any(copies) {
            continue;
        }
        let wants: Vec<Vec<Wanted>> = history.iter().map(|step| wanted(unit, step)).collect();
        if wants.iter().all(Vec::is_empty) {
            continue;
        }
        let copies: Vec<(usize, Copy<'a>)> =
            history.iter().enumerate().filter_map(|(n, s)| Some((n, copies::copy(unit, *s, context)?))).collect();
        let mut done: Vec<(Tool, String)> = Vec::new();
        for (n, (step, wants)) in history.iter().zip(wants).enumerate() {
            for wanted in wants {
                let key = wanted.tool.map(|t| (t, wanted.dir.clone()));
                let repeated = key.as_ref().is_some_and(|k| done.contains(k));
                done.extend(key);
                if step.stage != stage || repeated {
                    continue;
                }
                let before = copies.iter().filter(|(at, _)| *at < n).map(|(_, c)| c);
                // what needs nothing of the context belongs above the COPY; in a stage of its own it has no such place
                let mut before = before.filter(|c| wanted.manifests.is_some() || c.step.stage == stage);
                let Some(copy) = before.find(|c| wanted.is_spoilt_by(c, context)) else { continue };
                let late = wanted.late(step, copy, context);
                match found.iter_mut().find(|e| e.copy.step.item == copy.step.item) {
                    Some(early) if early.installs.iter().any(|l| l.span == late.span) => {}
                    Some(early) => early.installs.push(late),
                    None => found.extend(copies::copy(unit, copy.step, context).map(|copy| Early { copy, installs: vec![late] })),
                }
            }
        }
    }
    found.sort_by_key(|e| e.copy.step.item);
    found
}

/// An install and what it wants.
struct Wanted {
    span: Span,
    title: String,
    tool: Option<Tool>,
    dir: String,
    /// Absolute paths in the image; `None` where nothing of the context is read.
    manifests: Option<Vec<String>>,
    /// The sources' own code is needed too unless the whole folder is there anyway.
    needs_code: bool,
    alone: bool,
}

fn wanted(unit: &DockerfileUnit, step: &Step<'_>) -> Vec<Wanted> {
    if !step.may_run(unit, INSTALLERS.and(SYSTEM)) {
        return Vec::new();
    }
    let commands = step.commands(unit);
    let alone = commands.len() == 1;
    let installs: Vec<Option<Install<'_>>> = commands.iter().map(|p| dependencies::install(p.command)).collect();
    // a RUN that does more may need the source for that
    let pure = OnceCell::new();
    let pure = || *pure.get_or_init(|| commands.iter().zip(&installs).all(|(p, i)| i.is_some() || !packages::is_opaque(p.command)));
    let mut found = Vec::new();
    for (placed, install) in commands.iter().zip(&installs) {
        let dir = placed.dir.as_deref().unwrap_or(UNKNOWN);
        if let Some(install) = install {
            if kept_in_mount(step, install.tool) {
                continue;
            }
            found.extend(wanted_by(unit, step, install, dir, alone, &pure, placed.command.span));
        } else if let Some(call) = packages::system(placed.command) {
            let by_name = || call.packages.iter().all(|w| !w.lossy().contains('/') && w.literal().is_some());
            if call.verb == Verb::Install && !call.packages.is_empty() && by_name() && pure() {
                let title = format!("{} {}", call.program, crate::rules::support::packages::verb_word(&call));
                let span = call.head;
                found.push(Wanted { span, title, tool: None, dir: dir.to_owned(), manifests: None, needs_code: false, alone });
            }
        }
    }
    found
}

/// Go, cargo and maven keep what they fetch in one folder: where that is a cache mount, running again costs nothing.
fn kept_in_mount(step: &Step<'_>, tool: Tool) -> bool {
    let folder = match tool {
        Tool::Go => "/pkg/mod",
        Tool::Cargo => "/registry",
        Tool::Maven => "/.m2",
        Tool::Gradle => "/.gradle",
        Tool::Nuget => "/.nuget",
        _ => return false,
    };
    step.mounts().iter().any(|m| m.kind == "cache" && m.get("target").is_some_and(|t| t.contains(folder) || t.ends_with("/go")))
}

fn wanted_by(
    unit: &DockerfileUnit,
    step: &Step<'_>,
    install: &Install<'_>,
    dir: &str,
    alone: bool,
    pure: &dyn Fn() -> bool,
    command: Span,
) -> Option<Wanted> {
    let within = install
        .dir
        .as_deref()
        .map(|d| unit.expand_at(step.stage, step.item, d))
        .map_or(Some(dir.to_owned()), |d| d.map(|d| files::join(dir, &d)))?;
    let manifests = match &install.needs {
        Needs::Project => return None,
        Needs::Nothing => {
            let constrained = ["-c", "--constraint", "--find-links", "-f"].iter().any(|o| install.args.iter().any(|w| w.lossy() == *o));
            if constrained || !pure() {
                return None;
            }
            None
        }
        Needs::Manifests(files) => {
            let known = |f: &String| unit.expand_at(step.stage, step.item, f).map(|f| files::join(&within, &f));
            Some(files.iter().map(known).collect::<Option<Vec<String>>>()?)
        }
    };
    let has = |flag: &str| install.args.iter().any(|w| w.lossy() == flag);
    let needs_code = match install.tool {
        Tool::Poetry => !has("--no-root") && !has("--only-root"),
        Tool::Uv => install.title == "uv sync" && !has("--no-install-project") && !has("--no-install-workspace"),
        Tool::Pdm => !has("--no-self"),
        Tool::Composer => !has("--no-autoloader"),
        Tool::Cargo | Tool::Nuget | Tool::Gradle | Tool::Sbt => true,
        _ => false,
    };
    let dir = manifests.as_ref().and_then(|m| m.first()).map_or(within, |m| files::parent(m).to_owned());
    Some(Wanted { span: command, title: install.title.clone(), tool: Some(install.tool), dir, manifests, needs_code, alone })
}

impl Wanted {
    fn is_spoilt_by(&self, copy: &Copy<'_>, context: Option<&BuildContext>) -> bool {
        let inside = files::strip_prefix(&self.dir, &copy.dest).is_some();
        copy.sources.iter().any(|source| match source.kind {
            _ if is_all(&source.path) && self.manifests.is_none() => true,
            SourceKind::Dir if self.manifests.is_none() => {
                is_code_folder(files::file_name(&source.path)) || copy.dest == self.dir && holds_code(&source.path, context)
            }
            SourceKind::Dir | SourceKind::Glob if source.kind == SourceKind::Dir || is_all(&source.path) => {
                let brought = match &self.manifests {
                    Some(paths) if paths.is_empty() => files::strip_prefix(&copy.dest, &self.dir).is_some(),
                    Some(paths) => paths.first().and_then(|p| copy.brought_by(p, context)).is_some_and(|(by, _)| std::ptr::eq(by, source)),
                    None => false,
                };
                (brought && (is_all(&source.path) || holds_code(&source.path, context)))
                    || (inside && !self.needs_code && is_code_folder(files::file_name(&source.path)))
            }
            SourceKind::File => self.manifests.is_some() && inside && !self.needs_code && is_code_of(self.tool, &source.path),
            _ => false,
        })
    }

    fn late(&self, step: &Step<'_>, copy: &Copy<'_>, context: Option<&BuildContext>) -> Late {
        let mut reads: Vec<String> = Vec::new();
        for path in self.manifests.iter().flatten() {
            let Some(origin) = copy.origin(path, context) else { continue };
            let there = context.map(|c| c.has_file(&origin));
            // without a context only the manifest itself is sure to be there
            if there == Some(true) || (there.is_none() && reads.is_empty()) {
                reads.push(origin);
            }
        }
        Late { item: step.item, span: self.span, title: self.title.clone(), tool: self.tool, reads, alone: self.alone }
    }
}

fn is_all(path: &str) -> bool {
    path == "." || path == "*" || path == "**"
}

/// Folders that hold code and nothing that an install reads.
fn is_code_folder(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "src",
        "app",
        "server",
        "client",
        "web",
        "public",
        "static",
        "templates",
        "tests",
        "test",
        "pages",
        "components",
        "views",
        "controllers",
        "routes",
        "models",
        "api",
        "backend",
        "frontend",
        "source",
    ];
    NAMES.contains(&name)
}

/// Whether a folder holds more than manifests, as far as the context shows.
fn holds_code(dir: &str, context: Option<&BuildContext>) -> bool {
    let Some(context) = context else { return !["requirements", "deps", "conda"].contains(&files::file_name(dir)) };
    let mut any = false;
    for entry in context.below(dir).filter(|e| e.kind != crate::files::Kind::Dir) {
        any = true;
        if !is_manifest(files::file_name(&entry.path)) {
            return true;
        }
    }
    !any && !["requirements", "deps", "conda"].contains(&files::file_name(dir))
}

fn is_manifest(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "package.json",
        "package-lock.json",
        "yarn.lock",
        "pnpm-lock.yaml",
        "bun.lock",
        "bun.lockb",
        "Gemfile",
        "Gemfile.lock",
        "Pipfile",
        "Pipfile.lock",
        "pyproject.toml",
        "poetry.lock",
        "uv.lock",
        "composer.json",
        "composer.lock",
        "go.mod",
        "go.sum",
        "Cargo.toml",
        "Cargo.lock",
        ".npmrc",
        ".yarnrc",
        ".yarnrc.yml",
    ];
    NAMES.contains(&name) || [".txt", ".in", ".pip", ".lock", ".whl", ".tgz"].iter().any(|e| name.ends_with(e))
}

/// Single files of code that nobody's install reads.
fn is_code_of(tool: Option<Tool>, path: &str) -> bool {
    let name = files::file_name(path);
    match tool {
        Some(Tool::Pip | Tool::Pipenv | Tool::Poetry | Tool::Uv) => {
            name.ends_with(".py")
                && !["setup.py", "versioneer.py", "__init__.py", "_version.py", "conftest.py", "noxfile.py"].contains(&name)
        }
        Some(Tool::Npm | Tool::Yarn | Tool::Pnpm | Tool::Bun) => {
            ["index.js", "server.js", "app.js", "main.js", "index.ts", "server.ts", "app.ts", "main.ts", "index.html"].contains(&name)
        }
        Some(Tool::Go) => name.ends_with(".go") && name != "tools.go",
        Some(Tool::Bundler) => ["app.rb", "main.rb", "config.ru", "server.rb"].contains(&name),
        _ => false,
    }
}
