use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Quote, Word};

rule!(ArgumentsInsideText, "shell/arguments-inside-text");

impl Rule for ArgumentsInsideText {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in reading.script.commands.iter().filter(|c| c.words.first().map(Word::lossy).as_deref() != Some("[[")) {
                for word in command.args().iter().filter(|w| !is_alone(w)) {
                    let all = |(p, piece): &(&crate::syntax::shell::Param, &crate::syntax::shell::Piece)| {
                        piece.quote == Quote::Double && (p.name == "@" && p.modifier.is_empty() || p.modifier == "[@]")
                    };
                    let Some((_, piece)) = word.params().find(all) else { continue };
                    reading
                        .report(cx, piece.span, "the text around this goes to the first and the last argument alone")
                        .help("write `$*` for one text of all arguments, or give them as words of their own");
                }
            }
        }
    }
}

fn is_alone(word: &Word) -> bool {
    word.pieces.iter().filter(|p| !matches!(&p.kind, PieceKind::Literal(t) if t.is_empty())).count() < 2
}
