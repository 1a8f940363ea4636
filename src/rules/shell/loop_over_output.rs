use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{GroupKind, PieceKind, Quote};

rule!(LoopOverOutput, "shell/loop-over-output");

impl Rule for LoopOverOutput {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for group in reading.script.groups.iter().filter(|g| matches!(g.kind, GroupKind::For(_))) {
                for piece in group.words.iter().flat_map(|w| &w.pieces).filter(|p| p.quote == Quote::None) {
                    let PieceKind::Command { text, .. } = &piece.kind else { continue };
                    let (id, message, help): (&'static str, _, _) = match text.split_whitespace().next() {
                        Some("find") if !text.contains(['|', ';']) => (
                            "SC2044",
                            "the loop runs once for every word of what find prints, not for every file",
                            "write `find … -exec … {} +`",
                        ),
                        Some("cat") if !text.contains(';') && !text.contains("<<") => (
                            "SC2013",
                            "the loop runs once for every word of the file, not for every line",
                            "write `while read -r line; do …; done < file`",
                        ),
                        _ => continue,
                    };
                    reading.report_as(cx, piece.span, message, &[id]).help(help);
                }
            }
        }
    }
}
