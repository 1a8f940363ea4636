use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::Programs;

rule!(BracketsInTr, "shell/brackets-in-tr");

impl Rule for BracketsInTr {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["tr"]) }) {
            for command in reading.script.commands.iter().filter(|c| c.name().as_deref() == Some("tr")) {
                for word in command.args() {
                    let Some(value) = word.literal() else { continue };
                    let class = value.starts_with("[:") || value.starts_with("[=") || value.contains('*');
                    if value.len() > 2 && value.starts_with('[') && value.ends_with(']') && !class {
                        reading
                            .report(cx, word.span, "tr takes the brackets for characters of the set, too")
                            .help("write the set without brackets: `tr a-z A-Z`");
                    }
                }
            }
        }
    }
}
