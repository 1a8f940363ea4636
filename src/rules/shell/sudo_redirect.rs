use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::Programs;

rule!(SudoRedirect, "shell/sudo-redirect");

impl Rule for SudoRedirect {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["sudo"]) }) {
            for command in reading.script.commands.iter().filter(|c| c.name().as_deref() == Some("sudo")) {
                for redirect in &command.redirects {
                    let Some(target) = redirect.target.as_ref().map(|w| w.lossy()).filter(|t| t != "/dev/null") else { continue };
                    let help = match redirect.operator {
                        ">" | ">|" | "&>" => format!("write `… | sudo tee {target} > /dev/null`"),
                        ">>" | "&>>" => format!("write `… | sudo tee -a {target} > /dev/null`"),
                        "<" => format!("write `sudo cat {target} | sudo …`"),
                        _ => continue,
                    };
                    reading
                        .report(cx, redirect.span, format!("the shell opens `{target}` as the plain user, before sudo starts"))
                        .help(help);
                }
            }
        }
    }
}
