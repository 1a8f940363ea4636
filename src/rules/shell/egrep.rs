use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::Programs;

rule!(Egrep, "shell/egrep");

impl Rule for Egrep {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["egrep", "fgrep"]) }) {
            for command in &reading.script.commands {
                let Some(word) = command.words.first() else { continue };
                let (id, instead): (&'static str, &str) = match word.literal().as_deref() {
                    Some("egrep") => ("SC2196", "grep -E"),
                    Some("fgrep") => ("SC2197", "grep -F"),
                    _ => continue,
                };
                let name = word.literal().unwrap_or_default();
                let as_written = cx.text(word.span) == name;
                let report = reading
                    .report_as(cx, word.span, format!("`{name}` is obsolete: GNU grep prints a warning at each call from 3.8 on"), &[id])
                    .help(format!("write `{instead}`"));
                if as_written {
                    report.fix(format!("write `{instead}`"), Applicability::Safe, vec![replace(word.span, instead)]);
                }
            }
        }
    }
}
