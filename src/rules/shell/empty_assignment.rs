use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::source::Span;
use crate::stack::ScriptUnit;

rule!(EmptyAssignment, "shell/empty-assignment");

impl Rule for EmptyAssignment {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in reading.script.commands.iter().filter(|c| !c.words.is_empty()) {
                for assign in command.assigns.iter().filter(|a| a.name != "IFS") {
                    let empty = assign.value.as_ref().is_some_and(|v| v.pieces.is_empty() && v.span.is_empty());
                    let Some(word) =
                        command.words.first().filter(|_| empty && assign.span.end < command.words.first().map_or(0, |w| w.span.start))
                    else {
                        continue;
                    };
                    let what = word.lossy();
                    reading
                        .report(cx, blank_after(cx, assign.span), format!("this runs `{what}` with `{}` empty", assign.name))
                        .help(format!("take the blank after `=` away if `{what}` is the value; write `{}=''` if not", assign.name));
                }
            }
        }
    }
}

/// The blank at fault; the assignment where the text has none of its own.
fn blank_after(cx: &Cx<'_>, assign: Span) -> Span {
    let source = cx.stack.sources.get(assign.file);
    let rest = source.text.get(assign.end as usize..).unwrap_or_default();
    match rest.len() - rest.trim_start_matches([' ', '\t']).len() {
        0 => assign,
        blanks => Span::new(assign.file, assign.end as usize, assign.end as usize + blanks),
    }
}
