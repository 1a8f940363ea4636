//! The seldom parts of [`super::bashisms`]: tests, traps, variables and expansions that few scripts use.

use super::bashisms::{Bashism, is_text};
use super::shell_scripts::{assigned_name, readings};
use crate::source::Span;
use crate::stack::{ScriptUnit, Stack};
use crate::syntax::shell::{Command, Group, GroupKind, Join, Param, Piece, PieceKind, Programs, Quote, Script, Word};

const SYNTAX: &str = "ends there with a syntax error";
const BAD: &str = "ends there with \"Bad substitution\"";
const EMPTY: &str = "puts nothing in its place";
const NOT_FOUND: &str = "knows no such command";
const UNEXPECTED: &str = "stops with \"unexpected operator\"";

type Codes = &'static [&'static str];

/// The commands that shells differ about, beyond the common.
const NAMES: Programs = Programs::of(&[
    "((",
    "[[",
    "let",
    "mapfile",
    "readarray",
    "disown",
    "compgen",
    "complete",
    "caller",
    "enable",
    "[",
    "test",
    "trap",
    "kill",
    "printf",
    "exec",
    "builtin",
    "export",
]);

/// What a command asks for, beyond the common.
pub(super) fn in_command(script: &Script, command: &Command, found: &mut Vec<Bashism>) {
    let Some(word) = command.words.first() else {
        command.assigns.iter().filter_map(|a| a.value.as_ref()).for_each(|value| in_word(script, value, false, found));
        return;
    };
    let name = Some(word).filter(|_| command.may_start(NAMES)).and_then(Word::literal).unwrap_or_default();
    let mut push = |span: Span, what: &str, codes: Codes, dash, ash| {
        found.push(Bashism { span, what: format!("`{what}`"), codes, dash, ash });
    };
    match name.as_ref() {
        "((" if counts(command) => push(word.span, "((…))", &["SC3006", "SC3018"], NOT_FOUND, NOT_FOUND),
        "((" => push(word.span, "((…))", &["SC3006"], NOT_FOUND, NOT_FOUND),
        "let" if counts(command) => push(word.span, "let", &["SC3039", "SC3018"], NOT_FOUND, ""),
        "let" => push(word.span, "let", &["SC3039"], NOT_FOUND, ""),
        "mapfile" | "readarray" | "disown" | "compgen" | "complete" | "caller" | "enable" => {
            push(word.span, &name, &["SC3044"], NOT_FOUND, NOT_FOUND);
        }
        "[" | "test" => {
            for (at, operator) in command.args().iter().enumerate().filter(|(_, w)| is_plain(w)) {
                match operator.lossy().as_ref() {
                    op @ ("-nt" | "-ot" | "-ef") if at > 0 => push(operator.span, op, &[], "", ""),
                    "=~" if at > 0 => push(operator.span, "=~", &["SC3015"], UNEXPECTED, ""),
                    "-v" if at == 0 => push(operator.span, "-v", &["SC3016"], UNEXPECTED, "stops with \"unknown operand\""),
                    "-a" if at == 0 => push(operator.span, "-a", &[], UNEXPECTED, "stops with \"unknown operand\""),
                    _ => {}
                }
            }
        }
        "trap" => {
            for signal in command.args().iter().skip(1) {
                match signal.lossy().as_ref() {
                    name @ ("ERR" | "DEBUG" | "RETURN") => push(signal.span, name, &["SC3047"], "ends there with \"bad trap\"", ""),
                    name if name.starts_with("SIG") => push(signal.span, name, &["SC3048"], "ends there with \"bad trap\"", ""),
                    _ => {}
                }
            }
        }
        "kill" => {
            let named = |w: &&Word| w.lossy().trim_start_matches('-').starts_with("SIG");
            if let Some(signal) = command.args().iter().take(2).find(named) {
                push(signal.span, &format!("kill {}", signal.lossy()), &[], "knows signals without `SIG` only, and sends none", "");
            }
        }
        "printf" => match command.args().first() {
            Some(first) if first.lossy() == "-v" => push(first.span, "printf -v", &["SC3045"], "refuses the option", "refuses the option"),
            Some(first) if first.lossy().contains("%q") => {
                push(first.span, "%q", &["SC3050"], "refuses the format", "refuses the format");
            }
            Some(first) if first.lossy().contains("%(") => push(first.span, "%(…)T", &[], "refuses the format", "refuses the format"),
            Some(first) if has_hex_escape(first) => push(first.span, "\\x", &[], "prints the escape as it stands", ""),
            _ => {}
        },
        "exec" => {
            if let Some(option) = command.args().first().filter(|w| w.lossy() == "-a") {
                push(option.span, "exec -a", &[], "looks for a program called `-a`", "");
            }
        }
        "builtin" => push(word.span, "builtin", &[], NOT_FOUND, NOT_FOUND),
        "export" => {
            let option = command.args().first().filter(|w| matches!(w.lossy().as_ref(), "-n" | "-f" | "-fn"));
            if let Some(option) = option {
                let value = option.lossy();
                let ash = if value.contains('f') { "ends there with \"illegal option\"" } else { "" };
                push(option.span, &format!("export {value}"), &["SC3045"], "ends there with \"Illegal option\"", ash);
            }
            if let Some(word) = command.args().iter().find(|w| appends(w)) {
                push(word.span, "+=", &["SC3024"], "ends there with \"bad variable name\"", "ends there with \"bad variable name\"");
            }
        }
        _ => {}
    }
    redirects(command, found);
    let words = command.words.iter().chain(command.assigns.iter().filter_map(|a| a.value.as_ref()));
    let targets = command.redirects.iter().filter(|r| r.heredoc.is_none()).filter_map(|r| r.target.as_ref());
    for word in words.chain(targets).filter(|w| !is_text(w)) {
        in_word(script, word, matches!(name.as_ref(), "[[" | "(("), found);
    }
}

