use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Programs, Quote};

rule!(AndInsideTest, "shell/and-inside-test");

impl Rule for AndInsideTest {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["[", "test"]) }) {
            for command in reading.script.commands.iter().filter(|c| matches!(c.name().as_deref(), Some("[" | "test"))) {
                let args = command.args();
                let last = args.len().saturating_sub(1);
                for (at, word) in args.iter().enumerate().filter(|(at, _)| *at > 0 && *at < last) {
                    let instead = match word.literal().as_deref() {
                        Some("-a") => "&&",
                        Some("-o") => "||",
                        _ => continue,
                    };
                    let compared = args.get(at - 1).is_some_and(|w| matches!(w.lossy().as_ref(), "=" | "==" | "!=" | "!" | "("));
                    if compared || word.pieces.iter().any(|p| p.quote != Quote::None) {
                        continue;
                    }
                    let operator = word.lossy();
                    reading
                        .report(cx, word.span, format!("with `{operator}` a value that looks like an operator changes what is tested"))
                        .help(format!("write `[ … ] {instead} [ … ]`"));
                }
            }
        }
    }
}
