//! Values that were meant and stand in single quotes, which keep the builder and the shell from putting them in.

use std::collections::BTreeSet;

use super::generated::from_base;
use super::substitution::Surroundings;
use crate::compose::Service;
use crate::diagnostic::Applicability;
use crate::quoting::{assigned, layers, names_in, sed_replacements};
use crate::rule::{Cx, replace};
use crate::source::{At, FileId, Span};
use crate::stack::{DockerfileUnit, Lookup, ScriptOrigin, ScriptUnit};
use crate::syntax::dockerfile::{Form, Instruction, Op, Pair};
use crate::syntax::shell::{Command, Piece, PieceKind, Programs, Quote, Script, Word};
use crate::text::Text;

/// Reports the `$NAME`s of an instruction that single quotes keep although their values are meant.
pub(crate) fn single_quoted(unit: &DockerfileUnit, stage: usize, item: usize, instruction: &Instruction, cx: &mut Cx<'_>) {
    let set = |name: &str| unit.lookup(stage, item, name) != Lookup::Unset;
    match &instruction.op {
        Op::Env(pairs) | Op::Arg(pairs) => {
            let meant: Vec<&Pair> = pairs.iter().filter(|p| is_meant(p, &set, &|name| is_expanded_once(name, unit.file, cx))).collect();
            if !meant.is_empty() && !substitutes_later(unit, cx) {
                meant.into_iter().for_each(|p| report_value(p, cx));
            }
        }
        Op::Label(pairs) => {
            let meant = |p: &&Pair| p.value.as_ref().is_some_and(|v| all(&in_single_quotes(v), &set));
            pairs.iter().filter(meant).for_each(|p| report_value(p, cx));
        }
        Op::Workdir(text) | Op::User(text) => in_builder(&[text], instruction, &set, cx),
        Op::Volume(texts) | Op::Expose(texts) => in_builder(&texts.iter().collect::<Vec<_>>(), instruction, &set, cx),
        Op::Copy(copy) | Op::Add(copy) => {
            in_builder(&copy.sources.iter().chain([&copy.dest]).collect::<Vec<_>>(), instruction, &set, cx);
        }
        Op::Run(run) if matches!(run.form, Form::Shell(_)) => in_run(unit, stage, item, cx),
        _ => {}
    }
}

