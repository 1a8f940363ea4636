use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Quote};

rule!(QuotesEndEarly, "shell/quotes-end-early");

impl Rule for QuotesEndEarly {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in &reading.script.commands {
                let values = command.assigns.iter().filter_map(|a| a.value.as_ref());
                for word in values.chain(&command.words) {
                    for window in word.pieces.windows(3) {
                        let [before, piece, after] = window else { continue };
                        let expands = matches!(piece.kind, PieceKind::Param(_) | PieceKind::Command { .. });
                        if expands && before.quote == Quote::Double && piece.quote == Quote::None && after.quote == Quote::Double {
                            reading
                                .report(cx, piece.span, "the quote before this ends the quoted text, and the one behind it begins another")
                                .help("take both quotes away, or write `\\\"` where the text is to hold them");
                        }
                    }
                }
            }
        }
    }
}
