//! Values that were meant and stand in single quotes, which keep the builder and the shell from putting them in.

use super::generated::from_base;
use crate::diagnostic::Applicability;
use crate::quoting::{assigned, names_in};
use crate::rule::{Cx, replace};
use crate::source::At;
use crate::stack::{DockerfileUnit, Lookup};
use crate::syntax::dockerfile::{Form, Instruction, Op, Pair};
use crate::syntax::shell::{Command, PieceKind, Programs, Quote, Word};
use crate::text::Text;

/// Reports the `$NAME`s of an instruction that single quotes keep although their values are meant.
pub(crate) fn single_quoted(unit: &DockerfileUnit, stage: usize, item: usize, instruction: &Instruction, cx: &mut Cx<'_>) {
    let set = |name: &str| unit.lookup(stage, item, name) != Lookup::Unset;
    match &instruction.op {
        Op::Env(pairs) | Op::Arg(pairs) => {
            let meant: Vec<&Pair> = pairs.iter().filter(|p| is_meant(p, &set)).collect();
            if !meant.is_empty() && !substitutes_later(unit, cx) {
                meant.into_iter().for_each(|p| report_value(p, cx));
            }
        }
        Op::Label(pairs) => {
            let meant = |p: &&Pair| p.value.as_ref().is_some_and(|v| all(&in_single_quotes(v), &set));
            pairs.iter().filter(meant).for_each(|p| report_value(p, cx));
        }
        Op::Run(run) if matches!(run.form, Form::Shell(_)) => in_run(unit, stage, item, cx),
        _ => {}
    }
}

fn report_value(pair: &Pair, cx: &mut Cx<'_>) {
    let Some(value) = &pair.value else { return };
    let Some(name) = in_single_quotes(value).into_iter().next() else { return };
    let message = format!("single quotes keep the builder from putting in `${}`: `{}` holds these characters", name.value, pair.key.value);
    let written = cx.text(value.span);
    let report = cx.report(name.span, message).help("write it in double quotes");
    let inner = written.strip_prefix('\'').and_then(|w| w.strip_suffix('\''));
    if let Some(inner) = inner.filter(|i| !i.contains(['\'', '"', '\\', '`'])) {
        report.fix("write it in double quotes", Applicability::Unsafe, vec![replace(value.span, format!("\"{inner}\""))]);
    }
}

/// Something reads variables out of the values of others: their `$` is there on purpose.
fn substitutes_later(unit: &DockerfileUnit, cx: &Cx<'_>) -> bool {
    let reads = |text: &str| ["envsubst", "eval", "gomplate", "dockerize"].iter().any(|w| text.contains(w));
    reads(&cx.stack.sources.get(unit.file).text) || cx.stack.scripts.iter().any(|s| reads(cx.stack.sources.slice(s.span)))
}

/// A value of ENV or ARG that extends itself, is a path, or names set variables between other characters.
fn is_meant(pair: &Pair, set: &dyn Fn(&str) -> bool) -> bool {
    const LATER: [&str; 12] =
        ["OPTS", "ARGS", "OPTIONS", "CMD", "COMMAND", "FORMAT", "TEMPLATE", "PROMPT", "PS1", "PS2", "PATTERN", "REGEX"];
    let Some(value) = &pair.value else { return false };
    let names = in_single_quotes(value);
    let key = pair.key.value.as_str();
    if names.is_empty() || LATER.iter().any(|end| key.to_uppercase().ends_with(end)) {
        return false;
    }
    if names.iter().any(|n| n.value == key) {
        return true;
    }
    let path = ["PATH", "_HOME", "_DIR", "_ROOT"].iter().any(|end| key.to_uppercase().ends_with(end));
    let between = value.split('$').skip(1).any(|rest| rest.contains(['/', ':', '.', '@', '-', '=']));
    path && names.iter().all(|n| set(&n.value) || from_base(&n.value)) || between && all(&names, set)
}

fn all(names: &[At<String>], set: &dyn Fn(&str) -> bool) -> bool {
    !names.is_empty() && names.iter().all(|n| set(&n.value))
}

