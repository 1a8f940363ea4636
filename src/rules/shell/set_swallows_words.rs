use crate::rule::{Cx, Rule, rule};
use crate::rules::support::set_words::swallowed;
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::Programs;

rule!(SetSwallowsWords, "shell/set-swallows-words");

impl Rule for SetSwallowsWords {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["set"]) }) {
            for found in reading.script.commands.iter().filter_map(|c| swallowed(reading.script, c)) {
                let name = found.word.lossy();
                let (message, help) = if found.option {
                    let message = format!("`{name}` stays off: without `-o` before it `set` takes it for an operand, and it becomes `$1`");
                    (message, format!("write `set -o {name}`"))
                } else {
                    let message = format!("`{name}` never runs: `set` takes the words behind its options for operands, `$1`, `$2` …");
                    (message, format!("end the `set` first: `set … && {name} …`"))
                };
                reading.report(cx, found.word.span.to(found.last.span), message).help(help);
            }
        }
    }
}
