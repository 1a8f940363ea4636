use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Programs, Word};

rule!(ReadEatsBackslashes, "shell/read-eats-backslashes");

impl Rule for ReadEatsBackslashes {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["read"]) }) {
            for command in &reading.script.commands {
                let Some(name) = command.words.first().filter(|w| w.literal().as_deref() == Some("read")) else { continue };
                let raw = command.args().iter().map(Word::lossy).any(|w| w.starts_with('-') && w.contains('r'));
                if !raw {
                    reading.report(cx, name.span, "`read` takes the backslashes out of what it reads").help("write `read -r`");
                }
            }
        }
    }
}
