use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::{assigned_name, is_declaration, readings};
use crate::stack::ScriptUnit;
use crate::syntax::shell::PieceKind;

rule!(StatusLostInDeclaration, "shell/status-lost-in-declaration");

impl Rule for StatusLostInDeclaration {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in &reading.script.commands {
                let Some(name) = command.name().filter(|n| is_declaration(n)) else { continue };
                if name == "local" && command.has_flag("-r", "") {
                    continue;
                }
                for word in command.args() {
                    let Some(variable) = assigned_name(word) else { continue };
                    if !word.pieces.iter().any(|p| matches!(p.kind, PieceKind::Command { .. })) {
                        continue;
                    }
                    reading
                        .report(cx, word.span, format!("`{name}` succeeds even where the command that gives `{variable}` its value fails"))
                        .help(format!("assign first and declare after it: `{variable}=… && {name} {variable}`"));
                }
            }
        }
    }
}
