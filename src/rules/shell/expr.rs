use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Programs, Word};

rule!(Expr, "shell/expr");

impl Rule for Expr {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        const STRINGS: [&str; 9] = [":", "<", ">", "<=", ">=", "match", "substr", "index", "length"];
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["expr"]) }) {
            for command in &reading.script.commands {
                let Some(word) = command.words.first().filter(|w| w.literal().as_deref() == Some("expr")) else { continue };
                if command.args().iter().map(Word::lossy).any(|w| STRINGS.contains(&w.as_ref())) {
                    continue;
                }
                reading
                    .report(
                        cx,
                        word.span,
                        "expr is a program of its own for what the shell computes itself, and fails where the result is 0",
                    )
                    .help("write `$((…))`");
            }
        }
    }
}
