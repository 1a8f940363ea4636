use crate::rule::{Cx, Rule, rule};
use crate::rules::support::shell_scripts::readings;
use crate::source::Span;
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, PieceKind, Quote, Word};

rule!(DollarInSingleQuotes, "shell/dollar-in-single-quotes");

impl Rule for DollarInSingleQuotes {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            for command in &reading.script.commands {
                if command.nested.is_some() || expects_dollars(command) {
                    continue;
                }
                let targets = command.redirects.iter().filter(|r| r.heredoc.is_none()).filter_map(|r| r.target.as_ref());
                let values = command.assigns.iter().filter(|a| !is_prompt(&a.name)).filter_map(|a| a.value.as_ref());
                let sed = command.name().as_deref() == Some("sed");
                for word in values.chain(&command.words).chain(targets) {
                    for (span, text) in quoted(word, cx) {
                        if !expands(&text) || sed && is_sed_address(&text) {
                            continue;
                        }
                        reading
                            .report(cx, span, "single quotes keep the shell from expanding what stands in them")
                            .help("put it in double quotes if the value is meant; leave it if the text is");
                    }
                }
            }
        }
    }
}

/// The single-quoted strings of a word, `$'…'` not among them.
fn quoted(word: &Word, cx: &Cx<'_>) -> Vec<(Span, String)> {
    let mut found: Vec<(Span, String)> = Vec::new();
    for piece in word.pieces.iter().filter(|p| p.quote == Quote::Single) {
        let PieceKind::Literal(text) = &piece.kind else { continue };
        let start = piece.span.start as usize;
        if let Some((before, value)) = found.last_mut() {
            let between = Span::new(piece.span.file, (before.end as usize).min(start), start);
            if before.file == piece.span.file && !cx.text(between).contains('\'') {
                value.push_str(text);
                *before = before.to(piece.span);
                continue;
            }
        }
        let head = cx.text(Span::new(piece.span.file, start.saturating_sub(2), start));
        if !head.ends_with("$'") {
            found.push((piece.span, text.clone()));
        }
    }
    found
}

/// Whether a text holds what double quotes would expand.
fn expands(text: &str) -> bool {
    let dollar = text.match_indices('$').any(|(at, _)| {
        text.get(at + 1..).and_then(|rest| rest.chars().next()).is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '{' | '(' | '_'))
    });
    let backquotes = text.split_once('`').and_then(|(_, rest)| rest.split_once('`')).is_some_and(|(inside, _)| !inside.is_empty());
    dollar || backquotes
}

/// sed's `$d`, `$a …`, `${…}`: the last line.
fn is_sed_address(text: &str) -> bool {
    text.match_indices('$').any(|(at, _)| {
        let mut rest = text.get(at + 1..).unwrap_or_default().chars();
        rest.next().is_some_and(|c| "{dpsaic".contains(c)) && !rest.next().is_some_and(|c| c.is_ascii_alphabetic())
    })
}

fn is_prompt(name: &str) -> bool {
    matches!(name, "PS1" | "PS2" | "PS3" | "PS4" | "PROMPT_COMMAND")
}

/// Whether the program reads dollars itself: another shell, another language, a template.
fn expects_dollars(command: &Command) -> bool {
    const KNOWN: [&str; 27] = [
        "trap",
        "sh",
        "bash",
        "dash",
        "ash",
        "ksh",
        "zsh",
        "su",
        "ssh",
        "eval",
        "xprop",
        "alias",
        "sudo",
        "doas",
        "docker",
        "podman",
        "oc",
        "dpkg-query",
        "jq",
        "yq",
        "rename",
        "rg",
        "unset",
        "envsubst",
        "php",
        "node",
        "ruby",
    ];
    let known = |name: &str| KNOWN.contains(&name) || name.ends_with("awk") || name.starts_with("perl") || name.starts_with("python");
    let name = command.name().unwrap_or_default();
    let words: Vec<_> = command.words.iter().map(Word::lossy).collect();
    let executed = words.iter().skip_while(|w| !matches!(w.as_ref(), "-exec" | "-execdir")).nth(1);
    let filter = name == "git" && words.get(1).is_some_and(|w| w == "filter-branch");
    let variable_test = matches!(name.as_ref(), "[" | "test" | "[[") && words.iter().any(|w| w == "-v");
    known(&name)
        || filter
        || variable_test
        || command.effective().name().is_some_and(|n| known(&n))
        || name == "find" && executed.is_some_and(|e| known(e.rsplit('/').next().unwrap_or_default()))
}
