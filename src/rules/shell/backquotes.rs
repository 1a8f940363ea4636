use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Piece, PieceKind};

rule!(Backquotes, "shell/backquotes");

impl Rule for Backquotes {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            let mut found: Vec<&Piece> = Vec::new();
            for command in &reading.script.commands {
                let values = command.assigns.iter().filter_map(|a| a.value.as_ref());
                let targets = command.redirects.iter().filter_map(|r| r.target.as_ref());
                found.extend(values.chain(&command.words).chain(targets).flat_map(|w| &w.pieces));
                let bodies = command.redirects.iter().filter_map(|r| r.heredoc.as_ref()).filter(|h| h.expand);
                found.extend(bodies.flat_map(|h| &h.pieces));
            }
            found.extend(reading.script.groups.iter().flat_map(|g| &g.words).flat_map(|w| &w.pieces));
            for piece in found {
                if !matches!(piece.kind, PieceKind::Command { backquotes: true, .. }) {
                    continue;
                }
                let inner = cx.text(piece.span).strip_prefix('`').and_then(|t| t.strip_suffix('`'));
                let report = reading
                    .report(cx, piece.span, "backquotes read every backslash and quote in them twice, and do not nest")
                    .help("write `$(…)`");
                if let Some(inner) = inner.filter(|t| !t.contains(['\\', '`', '#']) && !t.trim().is_empty() && !t.starts_with('(')) {
                    report.fix("write `$(…)`", Applicability::Safe, vec![replace(piece.span, format!("$({inner})"))]);
                }
            }
        }
    }
}
