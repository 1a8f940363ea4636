use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::{readings_running, sole_piece};
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, PieceKind, Programs, Word};

rule!(GrepOutputTested, "shell/grep-output-tested");

impl Rule for GrepOutputTested {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["[", "test", "[["]) }) {
            for command in reading.script.commands.iter().filter(|c| matches!(c.name().as_deref(), Some("[" | "test" | "[["))) {
                let Some((word, wanted)) = tested(command) else { continue };
                let Some(PieceKind::Command { text, .. }) = sole_piece(word).map(|p| &p.kind) else { continue };
                let last = text.rsplit('|').next().unwrap_or_default();
                let mut words = last.split_whitespace();
                let grep = matches!(words.next(), Some("grep" | "egrep" | "fgrep" | "zgrep"));
                let own =
                    words.any(|w| w == "-o" || w == "--only-matching" || w == "-c" || w == "--count") || text.contains([';', '&', '\n']);
                if !grep || own {
                    continue;
                }
                let help = if wanted { "write `… | grep -q …`" } else { "write `! … | grep -q …`" };
                reading.report(cx, word.span, "grep's status says already whether anything matched").help(help);
            }
        }
    }
}

/// The word that is tested for being empty, and whether it must not be.
fn tested(command: &Command) -> Option<(&Word, bool)> {
    let words: Vec<&Word> = command.args().iter().filter(|w| !matches!(w.lossy().as_ref(), "]" | "]]")).collect();
    match words.as_slice() {
        [word] => Some((word, true)),
        [test, word] if test.lossy() == "-n" => Some((word, true)),
        [test, word] if test.lossy() == "-z" => Some((word, false)),
        _ => None,
    }
}
