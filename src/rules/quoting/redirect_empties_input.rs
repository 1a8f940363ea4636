use std::cell::OnceCell;

use crate::files;
use crate::quoting::assigned;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::substitution::Surroundings;
use crate::source::At;
use crate::stack::{Runtime, ScriptOrigin, ScriptUnit};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{Command, Join, Redirect, Script, Word};

rule!(RedirectEmptiesInput, "quoting/redirect-empties-input");

impl Rule for RedirectEmptiesInput {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let stack = cx.stack;
        // where it starts and what it knows is work to find out, and few commands write to a file what they read from one
        let commands = || unit.script.walk().map(|(_, c)| c);
        if !commands().any(|c| output(c).is_some()) || !commands().any(|c| reads(c, &|_| true)) {
            return;
        }
        let words = matches!(unit.origin, ScriptOrigin::Instruction { exec: true, .. } | ScriptOrigin::Compose { .. });
        let (names, around) = (OnceCell::new(), OnceCell::new());
        let lookup = |name: &str| {
            set_once(&unit.script, names.get_or_init(|| assigned(&unit.script)), name)
                .or_else(|| around.get_or_init(|| Surroundings::of(stack, unit)).value(name))
        };
        in_script(&unit.script, Known { dir: workdir(unit, cx), lookup: &lookup }, !words, 0, cx);
    }
}

/// What is known where a command runs: the folder, and values of variables.
#[derive(Clone)]
struct Known<'a> {
    dir: Option<String>,
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

/// The value of a variable that a script sets in one place, to a plain text, and for good.
fn set_once(script: &Script, assigned: &[At<String>], name: &str) -> Option<String> {
    let mut places = assigned.iter().filter(|a| a.value == name);
    let place = places.next().filter(|_| places.next().is_none())?;
    let plain = |c: &&Command| c.words.is_empty() && c.place.depth == 0 && c.place.join != Join::Or;
    let mut assigns = script.commands.iter().filter(plain).flat_map(|c| &c.assigns);
    assigns.find(|a| a.span == place.span)?.value.as_ref()?.literal().map(std::borrow::Cow::into_owned)
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

fn in_script(script: &Script, mut known: Known<'_>, reported: bool, depth: usize, cx: &mut Cx<'_>) {
    for (at, command) in script.commands.iter().enumerate() {
        if command.name().is_some_and(|n| matches!(n.as_ref(), "cd" | "pushd" | "popd")) {
            known.dir = known.moved(command);
        }
        if let Some(nested) = command.nested.as_ref().filter(|_| depth < MAX_DEPTH) {
            in_script(&nested.script, known.clone(), true, depth + 1, cx);
        }
        let Some((redirect, target)) = output(command).filter(|_| reported) else { continue };
        let written = target.lossy();
        if written.starts_with("/dev/") || written.contains("$(") {
            continue;
        }
        let path = known.path(target);
        let fed = at.checked_sub(1).and_then(|before| script.commands.get(before)).filter(|c| feeds(c, command));
        let same = |word: &Word| word.lossy() == written || path.is_some() && known.path(word) == path;
        let Some(reader) = [Some(command), fed].into_iter().flatten().find(|c| reads(c, &same)) else { continue };
        let name = reader.effective().name().unwrap_or_default().into_owned();
        cx.report(redirect.span, format!("the shell empties `{written}` before `{name}` reads it"))
            .help(format!("write to another file and move it: `… > {written}.new && mv {written}.new {written}`"));
    }
}

/// Scripts in scripts are read so far.
const MAX_DEPTH: usize = 16;

impl Known<'_> {
    /// Where a `cd` leads; `None` where that is not known, or does not hold for all that follows.
    fn moved(&self, command: &Command) -> Option<String> {
        let place = command.place;
        let holds = place.depth == 0 && place.pipe_len == 1 && !place.background && place.join != Join::Or;
        let [target] = command.args() else { return None };
        self.path(target).filter(|path| holds && path.starts_with('/') && command.name().is_some_and(|n| n == "cd"))
    }

    /// The file that a word names, whatever name it goes by: from the root where the folder is known, else from the folder.
    fn path(&self, word: &Word) -> Option<String> {
        if word.params().any(|(p, _)| !p.modifier.is_empty()) {
            return None;
        }
        let text = word.evaluate(self.lookup).filter(|t| !t.is_empty() && !t.starts_with('~') && t != "-")?;
        Some(files::join(self.dir.as_deref().unwrap_or_default(), &text))
    }
}

/// `> file`.
fn output(command: &Command) -> Option<(&Redirect, &Word)> {
    let writes = |r: &&Redirect| matches!(r.operator, ">" | ">|") && r.fd.is_none_or(|fd| fd == 1);
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
    let in_place = || seen.args().iter().any(|w| w.lossy().starts_with("-i") || w.lossy() == "--in-place");
    known && !in_place() && seen.args().iter().any(same)
}
