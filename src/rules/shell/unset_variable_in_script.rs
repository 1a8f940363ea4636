use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::{Reading, assigned_name, is_declaration, readings_expanding};
use crate::source::Span;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, GroupKind, Param, Programs, Script, Word};

rule!(UnsetVariableInScript, "shell/unset-variable-in-script");

impl Rule for UnsetVariableInScript {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings_expanding(unit, cx.stack) {
            if !reading.is_instruction() {
                continue;
            }
            let local = params(&reading);
            if local.is_empty() || reads_files(reading.script) {
                continue;
            }
            let mut set = None;
            let mut seen = BTreeSet::new();
            for (param, span) in local {
                if reading.is_declared(&param.name) || reading.is_out_of_scope(&param.name) {
                    continue;
                }
                if set.get_or_insert_with(|| names_set(reading.script)).contains(&param.name) {
                    continue;
                }
                if seen.insert(param.name.clone()) {
                    reading
                        .report(
                            cx,
                            span,
                            format!(
                                "`{}` is empty here: nothing of this instruction sets it, and no ARG or ENV of the stage does",
                                param.name
                            ),
                        )
                        .help(format!("set it in this instruction, or declare `ARG {}` in this stage", param.name));
                }
            }
        }
    }
}

/// What a script reads in, or has another command set, may bring any variable.
fn reads_files(script: &Script) -> bool {
    // `for ((i = 0; …))` sets what it counts
    let counts = script.groups.iter().any(|g| g.kind == GroupKind::For(String::new()));
    const READERS: Programs = Programs::of(&[".", "source", "eval", "mapfile", "readarray", "getopts", "let", "(("]);
    let mut commands = script.commands.iter().filter(|c| c.may_start(READERS));
    counts
        || commands
            .any(|c| matches!(c.name().as_deref(), Some("." | "source" | "eval" | "mapfile" | "readarray" | "getopts" | "let" | "((")))
}

/// What a script expands under names of its own, and must have set.
fn params<'a>(reading: &'a Reading<'_>) -> Vec<(&'a Param, Span)> {
    let mut found: Vec<(&Param, Span)> = Vec::new();
    let local = |p: &Param| p.name.bytes().any(|b| b.is_ascii_lowercase()) && !has_fallback(p);
    let mut add = |word: &'a Word| found.extend(word.params().filter(|(p, _)| local(p)).map(|(p, piece)| (p, piece.span)));
    for command in &reading.script.commands {
        command.assigns.iter().filter_map(|a| a.value.as_ref()).for_each(&mut add);
        command.words.iter().for_each(&mut add);
        command.redirects.iter().filter(|r| r.heredoc.is_none()).filter_map(|r| r.target.as_ref()).for_each(&mut add);
    }
    reading.script.groups.iter().flat_map(|g| &g.words).for_each(&mut add);
    found.sort_by_key(|(_, span)| span.start);
    found
}

/// `${name:-x}`, `${name+x}`, `${name:?}`, `${name:=x}`: the script knows that it may be unset.
fn has_fallback(param: &Param) -> bool {
    param.modifier.trim_start_matches(':').starts_with(['-', '+', '?', '=']) || param.modifier.starts_with(['!', '['])
}

/// Every name that some command of a script sets.
fn names_set(script: &Script) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    for command in &script.commands {
        found.extend(command.assigns.iter().map(|a| a.name.clone()));
        found.extend(set_by(command));
        found.extend(asked_about(command));
        let words = command.words.iter().chain(command.redirects.iter().filter_map(|r| r.target.as_ref()));
        let defaults = words.flat_map(Word::params).filter(|(p, _)| p.modifier.trim_start_matches(':').starts_with('='));
        found.extend(defaults.map(|(p, _)| p.name.clone()));
    }
    found.extend(script.groups.iter().filter_map(|g| if let GroupKind::For(name) = &g.kind { Some(name.clone()) } else { None }));
    found
}

/// What a test asks about: `[ -n "$x" ]` and `[ "$x" ]` expect that it may not be set.
fn asked_about(command: &Command) -> Vec<String> {
    const TESTS: Programs = Programs::of(&["[", "[[", "test"]);
    if !command.may_start(TESTS) || !matches!(command.name().as_deref(), Some("[" | "[[" | "test")) {
        return Vec::new();
    }
    const COMPARED: [&str; 11] = ["=", "==", "!=", "=~", "<", ">", "-eq", "-ne", "-gt", "-lt", "-ge"];
    let words: Vec<_> = command.args().iter().map(Word::lossy).collect();
    let compared = |at: Option<usize>| at.and_then(|n| words.get(n)).is_some_and(|w| COMPARED.contains(&w.as_ref()) || w == "-le");
    let args = command.args().iter().enumerate();
    let asked = args.filter(|(n, _)| !compared(n.checked_sub(1)) && !compared(Some(n + 1)));
    asked.flat_map(|(_, w)| w.params().map(|(p, _)| p.name.clone())).collect()
}

/// A word without `=` assigns nothing: nearly all words, seen before anything is put together.
fn may_assign(word: &Word) -> bool {
    !matches!(word.pieces.as_slice(), [piece] if piece.literal().is_some_and(|text| !text.as_bytes().contains(&b'=')))
}

fn set_by(command: &Command) -> Vec<String> {
    let name = command.effective().name().unwrap_or_default();
    let operands = || command.args().iter().map(Word::lossy).filter(|w| !w.starts_with('-'));
    match name.as_ref() {
        _ if is_declaration(&name) => operands().map(|w| w.split('=').next().unwrap_or_default().to_owned()).collect(),
        "read" | "unset" => operands().map(Cow::into_owned).collect(),
        "printf" => command.option("", "-v").map(|(value, _)| value).into_iter().collect(),
        _ => command.args().iter().filter(|w| may_assign(w)).filter_map(assigned_name).collect(),
    }
}
