//! The files that envsubst reads: what it is given with `<` or through `cat`, found in the image or under a mount.

use crate::files;
use crate::quoting::envsubst_calls;
use crate::source::Span;
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{self, Dialect, Script};

use super::TemplateUse;
use super::imagefs::Located;
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
    for line in walk.service.into_iter().flat_map(|s| s.command.iter().chain(&s.entrypoint)) {
        reads(&shell::from_argv(&line.argv, Dialect::Posix), &started, &env, &mut inputs);
    }
    for script in &walk.scripts {
        reads(&script.script, &started, &env, &mut inputs);
    }
    let mut found = Vec::new();
    for (path, call) in inputs {
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
        if let Some(path) = call.input.and_then(|word| word.evaluate(&own)) {
            inputs.push((files::join(workdir, &path), call.command.span));
        }
    }
}

/// The value that a script gives to a variable in one place only; `None` where it does not set it at all.
fn set_once(script: &Script, name: &str) -> Option<Option<String>> {
    let commands = script.commands.iter().filter(|c| c.words.is_empty());
    let mut values = commands.flat_map(|c| &c.assigns).filter(|a| a.name == name).map(|a| a.value.as_ref());
    let first = values.next()?;
    Some(first.filter(|_| values.next().is_none()).and_then(|w| w.literal().map(std::borrow::Cow::into_owned)))
}
