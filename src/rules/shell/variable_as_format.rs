use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{PieceKind, Programs, Word};

rule!(VariableAsFormat, "shell/variable-as-format");

impl Rule for VariableAsFormat {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["printf"]) }) {
            for command in reading.script.commands.iter().filter(|c| c.name().as_deref() == Some("printf")) {
                let mut args = command.args();
                while let Some((first, rest)) = args.split_first() {
                    match first.lossy().as_ref() {
                        "--" => args = rest,
                        "-v" => args = rest.get(1..).unwrap_or_default(),
                        _ => break,
                    }
                }
                let Some(format) = args.first().filter(|w| is_computed(w)) else { continue };
                reading
                    .report(cx, format.span, "printf reads every `%` and backslash in this value as its own")
                    .help("write `printf '%s' \"…\"`");
            }
        }
    }
}

fn is_computed(word: &Word) -> bool {
    let literal = |k: &PieceKind| matches!(k, PieceKind::Literal(_) | PieceKind::Glob(_) | PieceKind::Other(_));
    !word.pieces.iter().all(|p| literal(&p.kind)) && !word.lossy().contains('%')
}
