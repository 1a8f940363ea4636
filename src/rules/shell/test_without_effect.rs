use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Programs, Quote, Word};

rule!(TestWithoutEffect, "shell/test-without-effect");

impl Rule for TestWithoutEffect {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["[", "test", "[["]) }) {
            for command in &reading.script.commands {
                let name = command.name().unwrap_or_default();
                if !matches!(name.as_ref(), "[" | "test" | "[[") {
                    continue;
                }
                let words: Vec<&Word> = command.args().iter().filter(|w| !matches!(w.lossy().as_ref(), "]" | "]]")).collect();
                let words = if words.first().is_some_and(|w| w.lossy() == "!") { words.get(1..).unwrap_or_default() } else { &words };
                let fixed = |w: &Word| !w.pieces.is_empty() && w.pieces.iter().all(|p| matches!(p.kind, PieceKind::Literal(_)));
                let (word, id, message): (&Word, &'static str, _) = match words {
                    [test, word] if test.lossy() == "-n" && name != "[[" && is_bare(word) => {
                        (word, "SC2070", "without quotes this holds for an empty value, too: `[ -n ]` is true")
                    }
                    [test, word] if matches!(test.lossy().as_ref(), "-n" | "-z") && fixed(word) => (word, "SC2157", FIXED),
                    [a, op, b] if matches!(op.lossy().as_ref(), "=" | "==" | "!=") && fixed(a) && fixed(b) => (a, "SC2050", FIXED),
                    _ => continue,
                };
                let help = if id == "SC2070" { "put it in double quotes" } else { "a `$` may be missing" };
                reading.report_as(cx, word.span, message, &[id]).help(help);
            }
        }
    }
}

const FIXED: &str = "this is a fixed text: the test always comes out the same";

/// Whether a word may vanish altogether.
fn is_bare(word: &Word) -> bool {
    word.pieces.iter().all(|p| p.quote == Quote::None && matches!(p.kind, PieceKind::Param(_) | PieceKind::Command { .. }))
}
