//! Script files of the project that run while an image is built, or that an official image runs when a container starts first.

use crate::compose::MountKind;
use crate::files::{self, Kind};
use crate::source::FileId;
use crate::syntax::dockerfile::{Op, RunOp};
use crate::syntax::shell::Word;

use super::imagefs::{self, Located};
use super::invocation::{is_shell, script_dialect, script_operand};
use super::runtime_walk::Walk;
use super::{DockerfileUnit, ScriptOrigin, ScriptUnit};

/// A script file that a RUN or a HEALTHCHECK executes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptRun {
    /// The file.
    pub file: FileId,
    /// Place in [`super::Stack::dockerfiles`].
    pub dockerfile: usize,
    /// The stage of the instruction.
    pub stage: usize,
    /// While the image is built.
    pub built: bool,
}

/// Scripts of one build, at most.
const MAX_SCRIPTS: usize = 50;

/// The folders whose scripts official images run.
const READ_AT_START: [&str; 2] = ["/docker-entrypoint-initdb.d", "/docker-entrypoint.d"];

/// All of them, added to the scripts of the walk; those that a RUN executes are told apart.
pub(super) fn find(walk: &mut Walk<'_>) -> Vec<ScriptRun> {
    let mut runs = Vec::new();
    if let Some((unit, stage)) = walk.unit {
        for Found { stage, path, by, built } in in_instructions(walk, unit) {
            if runs.len() < MAX_SCRIPTS
                && let Some(file) = add(walk, &path, &by)
            {
                runs.push(ScriptRun { file, dockerfile: unit.index, stage, built });
            }
        }
        for dir in READ_AT_START {
            let names = imagefs::names_below(&walk.known.images, unit, stage, walk.context, dir);
            let found = names.iter().filter(|n| n.ends_with(".sh")).filter_map(|n| walk.locate(n));
            let paths: Vec<String> = found.filter_map(path_of).collect();
            for path in &paths {
                add(walk, path, "");
            }
        }
    }
    for path in mounted(walk) {
        add(walk, &path, "");
    }
    runs
}

/// A script file that an instruction executes.
struct Found {
    stage: usize,
    path: String,
    /// The shell that is named.
    by: String,
    /// While the image is built.
    built: bool,
}

/// Where programs are put that are started by their bare name.
const OWN_PROGRAMS: [&str; 2] = ["/usr/local/bin", "/usr/bin"];

/// The script files that the RUN and HEALTHCHECK instructions of a Dockerfile execute.
fn in_instructions(walk: &Walk<'_>, unit: &DockerfileUnit) -> Vec<Found> {
    let mut found = Vec::new();
    for (item, instruction) in unit.ast.instructions() {
        let (Some(stage), Some(script)) = (unit.ast.stage_of(item), unit.script(item)) else { continue };
        let run = match &instruction.op {
            Op::Run(run) => Some(run),
            Op::Healthcheck(Some(_)) => None,
            _ => continue,
        };
        let mut workdir = unit.workdir_at(stage, item);
        for (_, command) in script.walk() {
            let words = command.effective().words;
            // the program tells whether this can run a script, before all the words are read for that
            let plain = words.first().and_then(Word::literal);
            if run.is_some() && plain.is_some_and(|p| !p.contains('/') && !p.ends_with(".sh") && p != "cd" && !is_shell(&p)) {
                continue;
            }
            let value = |w: &Word| w.evaluate(&|name| unit.expand_at(stage, item, &format!("${{{name}}}")));
            let Some(argv) = words.iter().map(value).take(8).collect::<Option<Vec<String>>>() else { continue };
            let name = argv.first().map_or("", |w| files::file_name(w));
            if name == "cd" {
                workdir = workdir.and_then(|dir| Some(files::join(&dir, argv.get(1)?)));
                continue;
            }
            let shell = if is_shell(name) { name } else { "" };
            let located = |path: &str| path_of(imagefs::locate(&walk.known.images, unit, stage, walk.context, path, walk.files, 0)?);
            let Some(path) = operand(name, &argv) else { continue };
            if !path.contains('/') && !path.ends_with(".sh") {
                let own = OWN_PROGRAMS.iter().filter(|_| run.is_none()).find_map(|dir| located(&files::join(dir, &path)));
                found.extend(own.map(|path| Found { stage, path, by: shell.to_owned(), built: false }));
                continue;
            }
            let path = match (&workdir, path.starts_with('/')) {
                (_, true) => files::normalize(&path),
                (Some(dir), false) => files::join(dir, &path),
                (None, false) => continue,
            };
            let file = run.and_then(|run| bound(walk, run, &path)).or_else(|| located(&path));
            found.extend(file.map(|path| Found { stage, path, by: shell.to_owned(), built: run.is_some() }));
        }
    }
    found
}

fn operand(name: &str, argv: &[String]) -> Option<String> {
    let words: Vec<_> = argv.iter().map(|w| super::runtime::Arg { value: w.clone(), known: true, span: NOWHERE }).collect();
    script_operand(name, &words)
}

const NOWHERE: crate::source::Span = crate::source::Span { file: FileId(0), start: 0, end: 0 };

/// The file of the context that `--mount=type=bind` puts at a path.
fn bound(walk: &Walk<'_>, run: &RunOp, path: &str) -> Option<String> {
    let context = walk.context?;
    run.mounts.iter().filter(|m| m.kind == "bind" && m.get("from").is_none()).find_map(|mount| {
        let rest = files::strip_prefix(&files::normalize(mount.get("target")?), path)?;
        let source = mount.get("source").map_or_else(|| ".".to_owned(), |s| files::in_context(&s.value));
        let full = files::join(&context.dir, &files::join(&source, rest));
        (walk.files.kind(&full) == Some(Kind::File)).then_some(full)
    })
}

fn path_of(located: Located) -> Option<String> {
    match located {
        Located::File { path, .. } => Some(path),
        Located::Generated { .. } => None,
    }
}

/// Scripts in the folders that a service mounts where its image reads them.
fn mounted(walk: &Walk<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let mounts = walk.service.into_iter().flat_map(|s| &s.mounts).filter(|m| m.kind == MountKind::Bind);
    for mount in mounts.filter(|m| READ_AT_START.iter().any(|dir| files::strip_prefix(dir, &files::normalized(&m.target)).is_some())) {
        let Some(source) = &mount.source_path else { continue };
        match walk.files.kind(source) {
            Some(Kind::File) if source.ends_with(".sh") => found.push(source.clone()),
            Some(Kind::Dir) => {
                let names = walk.files.names(source).unwrap_or_default();
                let names = names.iter().map(|e| &e.name).filter(|n| n.ends_with(".sh"));
                found.extend(names.take(MAX_SCRIPTS).map(|name| files::join(source, name)));
            }
            _ => {}
        }
    }
    found
}

/// Adds a script file to those of the walk.
fn add(walk: &mut Walk<'_>, path: &str, run_by: &str) -> Option<FileId> {
    let file = walk.script_text(path)?;
    let source = walk.sources.get(file);
    let dialect = script_dialect(&source.text, run_by)?;
    let span = source.span();
    if !walk.scripts.iter().any(|s| s.span == span) {
        let script = walk.known.script(source, dialect);
        walk.scripts.push(ScriptUnit { script, origin: ScriptOrigin::File(file), span });
    }
    Some(file)
}
