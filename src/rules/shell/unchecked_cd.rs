use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, Join, Script, Word};

rule!(UncheckedCd, "shell/unchecked-cd");

impl Rule for UncheckedCd {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            if reading.has_errexit() {
                continue;
            }
            for (at, command) in reading.script.commands.iter().enumerate() {
                let Some(name) = command.words.first().and_then(Word::literal) else { continue };
                let stack = matches!(name.as_ref(), "pushd" | "popd");
                if name != "cd" && !stack || stack && command.has_flag("-n", "") || stays(command) || is_checked(reading.script, at) {
                    continue;
                }
                reading
                    .report(cx, command.span, format!("where this `{name}` fails, what follows runs in the wrong folder"))
                    .help(format!("write `{name} … && …`, or `|| exit` behind it"));
            }
        }
    }
}

/// `cd ..`, `cd /`, which cannot fail.
fn stays(command: &Command) -> bool {
    let [word] = command.args() else { return false };
    word.literal().is_some_and(|v| v.split('/').all(|part| matches!(part, "" | "." | "..")))
}

/// Whether something looks at the status of a command: what is joined to it, or a condition that it or its group is.
fn is_checked(script: &Script, at: usize) -> bool {
    let Some(command) = script.commands.get(at) else { return true };
    if command.place.condition || command.place.negated {
        return true;
    }
    let (mut group, mut span) = (command.place.group, command.span);
    loop {
        let commands =
            script.commands.iter().filter(|c| c.place.group == group && c.span.start >= span.end).map(|c| (c.span.start, c.place));
        let groups = script.groups.iter().filter(|g| g.place.group == group && g.span.start >= span.end).map(|g| (g.span.start, g.place));
        let next = commands.chain(groups).filter(|(_, p)| p.pipe_index == 0).min_by_key(|(start, _)| *start);
        if next.is_some_and(|(_, p)| matches!(p.join, Join::And | Join::Or)) {
            return true;
        }
        let Some(outer) = group.and_then(|at| script.groups.get(at)) else { return false };
        if outer.place.condition {
            return true;
        }
        if outer.place.function || matches!(outer.kind, crate::syntax::shell::GroupKind::Substitution) {
            return false;
        }
        (group, span) = (outer.place.group, outer.span);
    }
}
