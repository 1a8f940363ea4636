use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::source::Span;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Programs, Quote, Word};

rule!(PrefixInTest, "shell/prefix-in-test");

impl Rule for PrefixInTest {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["[", "test", "[["]) }) {
            for command in reading.script.commands.iter().filter(|c| matches!(c.name().as_deref(), Some("[" | "test" | "[["))) {
                for window in command.args().windows(3) {
                    let [left, operator, right] = window else { continue };
                    if !matches!(operator.lossy().as_ref(), "=" | "==" | "!=") {
                        continue;
                    }
                    let (Some(a), Some(b)) = (prefix(left), prefix(right)) else { continue };
                    let expands = |w: &Word| w.pieces.iter().any(|p| !matches!(p.kind, PieceKind::Literal(_)));
                    if !(expands(left) || expands(right)) {
                        continue;
                    }
                    let report = reading
                        .report(cx, left.span, "the `x` guards against shells of long ago, and hides what is compared")
                        .help("compare the quoted values themselves");
                    // without the letter an unquoted value could vanish, an unquoted empty text would
                    let quoted = |w: &Word| w.pieces.iter().skip(1).all(|p| p.quote != Quote::None) && w.pieces.len() > 1;
                    let stays = |w: &Word| w.pieces.first().is_some_and(|p| p.quote != Quote::None || p.span.len() > 1) || quoted(w);
                    if stays(left) && stays(right) && (quoted(left) || quotes_first(left)) {
                        report.fix("compare the values", Applicability::Safe, vec![replace(a, ""), replace(b, "")]);
                    }
                }
            }
        }
    }
}

fn quotes_first(word: &Word) -> bool {
    word.pieces.iter().all(|p| p.quote == Quote::Double)
}

/// The `x` that a word begins with.
fn prefix(word: &Word) -> Option<Span> {
    let first = word.pieces.first()?;
    let PieceKind::Literal(text) = &first.kind else { return None };
    (text.starts_with(['x', 'X'])).then(|| first.span.part(0, 1))
}