/// How a compound command is spelled: `function f`, `for ((…))`, `select`.
pub(super) fn in_group(stack: &Stack, group: &Group, found: &mut Vec<Bashism>) {
    let source = stack.sources.slice(group.span);
    let after = |word: &str| source.strip_prefix(word).filter(|rest| rest.starts_with([' ', '\t', '(']));
    let what = match &group.kind {
        GroupKind::Function(_) if after("function").is_some() => ("function", "is read differently and ends in a syntax error", ""),
        GroupKind::For(_) if after("for").is_some_and(|rest| rest.trim_start().starts_with("((")) => ("for ((…))", SYNTAX, SYNTAX),
        GroupKind::For(_) if after("select").is_some() => ("select", SYNTAX, SYNTAX),
        // a branch that goes on with the next one
        GroupKind::Case if source.contains(";&") => (";&", SYNTAX, SYNTAX),
        _ => return,
    };
    let len = source.find([' ', '\t', '(']).unwrap_or(source.len());
    let (what, dash, ash) = what;
    found.push(Bashism { span: group.span.part(0, len), what: format!("`{what}`"), codes: &[], dash, ash });
}

/// `|&` before a command.
pub(super) fn in_pipe(stack: &Stack, command: &Command, found: &mut Vec<Bashism>) {
    if command.place.join != Join::Pipe {
        return;
    }
    let start = command.span.start as usize;
    let before = stack.sources.slice(Span::new(command.span.file, start.saturating_sub(3), start));
    let trimmed = before.trim_end();
    if trimmed.ends_with("|&") {
        let end = start - (before.len() - trimmed.len());
        let span = Span::new(command.span.file, end - 2, end);
        found.push(Bashism { span, what: "`|&`".to_owned(), codes: &[], dash: SYNTAX, ash: SYNTAX });
    }
}

/// A format with `\x41`, which dash's own printf does not know.
fn has_hex_escape(word: &Word) -> bool {
    let text = word.lossy();
    text.match_indices("\\x").any(|(at, _)| {
        let escaped = text.get(..at).is_some_and(|before| before.ends_with('\\'));
        !escaped && text.get(at + 2..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()))
    })
}

/// `NAME+=…` as an operand.
fn appends(word: &Word) -> bool {
    let value = word.lossy();
    let name = value.split_once("+=").map_or("", |(name, _)| name);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn is_plain(word: &Word) -> bool {
    word.pieces.iter().all(|p| p.quote == Quote::None && matches!(p.kind, PieceKind::Literal(_)))
}

fn redirects(command: &Command, found: &mut Vec<Bashism>) {
    for redirect in &command.redirects {
        let Some(target) = redirect.target.as_ref() else { continue };
        let value = target.lossy();
        let descriptor = value.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '$');
        if redirect.operator == ">&" && redirect.fd.is_none() && !descriptor {
            let what = format!("`>& {value}`");
            found.push(Bashism { span: redirect.span, what, codes: &["SC3021"], dash: "ends there with \"Bad fd number\"", ash: "" });
        } else if value.starts_with("/dev/tcp/") || value.starts_with("/dev/udp/") {
            let missing = "finds no such file";
            found.push(Bashism { span: target.span, what: format!("`{value}`"), codes: &["SC3025"], dash: missing, ash: missing });
        }
    }
}

/// Whether its arithmetic has `++` or `--`.
fn counts(command: &Command) -> bool {
    command.args().iter().map(Word::lossy).any(|text| text.contains("++") || text.contains("--"))
}

