use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Join, Place};

rule!(NegationSkipsErrexit, "shell/negation-skips-errexit");

impl Rule for NegationSkipsErrexit {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            if !reading.has_errexit() {
                continue;
            }
            let script = reading.script;
            for command in script.commands.iter().filter(|c| c.place.negated && c.place.pipe_index == 0 && !c.place.condition) {
                if !matches!(command.place.join, Join::First | Join::Then | Join::Background) || command.place.tail {
                    continue;
                }
                let after = |group: Option<usize>, start: u32, place: &Place| {
                    group == command.place.group && start >= command.span.end && place.pipe_index == 0
                };
                let commands =
                    script.commands.iter().filter(|c| after(c.place.group, c.span.start, &c.place)).map(|c| (c.span.start, c.place.join));
                let groups =
                    script.groups.iter().filter(|g| after(g.place.group, g.span.start, &g.place)).map(|g| (g.span.start, g.place.join));
                let next = commands.chain(groups).min_by_key(|(start, _)| *start);
                if !matches!(next, Some((_, Join::Then))) {
                    continue;
                }
                reading
                    .report(
                        cx,
                        command.span,
                        "`set -e` takes no notice of a command behind `!`: the script goes on where this is meant to end it",
                    )
                    .help("write `! … || exit 1`, or `if …; then exit 1; fi`");
            }
        }
    }
}
