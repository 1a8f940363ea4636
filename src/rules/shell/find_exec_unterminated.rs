use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::Programs;

rule!(FindExecUnterminated, "shell/find-exec-unterminated");

impl Rule for FindExecUnterminated {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["find"]) }) {
            for command in reading.script.commands.iter().filter(|c| c.name().as_deref() == Some("find")) {
                let mut open = false;
                for word in command.args() {
                    match word.literal().as_deref() {
                        Some("-exec" | "-execdir" | "-ok" | "-okdir") => open = true,
                        Some("+" | ";") => open = false,
                        _ => {}
                    }
                }
                let Some(last) = command.words.last().filter(|_| open) else { continue };
                let ends = last.literal().is_some_and(|v| v.ends_with(';'));
                let help = if ends { "put a blank before `\\;`" } else { "end the command with ` \\;` or ` +`" };
                reading.report(cx, last.span, "find refuses this: `-exec` has no end").help(help);
            }
        }
    }
}
