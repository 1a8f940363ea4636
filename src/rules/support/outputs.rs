//! Where a stage can have put files: what it copies, and what its commands write as far as they are known.

use super::copies::{self, UNKNOWN};
use super::dependencies;
use super::packages;
use super::steps::{self, Step};
use crate::files;
use crate::stack::{Base, DockerfileUnit, Lookup, Stack};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{Command, Word};

/// Folders and files that a stage can have made.
pub(crate) struct Outputs {
    places: Vec<Place>,
    workdir: Option<String>,
}

struct Place {
    path: String,
    /// Anything below it may be there.
    whole: bool,
}

/// Folders that base images fill, and where installers put things.
const SYSTEM: &[&str] = &[
    "usr", "etc", "lib", "lib64", "bin", "sbin", "var", "opt", "root", "home", "tmp", "run", "srv", "mnt", "go", "proc", "sys", "dev",
    "media", "boot", "data", "nix", "cargo", "rustup",
];

/// What a stage can have made; `None` where a command may write anywhere.
pub(crate) fn of(stack: &Stack, unit: &DockerfileUnit, stage: usize) -> Option<Outputs> {
    let last = *unit.chain(stage).last()?;
    match &unit.stages.get(last)?.base {
        Base::Scratch => {}
        // of an image that is not well known anything may be expected
        Base::Image(image) if image.official().is_some() => {}
        _ => return None,
    }
    let context = steps::context(stack, unit);
    let mut places = Vec::new();
    for step in steps::history(unit, stage) {
        match &step.instruction.op {
            Op::Copy(op) | Op::Add(op) => {
                let workdir = unit.workdir_at(step.stage, step.item)?;
                let dest = unit.expand_at(step.stage, step.item, &op.dest)?;
                let path = files::join(&workdir, &dest);
                let known = copies::copy(unit, step, context).filter(|c| c.sources.iter().all(|s| s.kind == copies::SourceKind::File));
                let archive = matches!(step.instruction.op, Op::Add(_));
                match known.filter(|_| !archive && step.instruction.heredocs.is_empty()) {
                    Some(copy) if copy.dest_is_dir => places
                        .extend(copy.sources.iter().map(|s| Place { path: files::join(&path, files::file_name(&s.path)), whole: false })),
                    _ => places.push(Place { path, whole: true }),
                }
            }
            Op::Workdir(_) => places.push(Place { path: unit.workdir_at(step.stage, step.item + 1)?, whole: false }),
            Op::Volume(_) | Op::Onbuild(_) => return None,
            Op::Run(_) => run(unit, &step, &mut places)?,
            _ => {}
        }
    }
    Some(Outputs { places, workdir: unit.workdir_at(stage, usize::MAX) })
}

impl Outputs {
    /// Whether a path can be there.
    pub(crate) fn may_hold(&self, path: &str) -> bool {
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        let base = path.strip_prefix("/usr/src/").is_none() && (SYSTEM.contains(&first) || first.is_empty());
        base || path.contains(['*', '?', '['])
            || self.places.iter().any(|place| {
                let inside = files::strip_prefix(&place.path, path).is_some();
                place.path == path
                    || place.path.starts_with(UNKNOWN)
                    || (place.whole && inside)
                    || files::strip_prefix(path, &place.path).is_some()
            })
    }

    /// Something of the same name in another folder.
    pub(crate) fn same_name(&self, path: &str) -> Option<&str> {
        let name = files::file_name(path);
        self.places.iter().map(|p| p.path.as_str()).find(|p| files::file_name(p) == name)
    }

    /// The folder that the stage ends in.
    pub(crate) fn workdir(&self) -> Option<&str> {
        self.workdir.as_deref().filter(|d| *d != "/")
    }
}