/// The `$NAME`s between single quotes of a value of ENV, ARG or LABEL.
fn in_single_quotes(value: &Text) -> Vec<At<String>> {
    let (mut quote, mut escaped, mut from) = (None, false, 0);
    let mut found = Vec::new();
    for (at, c) in value.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (quote, c) {
            (Some('\''), '\'') => {
                found.extend(names_in(&value.part(from, at)));
                quote = None;
            }
            (Some('"'), '"') => quote = None,
            (None | Some('"'), '\\') => escaped = true,
            (None, '\'' | '"') => (quote, from) = (Some(c), at + 1),
            _ => {}
        }
    }
    found
}

/// Programs to which a `$` is a character like any other, in a name, an address or a number.
const PLAIN: [&str; 34] = [
    "curl", "wget", "mkdir", "rmdir", "cd", "cp", "mv", "rm", "ln", "touch", "chmod", "chown", "chgrp", "install", "tar", "unzip", "git",
    "pip", "pip3", "npm", "yarn", "apt-get", "apt", "apk", "yum", "dnf", "microdnf", "useradd", "adduser", "groupadd", "addgroup",
    "usermod", "gem", "go",
];

fn in_run(unit: &DockerfileUnit, stage: usize, item: usize, cx: &mut Cx<'_>) {
    const WRITERS: Programs = Programs::of(&PLAIN).and(Programs::of(&["echo", "printf"]));
    let Some(script) = unit.script(item).filter(|s| s.may_run(WRITERS)) else { return };
    let own: Vec<String> = assigned(script).into_iter().map(|n| n.value).collect();
    for command in script.commands.iter().filter(|c| c.may_start(WRITERS) && c.words.iter().any(|w| !quoted_names(w).is_empty())) {
        let seen = command.effective();
        let name = seen.name().unwrap_or_default();
        let set = |n: &str| own.iter().any(|o| o == n) || unit.lookup(stage, item, n) != Lookup::Unset;
        let gone = |n: &str| unit.lookup(stage, item, n) != Lookup::Unset && unit.run_env(stage, n).is_none();
        let lost: Vec<At<String>> = if PLAIN.contains(&name.as_ref()) {
            seen.args().iter().flat_map(quoted_names).filter(|n| set(&n.value)).collect()
        } else if matches!(name.as_ref(), "echo" | "printf") {
            let names: Vec<At<String>> = seen.args().iter().flat_map(quoted_names).collect();
            let lost = !names.is_empty() && names.iter().all(|n| gone(&n.value));
            if lost && is_last_word(command) && !substitutes_later(unit, cx) { names } else { Vec::new() }
        } else {
            Vec::new()
        };
        if let Some(first) = lost.first() {
            let message = format!("single quotes keep the shell from putting in `${}`: `{name}` gets these characters", first.value);
            cx.report(first.span, message).help("put it in double quotes");
        }
    }
}

/// What is written stays as it is: no other program and no shell reads it first.
fn is_last_word(command: &Command) -> bool {
    const READ_LATER: [&str; 14] =
        [".sh", ".bash", "rc", "profile", ".profile", ".env", "environment", ".template", ".tmpl", ".tpl", ".in", "cron", "crontab", ".py"];
    let target = command.redirects.iter().find_map(|r| r.target.as_ref()).map(Word::lossy).unwrap_or_default();
    let later = READ_LATER.iter().any(|end| target.ends_with(end))
        || ["/etc/profile.d/", "/bin/", "cron", "init"].iter().any(|d| target.contains(d));
    let text: String = command.args().iter().map(Word::lossy).collect();
    let script = text.starts_with("#!") || text.contains("export ") || text.contains("exec ") || text.contains('`') || text.contains("$(");
    command.place.pipe_len == 1 && !later && !script && !command.place.substitution
}

/// The `$NAME`s of a word's single-quoted parts.
fn quoted_names(word: &Word) -> Vec<At<String>> {
    let parts = word.pieces.iter().filter(|p| p.quote == Quote::Single);
    let texts = parts.filter_map(|p| match &p.kind {
        PieceKind::Literal(text) if text.contains('$') => Some(Text::verbatim(text.clone(), p.span)),
        _ => None,
    });
    texts.flat_map(|text| names_in(&text)).collect()
}
