use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::substitution::{Call, Surroundings, calls, mentions_envsubst, variables};
use crate::source::Span;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Assign, Command, PieceKind, Quote, Script, Word};

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
                if around.is_in_environment(&name) || is_exported(unit, &found, &name) {
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
    let sets = around(&unit.script, call).filter(alone).flat_map(|c| c.assigns.iter().map(move |a| (c, a)));
    sets.into_iter().find(|(_, a)| a.name == name && a.value.is_some())
}

/// `: "${NAME:=value}"` before the call.
fn set_by_default(unit: &ScriptUnit, found: &Call<'_>, name: &str) -> Option<Span> {
    let call = found.call.command.span;
    let before = around(&unit.script, call).filter(|c| c.span.file == call.file && c.span.start < call.start);
    let params = before.flat_map(|c| c.words.iter().chain(c.assigns.iter().filter_map(|a| a.value.as_ref()))).flat_map(Word::params);
    let sets = |modifier: &str| modifier.strip_prefix(':').unwrap_or(modifier).starts_with('=');
    params.into_iter().find(|(p, _)| p.name == name && sets(&p.modifier)).map(|(_, piece)| piece.span)
}

/// `read NAME` before the call.
fn read_here(unit: &ScriptUnit, found: &Call<'_>, name: &str) -> Option<Span> {
    let call = found.call.command.span;
    let mut before = around(&unit.script, call).filter(|c| c.span.file == call.file && c.span.start < call.start);
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

/// The commands of the script that a call stands in, and of those that hand it on.
fn around(script: &Script, call: Span) -> impl Iterator<Item = &Command> {
    std::iter::successors(Some(script), move |script| {
        let holds = |c: &&Command| c.nested.as_ref().is_some_and(|n| n.script.walk().any(|(_, inner)| inner.span == call));
        script.commands.iter().find(holds)?.nested.as_ref().map(|nested| &nested.script)
    })
    .flat_map(|script| &script.commands)
}

/// Exported before the call, or handed to a command; in a loop or a function what stands below may have run before.
fn is_exported(unit: &ScriptUnit, found: &Call<'_>, name: &str) -> bool {
    let named = |w: &str| w.split_once('=').map_or(w, |(n, _)| n) == name;
    let call = found.call.command;
    let straight = |c: &Command| c.place.group.is_none() && call.place.group.is_none();
    let later = |c: &Command| straight(c) && c.span.file == call.span.file && c.span.start > call.span.end;
    unit.script.walk().filter(|(_, c)| !later(c)).any(|(_, c)| {
        let exports = matches!(c.name().as_deref(), Some("export" | "declare" | "typeset" | "local" | "readonly"));
        let handed = !c.words.is_empty() && c.assigns.iter().any(|a| a.name == name);
        exports && c.args().iter().any(|w| named(&w.lossy())) || handed || c.effective().environment().iter().any(|w| named(&w.lossy()))
    })
}

/// A value that stays one word behind `export`, in every shell.
fn is_one_word(assign: &Assign) -> bool {
    let Some(value) = &assign.value else { return false };
    value.pieces.iter().all(|p| p.quote != Quote::None || matches!(p.kind, PieceKind::Literal(_)))
}