fn in_word(script: &Script, word: &Word, inside_test: bool, found: &mut Vec<Bashism>) {
    for (at, piece) in word.pieces.iter().enumerate() {
        let mut push = |what: String, codes: Codes, dash, ash| found.push(Bashism { span: piece.span, what, codes, dash, ash });
        match &piece.kind {
            PieceKind::Other(text) if text.starts_with("<(") || text.starts_with(">(") => {
                push("process substitution".to_owned(), &["SC3001"], SYNTAX, "");
            }
            PieceKind::Glob(text) if text.contains('(') && !inside_test => push(format!("`{text}`"), &["SC3002"], SYNTAX, SYNTAX),
            PieceKind::Glob(text) if text.starts_with("[^") && !inside_test => push(format!("`{text}`"), &["SC3026"], "", ""),
            PieceKind::Literal(_) if at == 0 && is_ansi_c(word, piece) => {
                push("`$'…'`".to_owned(), &["SC3003"], "keeps the `$` and the escapes as they are", "");
            }
            PieceKind::Arithmetic(text) if piece.span.len() == text.len() + 3 => {
                push(format!("`$[{text}]`"), &["SC3007"], "keeps it as it is", "keeps it as it is");
            }
            PieceKind::Arithmetic(text) => {
                let based =
                    text.split('#').next().is_some_and(|b| b.len() < text.len() && b.trim_end().ends_with(|c: char| c.is_ascii_digit()));
                if text.contains("++") || text.contains("--") {
                    push("`++` or `--` in arithmetic".to_owned(), &["SC3018"], SYNTAX, "");
                } else if text.contains("**") {
                    push("`**` in arithmetic".to_owned(), &["SC3019"], SYNTAX, "");
                } else if text.contains(',') && !text.contains('(') {
                    push("`,` in arithmetic".to_owned(), &[], SYNTAX, "");
                } else if based {
                    push("a number with its base".to_owned(), &["SC3052"], SYNTAX, "");
                }
            }
            PieceKind::Command { text, .. } if reads_file(text) => push("`$(< file)`".to_owned(), &["SC3034"], EMPTY, EMPTY),
            PieceKind::Param(param) => in_param(script, param, &mut push),
            _ => {}
        }
    }
}

fn is_ansi_c(word: &Word, piece: &Piece) -> bool {
    piece.quote == Quote::Single && piece.span.file == word.span.file && piece.span.start == word.span.start + 2
}

/// `< file` and nothing else.
fn reads_file(text: &str) -> bool {
    let rest = text.trim().strip_prefix('<');
    rest.is_some_and(|r| !r.starts_with(['<', '(']) && r.split_whitespace().count() == 1 && !r.contains([';', '|', '&']))
}

fn in_param(script: &Script, param: &Param, push: &mut dyn FnMut(String, Codes, &'static str, &'static str)) {
    let what = || format!("`${{{}{}}}`", param.name, param.modifier);
    match param.modifier.as_str() {
        m if m.starts_with("![") => push(what(), &["SC3055"], BAD, BAD),
        "!*" | "!@" => push(what(), &["SC3056"], BAD, BAD),
        m if m.starts_with(':')
            && m.get(1..).is_some_and(|r| r.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '$' | '('))) =>
        {
            push(what(), &["SC3057"], BAD, "");
        }
        m if m.starts_with('@') && param.braced => push(what(), &[], BAD, BAD),
        "" => {
            let ash = match param.name.as_str() {
                "RANDOM" | "HOSTNAME" | "SHLVL" => "",
                "SECONDS" | "UID" | "EUID" | "OSTYPE" | "HOSTTYPE" | "MACHTYPE" | "PIPESTATUS" | "FUNCNAME" | "BASH_SOURCE" => EMPTY,
                _ => return,
            };
            // the builder and the engine set these two themselves
            let dash = if matches!(param.name.as_str(), "HOSTNAME" | "SHLVL") { "" } else { EMPTY };
            if !sets(script, &param.name) {
                push(format!("`${}`", param.name), &["SC3028"], dash, ash);
            }
        }
        _ => {}
    }
}

fn sets(script: &Script, name: &str) -> bool {
    script
        .commands
        .iter()
        .any(|c| c.assigns.iter().any(|a| a.name == name) || c.args().iter().any(|w| assigned_name(w).as_deref() == Some(name)))
}

/// Whether a variable that only bash sets is really without a value: neither ARG nor ENV gives it one, nor the engine.
pub(crate) fn is_certain(stack: &Stack, unit: &ScriptUnit, found: &Bashism) -> bool {
    let name = found.what.trim_matches(['`', '$']);
    let run = || readings(unit, stack).into_iter().find(|r| r.is_instruction());
    if found.codes != ["SC3028"] {
        return true;
    }
    match run() {
        Some(reading) => !reading.is_declared(name),
        // a container may be given a UID, but no number that changes, and nobody compares another's UID with 0
        None => {
            let given = stack.runtimes_near(unit.span.file).any(|r| r.env(name).is_some());
            !given && (name != "UID" || is_compared_with_root(&unit.script, found.span))
        }
    }
}

fn is_compared_with_root(script: &Script, span: Span) -> bool {
    let mut commands = script.walk().map(|(_, c)| c).filter(|c| c.span.contains(span));
    commands.any(|c| matches!(c.name().as_deref(), Some("[" | "test" | "[[")) && c.args().iter().any(|w| w.lossy() == "0"))
}
