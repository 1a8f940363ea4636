use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::{readings_running, sole_piece};
use crate::stack::ScriptUnit;
use crate::syntax::shell::{GroupKind, PieceKind, Programs, Quote, Word};

rule!(UselessEcho, "shell/useless-echo");

impl Rule for UselessEcho {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["echo"]) }) {
            let script = reading.script;
            for command in script.commands.iter().filter(|c| c.words.first().and_then(Word::literal).as_deref() == Some("echo")) {
                let args = command.args();
                let only_output = |w: &Word| sole_piece(w).is_some_and(|p| matches!(p.kind, PieceKind::Command { .. }));
                if let [word] = args
                    && only_output(word)
                    && !word.lossy().trim_start_matches(['$', '(']).starts_with('<')
                {
                    let message = "echo only prints again what the command prints";
                    reading.report_as(cx, command.span, message, &["SC2005"]).help("run the command itself");
                    continue;
                }
                let Some(at) = command.place.group.filter(|_| command.place.pipe_len == 1) else { continue };
                let Some(group) = script.groups.get(at).filter(|g| g.kind == GroupKind::Substitution) else { continue };
                let alone = script.commands.iter().filter(|c| c.place.group == Some(at)).count() == 1
                    && !script.groups.iter().any(|g| g.place.group == Some(at) && g.kind != GroupKind::Substitution);
                let option = args.first().is_none_or(|w| w.lossy().starts_with('-'));
                let matched = |w: &Word| {
                    w.pieces.iter().any(|p| p.quote == Quote::None && matches!(p.kind, PieceKind::Glob(_) | PieceKind::Other(_)))
                };
                if !alone || option || args.iter().any(matched) || !cx.text(group.span).starts_with(['$', '`']) {
                    continue;
                }
                let message = "the substitution gives back what echo is handed";
                reading.report_as(cx, group.span, message, &["SC2116"]).help("write the words themselves");
            }
        }
    }
}