/// What the commands of a RUN write; `None` where they may write anywhere.
fn run(unit: &DockerfileUnit, step: &Step<'_>, places: &mut Vec<Place>) -> Option<()> {
    if step.run(unit)?.commands.is_empty() {
        return None;
    }
    for placed in step.commands(unit) {
        let dir = placed.dir.as_deref()?;
        let value = |w: &Word| {
            w.evaluate(&|name| match unit.lookup(step.stage, step.item, name) {
                Lookup::Known(value) => Some(value),
                _ => None,
            })
        };
        for redirect in placed.command.redirects.iter().filter(|r| r.operator.contains('>') && r.heredoc.is_none()) {
            let Some(target) = &redirect.target else { continue };
            if redirect.operator != ">&" {
                places.push(Place { path: files::join(dir, &value(target)?), whole: false });
            }
        }
        writes(placed.command, dir, &value, places)?;
    }
    Some(())
}

fn writes(command: &Command, dir: &str, value: &dyn Fn(&Word) -> Option<String>, places: &mut Vec<Place>) -> Option<()> {
    if packages::system(command).is_some() {
        return Some(());
    }
    let effective = command.effective();
    if command.words.is_empty() {
        return Some(());
    }
    let name = effective.program()?;
    let whole = |path: &str| Place { path: files::join(dir, path), whole: true };
    let output = |flag: &str, short: &str| effective.option(flag, short).map(|(text, _)| text);
    if let Some(install) = dependencies::install(command) {
        let at = install.dir.clone().unwrap_or_else(|| ".".to_owned());
        if at.contains('$')
            || ["--target", "-t", "-w", "--wheel-dir", "--root"].iter().any(|f| effective.args().iter().any(|w| w.lossy().starts_with(f)))
        {
            return None;
        }
        places.push(whole(&at));
        return Some(());
    }
    match name.as_ref() {
        "cd"
        | "export"
        | "set"
        | "true"
        | ":"
        | "echo"
        | "printf"
        | "chmod"
        | "chown"
        | "rm"
        | "adduser"
        | "addgroup"
        | "useradd"
        | "groupadd"
        | "strip"
        | "update-ca-certificates"
        | "test"
        | "["
        | "ls"
        | "cat"
        | "sleep"
        | "env"
        | "which"
        | "upx"
        | "apt-key" => {}
        "mkdir" | "touch" | "mv" | "cp" | "ln" | "install" => {
            for word in effective.operands(&["-m", "--mode", "-t", "--target-directory", "-o", "-g"]) {
                places.push(whole(&value(word)?));
            }
        }
        "npm" | "pnpm" | "yarn" | "bun" | "npx" | "tsc" | "vite" | "ng" | "next" | "webpack" | "mvn" | "mvnw" | "gradle" | "gradlew"
        | "cargo" | "make" => {
            // what these are told to write elsewhere stands in their own files: they build below the folder that they run in
            let words: Vec<_> = effective.args().iter().map(Word::lossy).collect();
            let told = words.iter().any(|w| w.contains("/") && !w.contains("://") && w.starts_with(['/', '.', '-']))
                || words.iter().any(|w| w.contains("DESTDIR") || w == "install" || w.contains("PREFIX"));
            if told || name == "make" && words.is_empty() {
                return None;
            }
            places.push(whole("."));
        }
        "go" => {
            let words: Vec<_> = effective.args().iter().map(Word::lossy).collect();
            match words.first().map(|w| w.as_ref()) {
                Some("build") => match output("", "-o") {
                    Some(text) => {
                        let word = effective.args().iter().skip_while(|w| w.lossy() != "-o").nth(1);
                        let path = match word.and_then(value) {
                            Some(path) => path,
                            None if text.contains('$') => return None,
                            None => text,
                        };
                        places.push(whole(&path));
                    }
                    None => places.push(whole(".")),
                },
                Some("mod" | "vet" | "test" | "env" | "version" | "install" | "get") => {}
                _ => return None,
            }
        }
        _ => return None,
    }
    Some(())
}
