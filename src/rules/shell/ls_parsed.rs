use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{GroupKind, PieceKind, Word};

rule!(LsParsed, "shell/ls-parsed");

impl Rule for LsParsed {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            let script = reading.script;
            for (at, ls) in script.commands.iter().enumerate().filter(|(_, c)| c.name().as_deref() == Some("ls")) {
                let next = script.commands.iter().skip(at + 1).find(|c| c.place.group == ls.place.group);
                let Some(next) = next.filter(|n| n.place.pipe_index == ls.place.pipe_index + 1) else { continue };
                let (id, help): (&'static str, _) = match next.name().as_deref() {
                    Some("grep") => ("SC2010", "use a pattern, or a loop with a test"),
                    Some("xargs") => ("SC2011", "write `find … -exec … {} +`"),
                    _ if ls.args().iter().map(Word::lossy).any(|w| w.starts_with("-N") || w == "--literal") => continue,
                    _ => ("SC2012", "use a pattern, or find"),
                };
                reading.report_as(cx, ls.span, MESSAGE, &[id]).help(help);
            }
            for group in script.groups.iter().filter(|g| matches!(g.kind, GroupKind::For(_))) {
                for piece in group.words.iter().flat_map(|w| &w.pieces) {
                    let PieceKind::Command { text, .. } = &piece.kind else { continue };
                    if text.split_whitespace().next() == Some("ls") && !text.contains(['|', ';', '&']) {
                        reading.report_as(cx, piece.span, MESSAGE, &["SC2045"]).help("loop over a pattern: `for f in ./*`");
                    }
                }
            }
        }
    }
}

const MESSAGE: &str = "ls prints names for people: blanks, line breaks and special characters in them are lost on a program";
