//! The files that envsubst reads: what it is given with `<` or through `cat`, found in the image or under a mount.

use crate::files;
use crate::quoting::envsubst_calls;
use crate::source::Span;
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{GroupKind, Piece, PieceKind, Script, Word};

use super::TemplateUse;
use super::imagefs::{Located, names_below};
use super::runtime::Runtime;
use super::runtime_walk::Walk;

/// All of them that a runtime, or a RUN of its image, reads.
pub(super) fn find(walk: &mut Walk<'_>, runtime: &Runtime) -> Vec<TemplateUse> {
    let started = runtime.workdir.clone().unwrap_or_else(|| "/".to_owned());
    let env = |name: &str| runtime.env_value(name).map(str::to_owned);
    // path in the container, and the command
    let mut inputs: Vec<(String, Span)> = Vec::new();
    if let Some((unit, stage)) = walk.unit.filter(|(unit, _)| walk.sources.get(unit.file).text.contains("envsubst")) {
        for n in unit.chain(stage) {
            let Some(ast_stage) = unit.ast.stages.get(n) else { continue };
            for (item, instruction) in unit.ast.stage_instructions(ast_stage) {
                let Some(script) = unit.script(item) else { continue };
                let here = unit.workdir_at(n, item).unwrap_or_else(|| "/".to_owned());
                match instruction.op {
                    Op::Run(_) => reads(script, &here, &|name| unit.expand_at(n, item, &format!("${{{name}}}")), &mut inputs),
                    Op::Cmd(_) | Op::Entrypoint(_) => reads(script, &started, &env, &mut inputs),
                    _ => {}
                }
            }
        }
    }
    let service = walk.service;
    for line in service.into_iter().flat_map(|s| s.command.iter().chain(&s.entrypoint)) {
        reads(&walk.known.line(line.span, &line.argv), &started, &env, &mut inputs);
    }
    for script in &walk.scripts {
        reads(&script.script, &started, &env, &mut inputs);
    }
    let mut found = Vec::new();
    let inputs = inputs.into_iter().flat_map(|(path, call)| matching(walk, path).into_iter().map(move |path| (path, call)));
    for (path, call) in inputs.collect::<Vec<_>>() {
        let Some(Located::File { path, .. }) = walk.locate(&path) else { continue };
        let known = walk.sources.find(&path);
        let file = match (known, walk.files.read(&path)) {
            (Some(file), _) => file,
            (None, Ok(bytes)) if !bytes.contains(&0) => walk.sources.add_bytes(&path, bytes),
            _ => continue,
        };
        found.push(TemplateUse { runtime: runtime.index, file, call });
    }
    found
}

fn reads(script: &Script, workdir: &str, lookup: &dyn Fn(&str) -> Option<String>, inputs: &mut Vec<(String, Span)>) {
    let own = |name: &str| set_once(script, name).unwrap_or_else(|| lookup(name));
    for call in envsubst_calls(script, lookup) {
        let paths = call.input.map(|word| match word.evaluate(&own) {
            Some(path) => vec![path],
            None => looped(script, word, &own),
        });
        inputs.extend(paths.into_iter().flatten().map(|path| (files::join(workdir, &path), call.command.span)));
    }
}

/// What `for name in words` gives a word that is `$name`; patterns stay as they are.
fn looped(script: &Script, word: &Word, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let [Piece { kind: PieceKind::Param(param), .. }] = word.pieces.as_slice() else { return Vec::new() };
    let around = script.groups.iter().rev().find(|g| matches!(&g.kind, GroupKind::For(name) if *name == param.name));
    around.into_iter().flat_map(|g| &g.words).filter_map(|w| w.evaluate(lookup)).collect()
}

/// The files of the container that a path with `*` in its last part may stand for.
fn matching(walk: &Walk<'_>, path: String) -> Vec<String> {
    let (dir, name) = (files::parent(&path), files::file_name(&path));
    let Some((before, after)) = name.split_once('*').filter(|(_, after)| !after.contains('*') && !dir.contains('*')) else {
        return vec![path];
    };
    let mut names = walk.unit.map(|(unit, stage)| names_below(&walk.known.images, unit, stage, walk.context, dir)).unwrap_or_default();
    for mount in walk.service.into_iter().flat_map(|s| &s.mounts) {
        let below = files::strip_prefix(&files::normalized(&mount.target), dir).map(str::to_owned);
        let host = mount.source_path.as_deref().zip(below).map(|(host, below)| files::join(host, &below));
        let listed = host.and_then(|host| walk.files.names(&host).ok()).unwrap_or_default();
        names.extend(listed.iter().map(|e| files::join(dir, &e.name)));
    }
    names.retain(|n| files::parent(n) == dir && files::file_name(n).strip_prefix(before).is_some_and(|rest| rest.ends_with(after)));
    names.truncate(MAX_FILES);
    names
}

/// At most so many files of one pattern are read.
const MAX_FILES: usize = 20;

/// The value that a script gives to a variable in one place only; `None` where it does not set it at all.
fn set_once(script: &Script, name: &str) -> Option<Option<String>> {
    let commands = script.commands.iter().filter(|c| c.words.is_empty());
    let mut values = commands.flat_map(|c| &c.assigns).filter(|a| a.name == name).map(|a| a.value.as_ref());
    let first = values.next()?;
    Some(first.filter(|_| values.next().is_none()).and_then(|w| w.literal().map(std::borrow::Cow::into_owned)))
}
