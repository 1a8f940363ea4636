use crate::diagnostic::Applicability;
use crate::quoting::Envsubst;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::substitution::{Call, Surroundings, calls, mentions_envsubst, variables};
use crate::source::{At, Span};
use crate::stack::{ScriptOrigin, ScriptUnit};
use crate::syntax::shell::{PieceKind, Quote};

rule!(EnvsubstFormatExpanded, "quoting/envsubst-format-expanded");

impl Rule for EnvsubstFormatExpanded {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let stack = cx.stack;
        // where a script runs is work to find out, and few scripts call envsubst
        if !mentions_envsubst(unit) {
            return;
        }
        let around = Surroundings::of(stack, unit);
        for found in calls(stack, unit, &around) {
            let call = &found.call;
            let Some(first) = call.expanded.first() else { continue };
            let nothing_left = match &call.names {
                Some(names) => names.is_empty(),
                None => {
                    is_variable_of_template(&found, first, cx) || single_quoted(call) && !around.sets(&first.value) && !lists(&first.value)
                }
            };
            if !nothing_left {
                continue;
            }
            let message = format!(
                "a shell replaces `${}` by its value before envsubst sees it, so that envsubst replaces nothing: it needs the name",
                first.value
            );
            let fix = fix(unit, &found, cx);
            let report = cx.report(first.span, message).help(help(call));
            if let Some((title, edits)) = fix {
                report.fix(title, Applicability::Unsafe, edits);
            }
        }
    }
}

/// The template holds a variable of this name: it is meant itself, not what it holds.
fn is_variable_of_template(found: &Call<'_>, name: &At<String>, cx: &Cx<'_>) -> bool {
    found.template.is_some_and(|file| variables(cx.stack, file, false).0.iter().any(|v| v.name == name.value))
}

/// Written in single quotes, which an outer shell takes for plain characters.
fn single_quoted(call: &Envsubst<'_>) -> bool {
    call.format.is_some_and(|w| w.pieces.iter().any(|p| p.quote == Quote::Single && matches!(p.kind, PieceKind::Literal(_))))
}

/// Names of variables that hold a list of names.
fn lists(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["vars", "names", "list", "subst", "replace", "format", "variables", "keys"].iter().any(|w| lower.contains(w))
}

fn help(call: &Envsubst<'_>) -> &'static str {
    if single_quoted(call) {
        "single quotes inside double quotes are plain characters: put a backslash before the `$`"
    } else {
        "put the list in single quotes"
    }
}

fn fix(unit: &ScriptUnit, found: &Call<'_>, cx: &Cx<'_>) -> Option<(&'static str, Vec<crate::diagnostic::Edit>)> {
    let call = &found.call;
    let level = unit.script.walk().find(|(_, c)| c.span == call.command.span)?.0;
    let word = call.format?;
    let shell_text = !matches!(unit.origin, ScriptOrigin::Instruction { exec: true, .. } | ScriptOrigin::Compose { .. });
    if !shell_text {
        return None;
    }
    if level == 1 && single_quoted(call) {
        let dollars: Vec<Span> = call.expanded.iter().map(|n| n.span).filter(|s| cx.text(*s).starts_with('$')).collect();
        return (dollars.len() == call.expanded.len())
            .then(|| ("keep the `$` from the outer shell", dollars.into_iter().map(|s| replace(s.at_start(), "\\")).collect()));
    }
    let text = cx.text(word.span);
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    (level == 0 && !inner.contains(['"', '\'', '\\', '`'])).then(|| ("single quotes", vec![replace(word.span, format!("'{inner}'"))]))
}
