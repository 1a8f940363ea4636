use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::substitution::{Call, Surroundings, calls, mentions_envsubst, variables};
use crate::source::Span;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Assign, Command, PieceKind, Quote, Word};

rule!(EnvsubstVariableNotExported, "quoting/envsubst-variable-not-exported");

impl Rule for EnvsubstVariableNotExported {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        if !mentions_envsubst(unit, cx) || exports_all(unit) {
            return;
        }
        let stack = cx.stack;
        let around = Surroundings::of(stack, unit);
        let mut told: Vec<Span> = Vec::new();
        for found in calls(stack, unit, &around) {
            for name in wanted(&found, cx) {
                let assigned = set_here(unit, &found, &name);
                let place = assigned
                    .map(|(_, assign)| assign.span)
                    .or_else(|| set_by_default(unit, &found, &name))
                    .or_else(|| read_here(unit, &found, &name));
                let Some(place) = place.filter(|place| !told.contains(place)) else { continue };
                if around.is_in_environment(&name) || is_exported(unit, &name) {
                    continue;
                }
                told.push(place);
                let report = cx
                    .report(place, format!("`{name}` is set without `export`, so envsubst does not get it and puts nothing in its place"))
                    .label(found.call.command.span, "it is wanted here")
                    .help(format!("write `export {name}=…`"));
                if let Some((command, _)) = assigned.filter(|(command, _)| command.assigns.iter().all(is_one_word)) {
                    report.fix("export it", Applicability::Unsafe, vec![replace(command.span.at_start(), "export ")]);
                }
            }
        }
    }
}

/// The names that envsubst is to replace.
fn wanted(found: &Call<'_>, cx: &Cx<'_>) -> Vec<String> {
    match (&found.call.names, found.template) {
        (Some(names), _) => names.clone(),
        (None, Some(file)) if found.call.format.is_none() => {
            variables(cx.stack, file, found.for_nginx()).0.into_iter().map(|v| v.name).collect()
        }
        _ => Vec::new(),
    }
}

/// The assignment before the call, standing by itself.
fn set_here<'a>(unit: &'a ScriptUnit, found: &Call<'_>, name: &str) -> Option<(&'a Command, &'a Assign)> {
    let call = found.call.command.span;
    let alone = |c: &&Command| c.words.is_empty() && c.span.file == call.file && c.span.start < call.start;
    let sets = unit.script.commands.iter().filter(alone).flat_map(|c| c.assigns.iter().map(move |a| (c, a)));
    sets.into_iter().find(|(_, a)| a.name == name && a.value.is_some())
}

/// `: "${NAME:=value}"` before the call.
fn set_by_default(unit: &ScriptUnit, found: &Call<'_>, name: &str) -> Option<Span> {
    let call = found.call.command.span;
    let before = unit.script.commands.iter().filter(|c| c.span.file == call.file && c.span.start < call.start);
    let params = before.flat_map(|c| c.words.iter().chain(c.assigns.iter().filter_map(|a| a.value.as_ref()))).flat_map(Word::params);
    let sets = |modifier: &str| modifier.strip_prefix(':').unwrap_or(modifier).starts_with('=');
    params.into_iter().find(|(p, _)| p.name == name && sets(&p.modifier)).map(|(_, piece)| piece.span)
}

/// `read NAME` before the call.
fn read_here(unit: &ScriptUnit, found: &Call<'_>, name: &str) -> Option<Span> {
    let call = found.call.command.span;
    let mut before = unit.script.commands.iter().filter(|c| c.span.file == call.file && c.span.start < call.start);
    let reads = |c: &&Command| matches!(c.name().as_deref(), Some("read")) && c.args().iter().any(|w| w.lossy() == name);
    before.find(reads).map(|c| c.span)
}

/// `set -a`, and `export $(…)`, of which nobody knows what it exports.
fn exports_all(unit: &ScriptUnit) -> bool {
    let all = |c: &Command| {
        let words = || c.args().iter().map(|w| w.lossy());
        let set = words().any(|w| w == "allexport" || w.starts_with('-') && !w.starts_with("--") && w.contains('a'));
        match c.name().as_deref() {
            Some("set") => set,
            Some("export") => c.args().iter().any(|w| w.pieces.first().is_some_and(|p| !matches!(p.kind, PieceKind::Literal(_)))),
            _ => false,
        }
    };
    unit.script.walk().any(|(_, c)| all(c))
}

/// Exported somewhere, or handed to a command.
fn is_exported(unit: &ScriptUnit, name: &str) -> bool {
    let named = |w: &str| w.split_once('=').map_or(w, |(n, _)| n) == name;
    unit.script.walk().any(|(_, c)| {
        let exports = matches!(c.name().as_deref(), Some("export" | "declare" | "typeset" | "local" | "readonly"));
        let handed = !c.words.is_empty() && c.assigns.iter().any(|a| a.name == name);
        exports && c.args().iter().any(|w| named(&w.lossy())) || handed || c.effective().environment.iter().any(|w| named(&w.lossy()))
    })
}

/// A value that stays one word behind `export`, in every shell.
fn is_one_word(assign: &Assign) -> bool {
    let Some(value) = &assign.value else { return false };
    value.pieces.iter().all(|p| p.quote != Quote::None || matches!(p.kind, PieceKind::Literal(_)))
}
