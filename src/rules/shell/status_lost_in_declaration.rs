use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::{assigned_name, is_declaration, readings};
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Dialect, PieceKind, Quote};

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
                    let ran = |quoted: bool| {
                        word.pieces.iter().any(|p| matches!(p.kind, PieceKind::Command { .. }) && (p.quote != Quote::None) == quoted)
                    };
                    // a plain sh also splits the unquoted value: that finding's cure is this one's
                    let split = reading.script.dialect == Dialect::Posix && ran(false);
                    if split || !(ran(true) || ran(false)) {
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
