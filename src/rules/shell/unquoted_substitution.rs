use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::{readings, split_words};
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Quote};

rule!(UnquotedSubstitution, "shell/unquoted-substitution");

impl Rule for UnquotedSubstitution {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in &reading.script.commands {
                for piece in split_words(command, reading.script.dialect).flat_map(|w| &w.pieces) {
                    let PieceKind::Command { text, .. } = &piece.kind else { continue };
                    if piece.quote != Quote::None || text.trim().is_empty() || gives_words(text) {
                        continue;
                    }
                    reading
                        .report(cx, piece.span, "the shell splits what this prints at blanks and matches it against file names")
                        .help("put it in double quotes, unless several words are meant");
                }
            }
        }
    }
}

/// Whether a command alone prints numbers that are meant to be words of their own.
fn gives_words(text: &str) -> bool {
    let name = text.split_whitespace().next().unwrap_or_default();
    matches!(name.rsplit('/').next(), Some("seq" | "pgrep")) && !text.contains(['|', ';', '&', '\n'])
}
