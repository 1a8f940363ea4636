use std::collections::BTreeMap;

use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::{Reading, assigned_name, readings};
use crate::source::Span;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{GroupKind, Word};

rule!(UnusedVariable, "shell/unused-variable");

impl Rule for UnusedVariable {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            let text = cx.text(reading.span);
            let mut written: BTreeMap<&str, usize> = BTreeMap::new();
            for name in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|n| !n.is_empty()) {
                *written.entry(name).or_default() += 1;
            }
            let names = reading.script.commands.iter().filter_map(|c| c.words.first()?.literal());
            for name in names {
                // a program of the same name does not read it
                if let Some(times) = written.get_mut(name.as_ref()) {
                    *times = times.saturating_sub(1);
                }
            }
            let set = assigned(&reading, cx);
            let mut first: BTreeMap<&str, (Span, usize, bool)> = BTreeMap::new();
            for (name, span, counts) in &set {
                let entry = first.entry(name.as_str()).or_insert((*span, 0, *counts));
                *entry = (*span, entry.1 + 1, *counts);
            }
            if exports_all(&reading) {
                continue;
            }
            for (name, (span, times, counts)) in first {
                if written.get(name).copied().unwrap_or(0) != times || is_the_shells(name) || reading.is_declared(name) {
                    continue;
                }
                let help =
                    if counts { "name it `_` if it only counts" } else { "`export` it if a program is meant to see it; else remove it" };
                reading.report(cx, span, format!("nothing reads `{name}`, and no program that starts here sees it")).help(help);
            }
        }
    }
}

/// What a script sets, each time, with the place of the name, and whether a loop counts with it.
fn assigned(reading: &Reading<'_>, cx: &Cx<'_>) -> Vec<(String, Span, bool)> {
    let mut found = Vec::new();
    for command in reading.script.commands.iter().filter(|c| c.words.is_empty()) {
        found.extend(command.assigns.iter().filter(|a| a.value.is_some()).map(|a| (a.name.clone(), a.span.part(0, a.name.len()), false)));
    }
    for command in &reading.script.commands {
        if !matches!(command.name().as_deref(), Some("local" | "declare" | "typeset" | "readonly")) || command.has_flag("-x", "") {
            continue;
        }
        let named = command.args().iter().filter_map(|w| Some((assigned_name(w)?, w.span)));
        found.extend(named.map(|(name, span)| (name.clone(), span.part(0, name.len()), false)));
    }
    for group in &reading.script.groups {
        let GroupKind::For(name) = &group.kind else { continue };
        let at = cx.text(group.span).find(name.as_str()).unwrap_or(0);
        found.push((name.clone(), group.span.part(at, at + name.len()), true));
    }
    found.sort_by_key(|(_, span, _)| span.start);
    found
}

fn exports_all(reading: &Reading<'_>) -> bool {
    reading.script.commands.iter().any(|c| match c.name().as_deref() {
        Some("set") => c.args().iter().map(Word::lossy).any(|w| w == "allexport" || w.starts_with('-') && w.contains('a')),
        // what is read in may use it
        Some("." | "source" | "eval") => true,
        _ => false,
    })
}

/// Variables that the shell itself reads, or that it passes on because they come from outside.
fn is_the_shells(name: &str) -> bool {
    const OWN: [&str; 24] = [
        "PATH",
        "HOME",
        "IFS",
        "PS1",
        "PS2",
        "PS3",
        "PS4",
        "LANG",
        "SHELL",
        "USER",
        "LOGNAME",
        "PWD",
        "OLDPWD",
        "TERM",
        "TMPDIR",
        "CDPATH",
        "ENV",
        "MAIL",
        "OPTIND",
        "OPTARG",
        "OPTERR",
        "REPLY",
        "TZ",
        "TIMEFORMAT",
    ];
    OWN.contains(&name) || name.starts_with('_') || name.starts_with("LC_") || name.starts_with("BASH") || name.starts_with("HIST")
}
