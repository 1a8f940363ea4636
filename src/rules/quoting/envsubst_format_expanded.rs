use crate::diagnostic::Applicability;
use crate::quoting::{Envsubst, Flow, Origin, names_in};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::substitution::{Call, Surroundings, calls, mentions_envsubst, variables};
use crate::source::{FileId, Span};
use crate::stack::{ScriptOrigin, ScriptUnit};
use crate::syntax::shell::{PieceKind, Quote};
use crate::text::Text;

rule!(EnvsubstFormatExpanded, "quoting/envsubst-format-expanded");

impl Rule for EnvsubstFormatExpanded {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let stack = cx.stack;
        // where a script runs is work to find out, and few scripts call envsubst
        if !mentions_envsubst(unit, cx) {
            return;
        }
        let around = Surroundings::of(stack, unit);
        for found in calls(stack, unit, &around) {
            let call = &found.call;
            let Some(first) = call.expanded.first() else { continue };
            let nothing_left = match (&found.format, &call.names) {
                (Some(format), _) => is_without_names(format, &|name| is_meant_itself(&found, name, &around, cx)),
                (None, Some(names)) => names.is_empty(),
                (None, None) => is_meant_itself(&found, &first.value, &around, cx),
            };
            let left_out = || call.expanded.iter().find(|name| is_left_out(&found, &name.value, cx));
            let lost = if nothing_left { Some(first) } else { left_out() };
            let Some(lost) = lost else { continue };
            let name = &lost.value;
            let what = if nothing_left { "replaces nothing".to_owned() } else { format!("leaves `${name}` in the file") };
            let message =
                format!("a shell replaces `${name}` by its value before envsubst sees it, so that envsubst {what}: it needs the name");
            let fix = fix(unit, &found, cx);
            let report = cx.report(lost.span, message).help(help(call));
            if let Some((title, edits)) = fix {
                report.fix(title, Applicability::Unsafe, edits);
            }
        }
    }
}

/// No name is left in what envsubst is handed: neither in what is known of it, nor in the value of a variable that is not.
fn is_without_names(format: &Flow, is_meant_itself: &dyn Fn(&str) -> bool) -> bool {
    let mut known = String::new();
    for (range, part) in format.parts() {
        let text = format.text().get(range).unwrap_or_default();
        match part.origin {
            Origin::Unknown => {}
            Origin::Number => {
                known.push('0');
                continue;
            }
            _ => {
                known.push_str(text);
                continue;
            }
        }
        // the number of a process
        if text == "$!" {
            known.push('0');
            continue;
        }
        known.push(' ');
        let name = text.trim_start_matches(['$', '{']);
        let name = name.get(..name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()).unwrap_or_default();
        if !text.starts_with('$') || name.is_empty() || !is_meant_itself(name) {
            return false;
        }
    }
    let span = format.span_of(0..format.len());
    names_in(&Text::verbatim(known, span)).is_empty()
}

/// Other names reach envsubst, and this one of the template does not.
fn is_left_out(found: &Call<'_>, name: &str, cx: &Cx<'_>) -> bool {
    let named = match (&found.format, &found.call.names) {
        (Some(format), _) if format.is_known() => {
            names_in(&Text::verbatim(format.text().to_owned(), format.span_of(0..format.len()))).into_iter().map(|n| n.value).collect()
        }
        (_, Some(names)) => names.clone(),
        _ => found.call.written.iter().map(|n| n.value.clone()).filter(|n| found.call.expanded.iter().all(|e| e.value != *n)).collect(),
    };
    let used = |file: &FileId| variables(cx.stack, *file, false).0.iter().any(|v| v.name == name);
    !lists(name) && !named.is_empty() && !named.iter().any(|n| n == name) && found.templates.iter().any(used)
}

/// The variable itself is meant, not what it holds: the template has one of this name.
fn is_meant_itself(found: &Call<'_>, name: &str, around: &Surroundings<'_>, cx: &Cx<'_>) -> bool {
    let in_template = || found.template.is_some_and(|file| variables(cx.stack, file, false).0.iter().any(|v| v.name == name));
    // without the template: a name in capitals that does not say that it holds names
    let capitals = found.template.is_none() && found.text.is_none() && name.len() > 1 && !name.bytes().any(|b| b.is_ascii_lowercase());
    in_template() || (single_quoted(&found.call) || capitals) && !around.sets(name) && !lists(name)
}

/// Written in single quotes, which an outer shell takes for plain characters.
fn single_quoted(call: &Envsubst<'_>) -> bool {
    call.format.is_some_and(|w| w.pieces.iter().any(|p| p.quote == Quote::Single && matches!(p.kind, PieceKind::Literal(_))))
}

/// Names of variables that hold a list of names.
fn lists(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["vars", "names", "list", "subst", "replace", "format", "variables", "keys", "env", "filter", "allow", "dollar"]
        .iter()
        .any(|w| lower.contains(w))
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
