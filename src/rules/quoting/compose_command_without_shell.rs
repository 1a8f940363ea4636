use std::collections::BTreeSet;

use crate::compose::CommandLine;
use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::compose_command::{Given, given, run_as_is};
use crate::source::Span;
use crate::stack::Stack;
use crate::text::Text;

rule!(ComposeCommandWithoutShell, "quoting/compose-command-without-shell");

impl Rule for ComposeCommandWithoutShell {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: BTreeSet<Span> = BTreeSet::new();
        let services = stack.projects.iter().enumerate().flat_map(|(p, project)| (0..project.services.len()).map(move |s| (p, s)));
        for at in services {
            let Some((_, service)) = stack.service(at) else { continue };
            for given in given(service) {
                let line = given.line;
                if given.key == "healthcheck" {
                    if line.argv.first().is_some_and(|w| w.value == "CMD") {
                        list(line.argv.get(1..).unwrap_or_default(), "health check", &mut told, cx);
                    }
                    continue;
                }
                if begins_for_shell(stack, at, &given, &mut told, cx) {
                    continue;
                }
                match &line.string {
                    Some(text) => string(line, text, service.entrypoint.is_none(), &mut told, cx),
                    None => list(&line.argv, "command", &mut told, cx),
                }
            }
        }
    }
}

/// `NAME=value program` and `cd …`: what a shell would make of the first word, and no program is called. Says whether it is so.
fn begins_for_shell(stack: &Stack, at: (usize, usize), given: &Given<'_>, told: &mut BTreeSet<Span>, cx: &mut Cx<'_>) -> bool {
    let Some(first) = given.line.argv.first() else { return false };
    let assigns = is_assignment(first) && given.line.argv.get(1).is_some();
    let builtin = BUILTINS.contains(&first.value.as_str());
    if !(assigns || builtin) || !run_as_is(stack, at, given) {
        return false;
    }
    if told.insert(first.span) {
        let what = if assigns { "variables before a program are the shell's business" } else { "only a shell knows it" };
        let message =
            format!("no shell runs this {}: the container looks for a program called `{}` and ends ({what})", given.key, first.value);
        let help = if assigns { "set the variable under `environment`" } else { "let a shell run it: `sh -c \"…\"`" };
        cx.report(first.span, message).help(help);
    }
    true
}

/// Commands that are no programs anywhere.
const BUILTINS: [&str; 15] =
    ["cd", "export", "source", ".", "set", "eval", "alias", "ulimit", "umask", "exec", "if", "for", "while", "until", "unset"];

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |w| w.0);
    name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

fn string(line: &CommandLine, text: &Text, alone: bool, told: &mut BTreeSet<Span>, cx: &mut Cx<'_>) {
    let Some((at, operator)) = operator(text) else { return };
    // nothing stands behind it that could be dropped
    if text.get(at..).is_some_and(|rest| rest.chars().all(|c| c == ';' || c == '&' || c.is_whitespace())) {
        return;
    }
    let span = text.span_of(at, at + operator.len());
    if !told.insert(span) {
        return;
    }
    let program = line.argv.first().map_or("the command", |w| w.value.as_str());
    let message = format!("no shell runs this command: Compose starts `{program}` and drops everything from `{operator}` on");
    let source = cx.text(line.span);
    let report = cx.report(span, message).help("let a shell run it: `sh -c \"…\"`");
    let plain = alone && source == text.value && !source.contains(['"', '\'', '\\', '\n', '`', '#', '{', '[']) && !source.contains(": ");
    let builtin = |word: &str| matches!(word, "sh" | "bash");
    if plain && !builtin(program) {
        report.fix("let a shell run it", Applicability::Unsafe, vec![replace(line.span, format!("sh -c \"{source}\""))]);
    }
}

/// Words of a list that only a shell understands.
fn list(argv: &[Text], what: &str, told: &mut BTreeSet<Span>, cx: &mut Cx<'_>) {
    let Some(program) = argv.first().map(|w| crate::files::file_name(w).trim_end_matches(';').to_owned()) else { return };
    if matches!(program.as_str(), "[" | "test" | "expr" | "find" | "jq" | "awk") || crate::syntax::shell::shell(&program).is_some() {
        return;
    }
    let operator = |w: &&Text| matches!(w.value.as_str(), "&&" | "||" | "|" | ">" | ">>" | "<" | "2>&1" | "&>" | ";");
    // `["a;", "b"]`
    let ends = argv.first().filter(|w| w.ends_with(';'));
    if let Some(word) = ends.or_else(|| argv.iter().skip(1).find(operator)).filter(|w| told.insert(w.span)) {
        let message = format!("no shell runs this {what}: `{program}` gets `{}` and what follows as arguments", word.value);
        let message = if ends.is_some() { format!("no shell runs this {what}: no program is called `{}`", word.value) } else { message };
        cx.report(word.span, message).help("let a shell run it: `[\"sh\", \"-c\", \"…\"]`");
    }
}

/// The first operator outside quotes: Compose ends the command there.
fn operator(text: &Text) -> Option<(usize, &'static str)> {
    const OPERATORS: [&str; 9] = ["&&", "||", ">>", ">", "<", "|", ";", "&", "2>&1"];
    let (mut quote, mut escaped, mut depth) = (None, false, 0usize);
    for (at, c) in text.char_indices() {
        if std::mem::take(&mut escaped) {
            continue;
        }
        match (quote, c) {
            (quote, '\\') if quote != Some('\'') => escaped = true,
            (Some(q), c) if q == c => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(c),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, ';' | '&' | '|' | '<' | '>') if depth == 0 => {
                let rest = text.get(at..)?;
                return OPERATORS.iter().find(|o| rest.starts_with(**o)).map(|o| (at, *o));
            }
            _ => {}
        }
    }
    None
}
