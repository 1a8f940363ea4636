use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;

rule!(EmptyAssignment, "shell/empty-assignment");

impl Rule for EmptyAssignment {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in reading.script.commands.iter().filter(|c| !c.words.is_empty()) {
                for assign in command.assigns.iter().filter(|a| a.name != "IFS") {
                    let empty = assign.value.as_ref().is_some_and(|v| v.pieces.is_empty() && v.span.is_empty());
                    let Some(word) =
                        command.words.first().filter(|_| empty && assign.span.end < command.words.first().map_or(0, |w| w.span.start))
                    else {
                        continue;
                    };
                    let what = word.lossy();
                    reading
                        .report(cx, assign.span, format!("this runs `{what}` with `{}` empty", assign.name))
                        .help(format!("take the blank after `=` away if `{what}` is the value; write `{}=''` if not", assign.name));
                }
            }
        }
    }
}
