use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{GroupKind, PieceKind, Quote};

rule!(LoopRunsOnce, "shell/loop-runs-once");

impl Rule for LoopRunsOnce {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for group in &reading.script.groups {
                let (GroupKind::For(_), [word]) = (&group.kind, group.words.as_slice()) else { continue };
                let Some(first) = word.pieces.first() else { continue };
                let literal = word.pieces.iter().all(|p| matches!(p.kind, PieceKind::Literal(_)));
                let expands = |k: &PieceKind| matches!(k, PieceKind::Param(_) | PieceKind::Command { .. });
                let each = word.params().any(|(p, _)| p.name == "@" || p.modifier.contains('@'));
                let id: &'static str = match first.quote {
                    Quote::None if literal => "SC2043",
                    Quote::Single if literal => "SC2041",
                    Quote::Double if literal => "SC2043",
                    Quote::Double
                        if !each
                            && word.pieces.iter().any(|p| expands(&p.kind))
                            && word.pieces.iter().all(|p| p.quote == Quote::Double) =>
                    {
                        "SC2066"
                    }
                    _ => continue,
                };
                let help = match id {
                    "SC2043" => "write the commands without a loop, unless more words are to come",
                    _ => "take the quotes away where the list is meant to be split",
                };
                reading.report_as(cx, word.span, "this loop has one word and runs once", &[id]).help(help);
            }
        }
    }
}
