use std::borrow::Cow;

use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings_running;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Programs, Word};

rule!(GrepLinesCounted, "shell/grep-lines-counted");

impl Rule for GrepLinesCounted {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_running(unit, cx.stack, const { Programs::of(&["grep"]) }) {
            for (at, grep) in reading.script.commands.iter().enumerate().filter(|(_, c)| c.name().as_deref() == Some("grep")) {
                let next = reading.script.commands.iter().skip(at + 1).find(|c| c.place.group == grep.place.group);
                let Some(wc) = next.filter(|n| n.place.pipe_index == grep.place.pipe_index + 1 && n.name().as_deref() == Some("wc")) else {
                    continue;
                };
                let lines = wc.args().iter().map(Word::lossy).all(|w| w == "-l" || w == "--lines") && wc.args().len() == 1;
                let many = |w: Cow<'_, str>| {
                    w.starts_with("--") && w != "--" || w.starts_with('-') && w.contains(['o', 'r', 'R', 'l', 'L', 'A', 'B', 'C', 'c'])
                };
                if !lines || grep.args().iter().map(Word::lossy).any(many) {
                    continue;
                }
                reading.report(cx, grep.span, "grep counts what it finds itself").help("write `grep -c …`");
            }
        }
    }
}
