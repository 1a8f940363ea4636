use crate::diagnostic::Applicability;
use crate::quoting::{stays_one_word, visit_shapes};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::packages;
use crate::rules::support::shell_scripts::{Reading, readings, split_words};
use crate::stack::ScriptUnit;
use crate::syntax::shell::{Command, GroupKind, Param, Piece, PieceKind, Quote};

rule!(UnquotedVariable, "shell/unquoted-variable");

impl Rule for UnquotedVariable {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        for reading in readings(unit, cx.stack) {
            let mut found: Vec<(Piece, bool, bool)> = Vec::new();
            let declared = |name: &str| reading.is_declared(name);
            visit_shapes(reading.script, &declared, &mut |command, shapes| {
                for word in split_words(command, reading.script.dialect) {
                    for (param, piece) in word.params() {
                        if piece.quote == Quote::None && splits(param) && !stays_one_word(piece, shapes, &declared) {
                            found.push((piece.clone(), is_default(command, param), may_be_list(&reading, command, param)));
                        }
                    }
                }
            });
            in_loop_patterns(&reading, cx);
            for (piece, default, list) in found {
                let PieceKind::Param(param) = &piece.kind else { continue };
                let text = cx.text(piece.span);
                let message = format!("the shell splits `${}` at blanks and matches it against file names", param.name);
                let report = if default {
                    reading.report_as(cx, piece.span, message, &["SC2223"])
                } else {
                    reading.report_as(cx, piece.span, message, &["SC2086"])
                };
                let report = report.help("put it in double quotes, unless several words are meant");
                if reading.takes_quotes() && !list && !text.contains(['"', '\n', '\r']) {
                    report.fix("quote it", Applicability::Unsafe, vec![replace(piece.span, format!("\"{text}\""))]);
                }
            }
        }
    }
}

/// `for f in $dir/*.txt`: the folder is split, too.
fn in_loop_patterns(reading: &Reading<'_>, cx: &mut Cx<'_>) {
    let loops = reading.script.groups.iter().filter(|g| matches!(g.kind, GroupKind::For(_)));
    for word in loops.flat_map(|g| &g.words) {
        let is_pattern = word.pieces.iter().any(|p| p.quote == Quote::None && matches!(p.kind, PieceKind::Glob(_)));
        for (param, piece) in word.params().filter(|(p, piece)| is_pattern && piece.quote == Quote::None && !reading.is_declared(&p.name)) {
            let message = format!("the shell splits `${}` at blanks before it matches the pattern", param.name);
            let report = reading.report_as(cx, piece.span, message, &["SC2231"]);
            report.help("put it, and not the pattern, in double quotes");
        }
    }
}

/// Whether an expansion can become several words; `$@` does so by design.
fn splits(param: &Param) -> bool {
    let array = param.modifier.starts_with("[@]") || param.modifier.starts_with("[*]");
    let alternative = param.modifier.starts_with('+') || param.modifier.starts_with(":+");
    !matches!(param.name.as_str(), "@" | "*") && !array && !alternative && !param.modifier.starts_with('@')
}

/// `: ${name:=value}`.
fn is_default(command: &Command, param: &Param) -> bool {
    command.name().as_deref() == Some(":") && (param.modifier.starts_with('=') || param.modifier.starts_with(":="))
}

/// Whether several words may well be meant: packages to install, a command to run, a value that is written with blanks.
fn may_be_list(reading: &Reading<'_>, command: &Command, param: &Param) -> bool {
    const LISTS: [&str; 12] =
        ["deps", "pkg", "packages", "args", "arguments", "opts", "options", "flags", "list", "cmd", "command", "params"];
    let name = param.name.to_lowercase();
    let runs = matches!(
        command.name().as_deref(),
        Some("exec" | "eval" | "env" | "sudo" | "command" | "time" | "set" | "gosu" | "su-exec" | "apt-mark")
    );
    let written = reading.script.commands.iter().flat_map(|c| &c.assigns).filter(|a| a.name == param.name).filter_map(|a| a.value.as_ref());
    let blanks = |kind: &PieceKind| matches!(kind, PieceKind::Literal(text) if text.contains(char::is_whitespace));
    runs || packages::system(command).is_some()
        || LISTS.iter().any(|l| name.contains(l))
        || written.flat_map(|w| &w.pieces).any(|p| blanks(&p.kind))
}
