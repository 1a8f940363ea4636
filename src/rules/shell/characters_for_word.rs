use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::{readings, split_words};
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Quote};

rule!(CharactersForWord, "shell/characters-for-word");

impl Rule for CharactersForWord {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in &reading.script.commands {
                for piece in split_words(command, reading.script.dialect).flat_map(|w| &w.pieces).filter(|p| p.quote == Quote::None) {
                    let PieceKind::Glob(text) = &piece.kind else { continue };
                    if is_word(text) {
                        reading
                            .report(cx, piece.span, format!("to the shell `{text}` is one character of these, matched against file names"))
                            .help("put the word in quotes");
                    }
                }
            }
        }
    }
}

/// `[extra]`: a class in which a character stands twice.
fn is_word(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) else { return false };
    if inner.contains('[') || inner.starts_with(':') {
        return false;
    }
    let mut seen: Vec<char> = inner.chars().filter(|c| *c != '-').collect();
    let all = seen.len();
    seen.sort_unstable();
    seen.dedup();
    seen.len() < all
}
