use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::stack::{Runtime, ScriptOrigin, ScriptUnit};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{Command, Join, Redirect, Script, Word};

rule!(RedirectEmptiesInput, "quoting/redirect-empties-input");

impl Rule for RedirectEmptiesInput {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        // where it starts is work to find out, and few commands write to a file
        if !unit.script.walk().any(|(_, c)| output(c).is_some()) {
            return;
        }
        let words = matches!(unit.origin, ScriptOrigin::Instruction { exec: true, .. } | ScriptOrigin::Compose { .. });
        in_script(&unit.script, workdir(unit, cx), !words, 0, cx);
    }
}

/// The folder that a script starts in, where it is known.
fn workdir(unit: &ScriptUnit, cx: &Cx<'_>) -> Option<String> {
    match unit.origin {
        ScriptOrigin::Instruction { dockerfile, item, .. } => {
            let (unit, instruction) = cx.stack.instruction(dockerfile, item)?;
            let place = if matches!(instruction.op, Op::Run(_)) { item } else { usize::MAX };
            unit.workdir_at(unit.ast.stage_of(item)?, place)
        }
        ScriptOrigin::Compose { project, service } => cx.stack.runtime_of((project, service))?.workdir.clone(),
        ScriptOrigin::File(file) => {
            let runs = |r: &&Runtime| r.processes.iter().any(|p| p.span.file == file || p.via.iter().any(|v| v.span.file == file));
            let mut dirs: Vec<&Option<String>> = cx.stack.runtimes.iter().filter(runs).map(|r| &r.workdir).collect();
            dirs.dedup();
            match dirs.as_slice() {
                [one] => one.as_ref().cloned(),
                _ => None,
            }
        }
    }
}

fn in_script(script: &Script, mut dir: Option<String>, reported: bool, depth: usize, cx: &mut Cx<'_>) {
    for (at, command) in script.commands.iter().enumerate() {
        if command.name().is_some_and(|n| matches!(n.as_ref(), "cd" | "pushd" | "popd")) {
            dir = moved(command, dir.as_deref());
        }
        if let Some(nested) = command.nested.as_ref().filter(|_| depth < MAX_DEPTH) {
            in_script(&nested.script, dir.clone(), true, depth + 1, cx);
        }
        let Some((redirect, target)) = output(command).filter(|_| reported) else { continue };
        let written = target.lossy();
        if written.starts_with("/dev/") || written.contains("$(") {
            continue;
        }
        let path = path(target, dir.as_deref());
        let fed = at.checked_sub(1).and_then(|before| script.commands.get(before)).filter(|c| feeds(c, command));
        let same = |word: &Word| word.lossy() == written || path.is_some() && self::path(word, dir.as_deref()) == path;
        let Some(reader) = [Some(command), fed].into_iter().flatten().find(|c| reads(c, &same)) else { continue };
        let name = reader.effective().name().unwrap_or_default().into_owned();
        cx.report(redirect.span, format!("the shell empties `{written}` before `{name}` reads it"))
            .help(format!("write to another file and move it: `… > {written}.new && mv {written}.new {written}`"));
    }
}

/// Scripts in scripts are read so far.
const MAX_DEPTH: usize = 16;

/// Where a `cd` leads; `None` where that is not known, or does not hold for all that follows.
fn moved(command: &Command, dir: Option<&str>) -> Option<String> {
    let place = command.place;
    let holds = place.depth == 0 && place.pipe_len == 1 && !place.background && place.join != Join::Or;
    let [target] = command.args() else { return None };
    path(target, dir).filter(|path| holds && path.starts_with('/') && command.name().is_some_and(|n| n == "cd"))
}

/// The file that a word names, whatever name it goes by: from the root where the folder is known, else from the folder.
fn path(word: &Word, dir: Option<&str>) -> Option<String> {
    let text = word.literal().filter(|t| !t.is_empty() && !t.starts_with('~') && t != "-")?;
    match dir {
        _ if text.starts_with('/') => Some(files::normalize(&text)),
        Some(dir) => Some(files::join(dir, &text)),
        None => Some(files::normalize(&text)),
    }
}

/// `> file`.
fn output(command: &Command) -> Option<(&Redirect, &Word)> {
    let writes = |r: &&Redirect| matches!(r.operator.as_ref(), ">" | ">|") && r.fd.is_none_or(|fd| fd == 1);
    let redirect = command.redirects.iter().rev().find(writes)?;
    Some((redirect, redirect.target.as_ref()?))
}

/// `cat file | command`.
fn feeds(before: &Command, command: &Command) -> bool {
    command.place.pipe_index == 1 && before.place.pipe_index == 0 && before.place.group == command.place.group
}

/// Programs that read the files they are given, and write what they make of them.
const READERS: [&str; 16] =
    ["cat", "sed", "awk", "gawk", "grep", "egrep", "sort", "uniq", "cut", "head", "tail", "jq", "yq", "tac", "rev", "nl"];

fn reads(command: &Command, same: &dyn Fn(&Word) -> bool) -> bool {
    let fed = |r: &Redirect| r.operator == "<" && r.fd.is_none_or(|fd| fd == 0) && r.target.as_ref().is_some_and(same);
    if command.redirects.iter().any(fed) {
        return true;
    }
    let seen = command.effective();
    let known = seen.name().is_some_and(|n| READERS.contains(&n.as_ref()));
    let in_place = seen.args().iter().any(|w| w.lossy().starts_with("-i") || w.lossy() == "--in-place");
    known && !in_place && seen.args().iter().any(same)
}
