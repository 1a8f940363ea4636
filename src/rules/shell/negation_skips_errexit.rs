use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::source::Span;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{GroupKind, Join, Place, Script};

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
                if follower(script, command.place, command.span.end) != Some(Join::Then) {
                    continue;
                }
                reading
                    .report(
                        cx,
                        mark_before(cx, command.span),
                        "`set -e` takes no notice of a command behind `!`: the script goes on where this is meant to end it",
                    )
                    .help("write `! … || exit 1`, or `if …; then exit 1; fi`");
            }
        }
    }
}

/// The `!` before a command.
fn mark_before(cx: &Cx<'_>, command: Span) -> Span {
    let source = cx.stack.sources.get(command.file);
    let before = source.text.get(..command.start as usize).unwrap_or_default().trim_end();
    match before.strip_suffix('!') {
        Some(rest) => Span::new(command.file, rest.len(), before.len()),
        None => command,
    }
}

/// How what runs next is joined to what ends at a place: the next of its list, or, at the end of a branch or of braces, whose
/// status is that of their last command, what follows those.
fn follower(script: &Script, place: Place, end: u32) -> Option<Join> {
    let (mut place, mut end) = (place, end);
    for _ in 0..=script.groups.len() {
        let after = |start: u32, other: &Place| other.group == place.group && start >= end && other.pipe_index == 0;
        let commands = script.commands.iter().filter(|c| after(c.span.start, &c.place)).map(|c| (c.span.start, c.place.join));
        let groups = script.groups.iter().filter(|g| after(g.span.start, &g.place)).map(|g| (g.span.start, g.place.join));
        // the next branch is no follower
        let next = commands.chain(groups).min_by_key(|(start, _)| *start).filter(|(_, join)| *join != Join::First);
        if let Some((_, join)) = next {
            return Some(join);
        }
        let group = script.groups.get(place.group?)?;
        let passes_on = matches!(group.kind, GroupKind::If | GroupKind::Case | GroupKind::Brace);
        if !passes_on || group.place.pipe_len > 1 || group.place.condition || group.place.tail {
            return None;
        }
        (place, end) = (group.place, group.span.end);
    }
    None
}