/// Words that the builder takes as they are once it has taken the quotes off.
fn in_builder(words: &[&Text], instruction: &Instruction, set: &dyn Fn(&str) -> bool, cx: &mut Cx<'_>) {
    let names = words.iter().flat_map(|w| in_single_quotes(w)).filter(|n| set(&n.value));
    if let Some(name) = names.into_iter().next() {
        let message = format!(
            "single quotes keep the builder from putting in `${}`: {} gets these characters",
            name.value,
            instruction.keyword.name()
        );
        cx.report(name.span, message).help("write it in double quotes");
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

/// Reports the `$NAME`s of an env file's lines that single quotes keep although their values are meant.
pub(crate) fn single_quoted_in_env_file(service: &Service, told: &mut BTreeSet<Span>, cx: &mut Cx<'_>) {
    let raw = |path: &Span| service.env_files.iter().any(|f| f.file == Some(path.file));
    let own = |name: &str| service.environment.iter().any(|e| e.name.value == name && e.value.is_some());
    for var in service.environment.iter().filter(|v| v.from_file && raw(&v.span)) {
        let line = cx.text(var.span);
        let Some((at, inner)) = line.split_once('=').and_then(|(name, value)| Some((name.len() + 2, value.trim().strip_prefix('\'')?)))
        else {
            continue;
        };
        let Some(value) = inner.strip_suffix('\'').filter(|v| v.contains('$') && !v.contains('\'')) else { continue };
        let value = Text::verbatim(value, var.span.part(at, at + value.len()));
        let names = names_in(&value);
        if !is_meant_in(&var.name.value, &value, &names, &own, &|name| OWN_OPTIONS.contains(&name))
            || anything_substitutes(var.span.file, cx)
        {
            continue;
        }
        let Some(first) = names.first().filter(|n| told.insert(n.span)) else { continue };
        let message = format!("single quotes keep Compose from putting in `${}`: `{}` holds these characters", first.value, var.name.value);
        cx.report(first.span, message).help("write it in double quotes, or without any");
    }
}

/// Something reads variables out of the values of others: their `$` is there on purpose.
fn substitutes_later(unit: &DockerfileUnit, cx: &Cx<'_>) -> bool {
    let brings = |i: &Instruction| match &i.op {
        Op::Copy(copy) | Op::Add(copy) => copy.sources.iter().any(|s| is_substituter(s)),
        _ => false,
    };
    unit.scripts.values().any(substitutes)
        || unit.ast.instructions().any(|(_, i)| brings(i))
        || cx.stack.scripts_near(unit.file).any(substitutes)
}

fn anything_substitutes(file: FileId, cx: &Cx<'_>) -> bool {
    cx.stack.scripts_near(file).chain(cx.stack.dockerfiles_near(file).flat_map(|d| d.scripts.values())).any(substitutes)
}

/// A script runs a program that does, or brings one in.
fn substitutes(unit: &ScriptUnit) -> bool {
    unit.script.walk().any(|(_, c)| {
        let evaluates = c.name().as_deref() == Some("eval") || c.nested.as_ref().is_some_and(|n| n.by == "eval");
        evaluates || c.words.iter().any(|w| is_substituter(&w.lossy()))
    })
}

fn is_substituter(word: &str) -> bool {
    ["envsubst", "gettext", "gomplate", "dockerize", "confd"].iter().any(|p| word.contains(p))
}

/// A value of ENV or ARG that extends itself, is a path, or names set variables between other characters.
fn is_meant(pair: &Pair, set: &dyn Fn(&str) -> bool, once: &dyn Fn(&str) -> bool) -> bool {
    let Some(value) = &pair.value else { return false };
    is_meant_in(&pair.key.value, value, &in_single_quotes(value), set, once)
}

/// Options that a program takes out of its environment itself, without a shell.
const OWN_OPTIONS: [&str; 9] = [
    "NODE_OPTIONS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "_JAVA_OPTIONS",
    "GUNICORN_CMD_ARGS",
    "PYTEST_ADDOPTS",
    "RUBYOPT",
    "PERL5OPT",
    "GOFLAGS",
];

/// A variable whose value goes to a program as it is: by itself, or out of a shell, which looks at the text of a variable no second time.
fn is_expanded_once(name: &str, file: FileId, cx: &Cx<'_>) -> bool {
    let values = |c: &Command| c.assigns.iter().filter_map(|a| a.value.as_ref()).flat_map(Word::params).any(|(p, _)| p.name == name);
    let expands = |c: &Command| c.words.iter().flat_map(Word::params).any(|(p, _)| p.name == name) || values(c);
    // what a shell puts into another one's text is looked at there once more
    let again = |c: &Command| expands(c) && (c.nested.is_some() || matches!(c.effective().name().as_deref(), Some("su" | "eval")));
    let mut commands = cx.stack.scripts_near(file).flat_map(|s| s.script.walk()).map(|(_, c)| c).filter(|c| expands(c)).peekable();
    OWN_OPTIONS.contains(&name) || commands.peek().is_some() && !commands.any(again)
}

fn is_meant_in(key: &str, value: &str, names: &[At<String>], set: &dyn Fn(&str) -> bool, once: &dyn Fn(&str) -> bool) -> bool {
    const TEXTS: [&str; 7] = ["FORMAT", "TEMPLATE", "PROMPT", "PS1", "PS2", "PATTERN", "REGEX"];
    const OPTIONS: [&str; 5] = ["OPTS", "ARGS", "OPTIONS", "CMD", "COMMAND"];
    let ends = |words: &[&str]| words.iter().any(|end| key.to_uppercase().ends_with(end));
    if names.is_empty() || ends(&TEXTS) {
        return false;
    }
    if ends(&OPTIONS) || OWN_OPTIONS.contains(&key) {
        return all(names, set) && once(key);
    }
    if names.iter().any(|n| n.value == key) {
        return true;
    }
    let path = ["PATH", "_HOME", "_DIR", "_ROOT"].iter().any(|end| key.to_uppercase().ends_with(end));
    let between = value.split('$').skip(1).any(|rest| rest.contains(['/', ':', '.', '@', '-', '=']));
    // nothing but names is a list of names, for somebody who looks for them
    let words = !value.trim_matches(['\'', '"']).split([' ', ',', ':']).all(|w| w.starts_with('$')) || !lists(key) && names.len() == 1;
    let between = between || words;
    path && names.iter().all(|n| set(&n.value) || from_base(&n.value)) || between && all(names, set)
}

/// Names of variables that hold a list of names.
fn lists(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["vars", "names", "list", "subst", "replace", "variables", "keys"].iter().any(|w| lower.contains(w))
}

fn all(names: &[At<String>], set: &dyn Fn(&str) -> bool) -> bool {
    !names.is_empty() && names.iter().all(|n| set(&n.value))
}

/// The `$NAME`s between single quotes of a value of ENV, ARG or LABEL.
fn in_single_quotes(value: &Text) -> Vec<At<String>> {
    let (mut quote, mut escaped, mut from) = (None, false, 0);
    let mut found = Vec::new();
    if !value.contains('\'') || !value.contains('$') {
        return found;
    }
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
    const WRITERS: Programs = Programs::of(&PLAIN).and(Programs::of(&["echo", "printf", "sed"]));
    let Some(script) = unit.script(item).filter(|s| s.quotes_dollars() && s.may_run(WRITERS)) else { return };
    let quotes = |c: &Command| c.may_start(WRITERS) && c.words.iter().any(|w| !quoted_names(w).is_empty());
    for layer in layers(script).iter().filter(|l| quotes(l.command)) {
        let (script, command) = (layer.script, layer.command);
        let own: Vec<String> = assigned(script).into_iter().map(|n| n.value).collect();
        // in the double quotes of a shell outside they are that one's
        let quoted_names = |w: &Word| -> Vec<At<String>> {
            quoted_names(w).into_iter().filter(|n| layer.expanded_outside(&n.value, n.span).is_none()).collect()
        };
        let seen = command.effective();
        let name = seen.name().unwrap_or_default();
        let set = |n: &str| own.iter().any(|o| o == n) || unit.lookup(stage, item, n) != Lookup::Unset;
        let gone = |n: &str| unit.lookup(stage, item, n) != Lookup::Unset && unit.run_env(stage, n).is_none();
        // settings are read by another program later, as shell commands among others
        let setting = matches!(name.as_ref(), "git" | "npm" | "yarn" | "pip") && seen.args().iter().any(|w| w.lossy() == "config");
        let lost: Vec<At<String>> = if setting {
            Vec::new()
        } else if PLAIN.contains(&name.as_ref()) {
            seen.args().iter().flat_map(quoted_names).filter(|n| set(&n.value)).collect()
        } else if matches!(name.as_ref(), "echo" | "printf") && layer.level > 0 {
            // where the shell around it sends what is printed is not looked at
            Vec::new()
        } else if matches!(name.as_ref(), "echo" | "printf") {
            let names: Vec<At<String>> = seen.args().iter().flat_map(quoted_names).collect();
            let written = !names.is_empty() && {
                let plain = writes_plain_text(script, command);
                names.iter().all(|n| gone(&n.value) || plain && set(&n.value))
            };
            // who has it both ways knows the difference
            let both = seen.args().iter().flat_map(Word::params).any(|(p, _)| names.iter().any(|n| n.value == p.name));
            if written && !both && is_last_word(script, command) && !substitutes_later(unit, cx) { names } else { Vec::new() }
        } else if name == "sed" {
            let names: Vec<At<String>> =
                seen.args().iter().flat_map(put_in_by_sed).filter(|n| layer.expanded_outside(&n.value, n.span).is_none()).collect();
            let meant = !names.is_empty() && names.iter().all(|n| set(&n.value));
            let later = || read_later(&seen.args().last().map(Word::lossy).unwrap_or_default());
            if meant && !later() && !substitutes_later(unit, cx) { names } else { Vec::new() }
        } else {
            Vec::new()
        };
        if let Some(first) = lost.first() {
            let message = format!("single quotes keep the shell from putting in `${}`: `{name}` gets these characters", first.value);
            cx.report(first.span, message).help("put it in double quotes");
        }
    }
}

/// Reports the `$NAME`s that single quotes keep from the program that a container starts: `server --port '$PORT'`.
pub(crate) fn single_quoted_at_start(unit: &ScriptUnit, cx: &mut Cx<'_>) {
    let words = match unit.origin {
        ScriptOrigin::Instruction { dockerfile, item, exec } => {
            let op = cx.stack.instruction(dockerfile, item).map(|(_, i)| &i.op);
            if !matches!(op, Some(Op::Cmd(_) | Op::Entrypoint(_) | Op::Healthcheck(_))) {
                return;
            }
            exec
        }
        ScriptOrigin::Compose { .. } => true,
        ScriptOrigin::File(_) => false,
    };
    let quoted = |c: &Command| c.args().iter().any(|w| !quoted_names(w).is_empty());
    if !unit.script.quotes_dollars() || !unit.script.walk().any(|(_, c)| quoted(c)) {
        return;
    }
    let around = Surroundings::of(cx.stack, unit);
    for layer in layers(&unit.script).iter().filter(|l| !(words && l.level == 0) && quoted(l.command)) {
        let Some(program) = plain(layer.command) else { continue };
        let says = matches!(program.as_str(), "echo" | "printf");
        if says && (!is_last_word(layer.script, layer.command) || !writes_plain_text(layer.script, layer.command)) {
            continue;
        }
        for word in layer.command.effective().args() {
            // a text of several words is more likely one for somebody who reads it once more
            let value = says || !word.lossy().contains([' ', '\n', ';', '|', '(', '&', '`']);
            let names = quoted_names(word).into_iter();
            let lost = names.filter(|n| value && layer.expanded_outside(&n.value, n.span).is_none() && around.is_set(&n.value));
            if let Some(name) = lost.into_iter().next() {
                let message = format!("single quotes keep the shell from putting in `${}`: `{program}` gets these characters", name.value);
                cx.report(name.span, message).help("put it in double quotes");
                break;
            }
        }
    }
}

/// The program of a command, where that takes a `$` for a character like any other and hands its words to no shell.
fn plain(command: &Command) -> Option<String> {
    const READ_ON: [&str; 20] = [
        "ssh", "trap", "eval", "watch", "tmux", "screen", "script", "parallel", "xargs", "find", "docker", "kubectl", "podman", "at",
        "batch", "export", "alias", "set", "entr", "expect",
    ];
    if command.nested.is_some() {
        return None;
    }
    let seen = command.effective();
    let program = seen.name()?.into_owned();
    let shell = |w: &Word| w.literal().is_some_and(|v| crate::syntax::shell::shell(crate::files::file_name(&v)).is_some());
    let own = super::program::reads_dollars(&program) || READ_ON.contains(&program.as_str());
    let text = seen.args().iter().any(|w| matches!(w.lossy().as_ref(), "-c" | "-e" | "-r" | "--eval" | "--command" | "eval" | "--exec"));
    (!own && !text && program != "java" && !seen.args().iter().any(shell)).then_some(program)
}

/// The `$NAME`s of single quotes that sed's `s` puts in as they are.
fn put_in_by_sed(word: &Word) -> Vec<At<String>> {
    let quoted = quoted_names(word);
    if quoted.is_empty() {
        return quoted;
    }
    let program = word.text();
    let replacements = sed_replacements(&program);
    let put_in = |name: &At<String>| {
        let mut places = program.match_indices('$').map(|(at, _)| at);
        let place = places.find(|at| program.span_of(*at, *at + 1).start == name.span.start);
        place.is_some_and(|at| replacements.iter().any(|r| r.contains(&at)))
    };
    quoted.into_iter().filter(put_in).collect()
}

/// A file that people read, or nothing at all: nobody looks for variables there.
fn writes_plain_text(script: &Script, command: &Command) -> bool {
    const TEXTS: [&str; 7] = [".txt", ".html", ".htm", ".json", ".md", ".css", ".csv"];
    let Some(target) = target(script, command).map(Word::lossy) else { return true };
    let name = crate::files::file_name(&target).to_lowercase();
    TEXTS.iter().any(|end| name.ends_with(end))
        || matches!(name.as_str(), "version" | "motd" | "issue" | "release" | "null" | "stderr" | "stdout")
}

/// Files in which a shell or a program finds the `$` again.
fn read_later(target: &str) -> bool {
    const READ_LATER: [&str; 14] =
        [".sh", ".bash", "rc", "profile", ".profile", ".env", "environment", ".template", ".tmpl", ".tpl", ".in", "cron", "crontab", ".py"];
    // Apache puts variables of its environment into what it reads: https://httpd.apache.org/docs/current/configuring.html
    const FOLDERS: [&str; 6] = ["/etc/profile.d/", "/bin/", "cron", "init", "apache2", "httpd"];
    READ_LATER.iter().any(|end| target.ends_with(end)) || FOLDERS.iter().any(|d| target.contains(d))
}

/// What is written stays as it is: no other program and no shell reads it first.
fn is_last_word(script: &Script, command: &Command) -> bool {
    let target = target(script, command).map(Word::lossy).unwrap_or_default();
    let later = read_later(&target) || script.around(command.place.group).any(|(_, g)| g.place.pipe_len > 1);
    // one of several lines of a script
    let same = |c: &&Command| !target.is_empty() && self::target(script, c).is_some_and(|t| t.lossy() == target);
    let later = later || script.commands.iter().filter(same).any(starts_script);
    let text: String = command.args().iter().map(Word::lossy).collect();
    let script = text.starts_with("#!") || text.contains("export ") || text.contains("exec ") || text.contains('`') || text.contains("$(");
    command.place.pipe_len == 1 && !later && !script && !command.place.substitution
}

/// The file that a command, or a group around it, writes to.
fn target<'a>(script: &'a Script, command: &'a Command) -> Option<&'a Word> {
    let own = command.redirects.iter().find_map(|r| r.target.as_ref());
    own.or_else(|| script.around(command.place.group).flat_map(|(_, g)| &g.redirects).find_map(|r| r.target.as_ref()))
}

fn starts_script(command: &Command) -> bool {
    command.args().iter().any(|w| w.lossy().starts_with("#!"))
}

/// The `$NAME`s of a word's single-quoted parts.
fn quoted_names(word: &Word) -> Vec<At<String>> {
    let single = |p: &Piece| p.quote == Quote::Single && matches!(&p.kind, PieceKind::Literal(text) if text.contains('$'));
    if !word.pieces.iter().any(single) {
        return Vec::new();
    }
    // what an outer layer decoded lies in several pieces
    let mut text = Text::builder(word.span);
    for piece in &word.pieces {
        match &piece.kind {
            PieceKind::Literal(literal) if piece.quote == Quote::Single => text.push(literal, piece.span),
            _ => text.push("\0", piece.span),
        }
    }
    names_in(&text)
}
