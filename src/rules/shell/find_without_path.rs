use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, Programs, Word};

rule!(FindWithoutPath, "shell/find-without-path");

impl Rule for FindWithoutPath {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["find"]) }) {
            for command in reading.script.commands.iter().filter(|c| c.name().as_deref() == Some("find") && !has_path(c)) {
                let Some(name) = command.words.first() else { continue };
                reading
                    .report(cx, name.span, "this find names no folder, which only GNU's takes for the working folder")
                    .help("write `find . …`");
            }
        }
    }
}

fn has_path(command: &Command) -> bool {
    for word in command.args() {
        let value = word.lossy();
        let leading = value.len() <= 2 || value.starts_with("-D") || value.starts_with("-O");
        if !value.starts_with('-') || value == "-help" || value == "--help" || value == "--version" {
            return true;
        }
        if !leading {
            return false;
        }
    }
    command.args().iter().map(Word::lossy).any(|w| w.starts_with("--"))
}
