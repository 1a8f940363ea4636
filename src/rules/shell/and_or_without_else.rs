use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::source::Span;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, Join, Place, Script};

rule!(AndOrWithoutElse, "shell/and-or-without-else");

impl Rule for AndOrWithoutElse {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for list in lists(reading.script) {
                let [.., a, b, c] = list.as_slice() else { continue };
                let shape = a.place.join != Join::Or && b.place.join == Join::And && c.place.join == Join::Or;
                if !shape || list.iter().filter(|p| p.place.join == Join::Or).count() != 1 || a.place.condition {
                    continue;
                }
                if b.command.is_some_and(is_test) || (c.place.pipe_len == 1 && c.command.is_some_and(cannot_matter)) {
                    continue;
                }
                let name = b.command.and_then(Command::name);
                let what = name.map_or_else(|| "what stands before `||`".to_owned(), |n| format!("`{n}`"));
                reading
                    .report(cx, c.span, format!("this runs where {what} fails, too: `a && b || c` is no if-then-else"))
                    .help("write `if a; then b; else c; fi` where that is meant");
            }
        }
    }
}

/// One operand of `&&` and `||`: a pipeline's first command, or a group.
struct Part<'a> {
    place: Place,
    start: u32,
    span: Span,
    command: Option<&'a Command>,
}

/// The lists of a script that `&&` and `||` join.
fn lists(script: &Script) -> Vec<Vec<Part<'_>>> {
    let commands = script.commands.iter().map(|c| Part { place: c.place, start: c.span.start, span: c.span, command: Some(c) });
    let groups = script.groups.iter().map(|g| Part { place: g.place, start: g.span.start, span: g.span, command: None });
    let mut parts: Vec<Part<'_>> = commands.chain(groups).filter(|p| p.place.pipe_index == 0 && !is_substitution(script, p)).collect();
    parts.sort_by_key(|p| (p.place.group, p.start));
    let mut found: Vec<Vec<Part<'_>>> = Vec::new();
    for part in parts {
        let goes_on = matches!(part.place.join, Join::And | Join::Or);
        match found.last_mut().filter(|_| goes_on) {
            Some(list) => list.push(part),
            None => found.push(vec![part]),
        }
    }
    found
}

fn is_substitution(script: &Script, part: &Part<'_>) -> bool {
    part.command.is_none()
        && script.groups.iter().any(|g| g.span.start == part.start && g.kind == crate::syntax::shell::GroupKind::Substitution)
}

fn is_test(command: &Command) -> bool {
    matches!(command.name().as_deref(), Some("[" | "[[" | "test"))
}

/// Messages, exits, assignments: nothing that would be a second thing done.
fn cannot_matter(command: &Command) -> bool {
    command.words.is_empty() || matches!(command.name().as_deref(), Some("echo" | "exit" | "return" | "printf" | "true" | ":"))
}
