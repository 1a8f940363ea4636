use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, Programs, Word};

rule!(FindXargsSplits, "shell/find-xargs-splits");

impl Rule for FindXargsSplits {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["find"]) }) {
            for (at, find) in reading.script.commands.iter().enumerate().filter(|(_, c)| c.name().as_deref() == Some("find")) {
                // what stands inside substitutions of the find lies between the two
                let next = reading.script.commands.iter().skip(at + 1).find(|c| c.place.group == find.place.group);
                let Some(xargs) = next.filter(|n| n.place.pipe_index == find.place.pipe_index + 1 && n.name().as_deref() == Some("xargs"))
                else {
                    continue;
                };
                if ends_with_nul(find) || ends_with_nul(xargs) {
                    continue;
                }
                reading
                    .report(cx, find.span, "xargs cuts the names that find prints at blanks and quotes")
                    .help("write `find … -exec … {} +`, or `find … -print0 | xargs -0 …`");
            }
        }
    }
}

fn ends_with_nul(command: &Command) -> bool {
    command.args().iter().map(Word::lossy).any(|w| {
        let cluster = w.starts_with('-') && !w.starts_with("--") && w.contains('0') && w.len() < 6;
        cluster || w.starts_with("--null") || w.starts_with("-print0") || w.starts_with("-printf") || w.starts_with("--delimiter")
    })
}
