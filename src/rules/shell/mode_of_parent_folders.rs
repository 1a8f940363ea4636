use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Programs, Word, command};

rule!(ModeOfParentFolders, "shell/mode-of-parent-folders");

impl Rule for ModeOfParentFolders {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["mkdir"]) }) {
            for command in reading.script.commands.iter().filter(|c| c.name().as_deref() == Some("mkdir")) {
                let args = command.args();
                // `-pm755` is one word
                let bundle =
                    args.iter().find(|w| w.lossy().split_once('m').is_some_and(|(before, mode)| before == "-p" && !mode.is_empty()));
                let parents = bundle.is_some() || command::has_flag(args, "-p", "--parents");
                let Some(mode) = bundle.or_else(|| command::flag(args, "-m", "--mode")).filter(|_| parents) else { continue };
                if !args.iter().skip(1).any(may_have_parents) {
                    continue;
                }
                reading
                    .report(cx, mode.span, "the mode is that of the last folder alone: the folders above it get the default one")
                    .help("make the folders first, or run chmod on each");
            }
        }
    }
}

fn may_have_parents(word: &Word) -> bool {
    let Some(value) = word.literal() else { return true };
    let mut rest = value.as_ref();
    while let Some(next) = rest.strip_prefix("./").or_else(|| rest.strip_prefix("../")) {
        rest = next;
    }
    !value.starts_with('-') && rest.contains('/')
}
