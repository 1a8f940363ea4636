use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Programs, Word};

rule!(XargsReplaceOption, "shell/xargs-replace-option");

impl Rule for XargsReplaceOption {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["xargs"]) }) {
            for command in reading.script.commands.iter().filter(|c| c.name().as_deref() == Some("xargs")) {
                let own = command.args().iter().take_while(|w| w.lossy().starts_with('-'));
                let is_old = |w: &&Word| {
                    let value = w.lossy();
                    value.starts_with("-i") || !value.starts_with("--") && value.ends_with('i') && value.len() < 5
                };
                if let Some(option) = own.into_iter().find(is_old) {
                    reading.report(cx, option.span, "GNU xargs has given `-i` up, and others have never had it").help("write `-I{}`");
                }
            }
        }
    }
}
