use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::shell_scripts::readings;
use crate::source::Span;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Piece, PieceKind};

rule!(DollarInArithmetic, "shell/dollar-in-arithmetic");

impl Rule for DollarInArithmetic {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            let mut found: Vec<&Piece> = Vec::new();
            for command in &reading.script.commands {
                let values = command.assigns.iter().filter_map(|a| a.value.as_ref());
                let targets = command.redirects.iter().filter_map(|r| r.target.as_ref());
                found.extend(values.chain(&command.words).chain(targets).flat_map(|w| &w.pieces));
            }
            found.extend(reading.script.groups.iter().flat_map(|g| &g.words).flat_map(|w| &w.pieces));
            for piece in found.into_iter().filter(|p| matches!(p.kind, PieceKind::Arithmetic(_))) {
                let text = cx.text(piece.span);
                for (from, to, name) in variables(text) {
                    let span = Span::new(piece.span.file, piece.span.start as usize + from, piece.span.start as usize + to);
                    reading.report(cx, span, format!("`{name}` needs no `$` between `$((` and `))`")).help(format!("write `{name}`")).fix(
                        format!("write `{name}`"),
                        Applicability::Safe,
                        vec![replace(span, name)],
                    );
                }
            }
        }
    }
}

/// `$name` and `${name}` that stand alone in an expression, not next to digits, other names or inside a substitution.
fn variables(text: &str) -> Vec<(usize, usize, &str)> {
    let Some(inner) = text.strip_prefix("$((").and_then(|t| t.strip_suffix("))")) else { return Vec::new() };
    if inner.contains(['`', '"', '\'', '[', '\\']) || inner.contains("$(") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (at, _) in inner.match_indices('$') {
        let rest = inner.get(at + 1..).unwrap_or_default();
        let (braces, body) = rest.strip_prefix('{').map_or((0, rest), |b| (1, b));
        let len = body.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let name = body.get(..len).unwrap_or_default();
        if name.is_empty()
            || name.starts_with(|c: char| c.is_ascii_digit())
            || braces == 1 && !body.get(len..).is_some_and(|r| r.starts_with('}'))
        {
            continue;
        }
        let end = at + 1 + len + 2 * braces;
        let joined = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '#' | '}' | '{' | '.'));
        if joined(inner.get(..at).and_then(|b| b.chars().next_back())) || joined(inner.get(end..).and_then(|r| r.chars().next())) {
            continue;
        }
        found.push((at + 3, end + 3, name));
    }
    found
}
