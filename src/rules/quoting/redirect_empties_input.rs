use crate::rule::{Cx, Rule, rule};
use crate::stack::{ScriptOrigin, ScriptUnit};
use crate::syntax::shell::{Command, Redirect, Script, Word};

rule!(RedirectEmptiesInput, "quoting/redirect-empties-input");

impl Rule for RedirectEmptiesInput {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let words = matches!(unit.origin, ScriptOrigin::Instruction { exec: true, .. } | ScriptOrigin::Compose { .. });
        if !words {
            in_script(&unit.script, cx);
        }
        for (_, command) in unit.script.walk() {
            if let Some(nested) = &command.nested {
                in_script(&nested.script, cx);
            }
        }
    }
}

fn in_script(script: &Script, cx: &mut Cx<'_>) {
    for (at, command) in script.commands.iter().enumerate() {
        let Some((redirect, target)) = output(command) else { continue };
        let path = target.lossy();
        if path.starts_with("/dev/") || path.contains("$(") {
            continue;
        }
        let fed = at.checked_sub(1).and_then(|before| script.commands.get(before)).filter(|c| feeds(c, command));
        let Some(reader) = [Some(command), fed].into_iter().flatten().find(|c| reads(c, &path)) else { continue };
        let name = reader.effective().name().unwrap_or_default().into_owned();
        cx.report(redirect.span, format!("the shell empties `{path}` before `{name}` reads it"))
            .help(format!("write to another file and move it: `… > {path}.new && mv {path}.new {path}`"));
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

fn reads(command: &Command, path: &str) -> bool {
    let same = |r: &Redirect| r.operator == "<" && r.fd.is_none_or(|fd| fd == 0) && r.target.as_ref().is_some_and(|t| t.lossy() == path);
    if command.redirects.iter().any(same) {
        return true;
    }
    let seen = command.effective();
    let known = seen.name().is_some_and(|n| READERS.contains(&n.as_ref()));
    let in_place = seen.args().iter().any(|w| w.lossy().starts_with("-i") || w.lossy() == "--in-place");
    known && !in_place && seen.args().iter().any(|w| w.lossy() == path)
}
