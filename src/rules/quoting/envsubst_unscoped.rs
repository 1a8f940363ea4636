use std::collections::BTreeSet;

use crate::diagnostic::{Applicability, Severity};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::substitution::{Call, Surroundings, calls, is_nginx_variable, mentions_envsubst, variables, variables_of_text};
use crate::source::{FileId, Span};
use crate::stack::nginx_templates::{filtered_out, rendered};
use crate::stack::{Runtime, ScriptOrigin, ScriptUnit, Stack};
use crate::syntax::nginx::Variable;
use crate::text::Text;

rule!(EnvsubstUnscoped, "quoting/envsubst-unscoped");

impl Rule for EnvsubstUnscoped {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: BTreeSet<Span> = BTreeSet::new();
        for runtime in stack.runtimes.iter().filter(|r| stack.nginx.iter().any(|n| n.template && n.runtime == r.index)) {
            eaten_by_image(stack, runtime, &mut told, cx);
        }
    }

    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let stack = cx.stack;
        // where a script runs is work to find out, and few scripts call envsubst
        if !mentions_envsubst(unit, cx) {
            return;
        }
        let around = Surroundings::of(stack, unit);
        for found in calls(stack, unit, &around).into_iter().filter(|c| c.call.format.is_none()) {
            let Some(place) = found.call.command.effective().words.first().map(|w| w.span) else { continue };
            let for_nginx = found.for_nginx();
            if let Some(text) = &found.text {
                in_script(&found, text, place, &around, cx);
                continue;
            }
            if found.templates.is_empty() && for_nginx && found.call.input.is_some() {
                cx.report(
                    place,
                    "envsubst is given no list of variables: `$uri`, `$host` and whatever else nginx fills in itself become empty",
                )
                .help("name the variables that are meant: `envsubst '$NAME'`");
            }
            // one file says it for all that a loop reads
            found.templates.iter().any(|template| blanks(unit, &found, *template, place, &around, cx));
        }
    }
}

/// Whether envsubst empties variables of a template that are not its own; says so.
fn blanks(unit: &ScriptUnit, found: &Call<'_>, template: FileId, place: Span, around: &Surroundings<'_>, cx: &mut Cx<'_>) -> bool {
    let stack = cx.stack;
    let (used, own) = variables(stack, template, found.for_nginx());
    let nginx = found.for_nginx() || !own.is_empty() || stack.nginx.iter().any(|n| n.file == template);
    let blanked = |v: &&Variable| {
        let kept = if nginx { is_nginx_variable(&v.name) || own.contains(&v.name) } else { v.name.contains(char::is_lowercase) };
        kept && !around.is_set(&v.name)
    };
    let lost: Vec<&Variable> = used.iter().filter(blanked).collect();
    let Some(first) = lost.first() else { return false };
    let meant: Vec<String> = unique(used.iter().filter(|v| !lost.iter().any(|l| l.name == v.name)));
    let message = format!(
        "envsubst replaces {} of `{}` by nothing: it is given no list of variables",
        names(&unique(lost.iter().copied())),
        crate::files::file_name(stack.sources.path(template))
    );
    let format = meant.iter().map(|n| format!("${n}")).collect::<Vec<_>>().join(" ");
    let mut report = cx.report(place, message).label(first.span, "becomes empty").severity(Severity::Error);
    report = report.help(format!("name the variables that are meant: `envsubst '{}'`", if format.is_empty() { "$NAME" } else { &format }));
    if !format.is_empty() && found.templates.len() == 1 && plain(unit, found, place) {
        report.fix("name the variables", Applicability::Unsafe, vec![replace(place.at_end(), format!(" '{format}'"))]);
    }
    true
}

/// The template stands in the script, in a quoted heredoc.
fn in_script(found: &Call<'_>, text: &Text, place: Span, around: &Surroundings<'_>, cx: &mut Cx<'_>) {
    let nginx = found.for_nginx();
    let blanked = |v: &Variable| if nginx { is_nginx_variable(&v.name) } else { v.name.contains(char::is_lowercase) };
    let lost: Vec<Variable> = variables_of_text(text).into_iter().filter(|v| blanked(v) && !around.is_set(&v.name)).collect();
    let Some(first) = lost.first() else { return };
    let message = format!("envsubst replaces {} of its input by nothing: it is given no list of variables", names(&unique(lost.iter())));
    cx.report(place, message)
        .label(first.span, "becomes empty")
        .severity(Severity::Error)
        .help("name the variables that are meant: `envsubst '$NAME'`");
}

/// The nginx image fills in every name that is set: one of nginx's own among them is gone from the configuration.
fn eaten_by_image(stack: &Stack, runtime: &Runtime, told: &mut BTreeSet<Span>, cx: &mut Cx<'_>) {
    let rendered = rendered(stack, runtime);
    for used in stack.nginx.iter().filter(|n| n.runtime == runtime.index && n.template && rendered.contains(&n.brought_by)) {
        let own: Vec<String> = used.conf.assigned().into_iter().map(|n| n.value).collect();
        for variable in used.conf.variables() {
            let name = variable.name.as_str();
            let Some(set) = runtime.env(name).filter(|_| is_nginx_variable(name) || own.iter().any(|o| o == name)) else { continue };
            if filtered_out(runtime, name) != Some(false) || !told.insert(set.span) {
                continue;
            }
            let file = crate::files::file_name(stack.sources.path(used.file));
            let message =
                format!("`{name}` takes the place of nginx's own `${name}` in `{file}`: the image fills in every name that is set");
            cx.report(set.span, message)
                .severity(Severity::Error)
                .label(variable.span, "nginx gets the value instead")
                .help("give the variable another name, or say with NGINX_ENVSUBST_FILTER which names are meant");
        }
    }
}

/// A single shell reads the place, so that single quotes mean what they say.
fn plain(unit: &ScriptUnit, call: &Call<'_>, place: Span) -> bool {
    let top = unit.script.commands.iter().any(|c| c.span == call.call.command.span);
    let one_below = || {
        let nested = unit.script.commands.iter().filter_map(|c| c.nested.as_deref());
        nested.filter(|n| n.span.contains(place)).any(|n| n.script.commands.iter().any(|c| c.span == call.call.command.span))
    };
    match unit.origin {
        ScriptOrigin::Instruction { exec: true, .. } => one_below(),
        ScriptOrigin::Instruction { .. } | ScriptOrigin::File(_) => top,
        ScriptOrigin::Compose { .. } => false,
    }
}

fn unique<'a>(variables: impl Iterator<Item = &'a Variable>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for variable in variables {
        if !found.contains(&variable.name) {
            found.push(variable.name.clone());
        }
    }
    found
}

fn names(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(4).map(|n| format!("`${n}`")).collect();
    match (names.len(), shown.as_slice()) {
        (0 | 1, _) => shown.concat(),
        (n, _) if n > 4 => format!("{} and {} more", shown.join(", "), n - 4),
        (_, [first @ .., last]) => format!("{} and {last}", first.join(", ")),
        _ => String::new(),
    }
}
