//! Command lines that run something else: a script file, a script in a word, a script of package.json.

use crate::files;
use crate::syntax::shell::{self, Command, Dialect, Word};
use crate::text::Text;

use super::runtime::Arg;

pub(super) fn is_shell(name: &str) -> bool {
    matches!(name, "sh" | "bash" | "dash" | "ash" | "zsh" | "ksh" | "mksh" | "." | "source")
}

pub(super) fn passes_arguments_on(words: &[&Word]) -> bool {
    let [word] = words else { return false };
    word.pieces.len() == 1 && word.params().any(|(p, _)| matches!(p.name.as_str(), "@" | "*"))
}

/// The path of the script that a command runs, if it runs one.
pub(super) fn script_operand(name: &str, argv: &[Arg]) -> Option<String> {
    if is_shell(name) {
        let operand = argv.iter().skip(1).find(|a| !a.value.starts_with('-') && !a.value.starts_with('+'))?;
        return operand.known.then(|| operand.value.clone());
    }
    let first = argv.first()?;
    let looks = first.value.contains('/') || first.value.ends_with(".sh") || name.contains("entrypoint") || !name.contains('.');
    (first.known && looks).then(|| first.value.clone())
}

/// The arguments that a script is started with; none where one of them is not known. Those that are the caller's own keep their
/// places.
pub(super) fn after_script(argv: &[Arg], path: &str, callers: &[Text]) -> Vec<Text> {
    let from = argv.iter().position(|a| a.value == path).map_or(argv.len(), |n| n + 1);
    let after = argv.get(from..).unwrap_or_default();
    if after.iter().any(|a| !a.known) {
        return Vec::new();
    }
    let own = after.iter().rev().zip(callers.iter().rev()).take_while(|(a, c)| a.value == c.value).count();
    let (new, kept) = after.split_at(after.len() - own);
    let new = new.iter().map(|a| Text::verbatim(a.value.clone(), a.span));
    new.chain(kept.iter().rev().zip(callers.iter().rev()).map(|(_, c)| c.clone()).collect::<Vec<_>>().into_iter().rev()).collect()
}

/// The script that a command hands to a shell in one of its words.
pub(super) fn handed_text(command: &Command) -> Option<Text> {
    let shell::HandedText::Word(at) = shell::handed(&command.words, Dialect::Posix)?.text else { return None };
    let word = command.words.get(at)?;
    let mut text = Text::builder(word.span);
    for piece in &word.pieces {
        text.push(piece.literal()?, piece.span);
    }
    Some(text)
}

/// `$1`, `$2` … of a script that a command hands to a shell; none where one of them is not known.
pub(super) fn handed_arguments(command: &Command) -> Vec<Text> {
    let arguments = shell::handed(&command.words, Dialect::Posix).map(|h| h.arguments).unwrap_or_default();
    let words = command.words.get(arguments).unwrap_or_default().iter().skip(1);
    words.map(|w| Some(Text::verbatim(w.literal()?.into_owned(), w.span))).collect::<Option<_>>().unwrap_or_default()
}

pub(super) fn shebang(text: &str) -> Option<String> {
    let line = text.trim_start_matches('\u{feff}').lines().next()?.strip_prefix("#!")?;
    let mut words = line.split_whitespace();
    let first = files::file_name(words.next()?);
    let program = if first == "env" { words.find(|w| !w.starts_with('-'))? } else { first };
    Some(files::file_name(program).to_owned())
}

/// The language of a script file; `None` where it is no shell script.
pub(super) fn script_dialect(text: &str, run_by: &str) -> Option<Dialect> {
    let by_shebang = match shebang(text).as_deref() {
        Some("bash") => Some(Dialect::Bash),
        Some("sh" | "dash" | "ash") => Some(Dialect::Posix),
        Some("zsh" | "ksh" | "mksh") => Some(Dialect::Other),
        Some(_) => None,
        None => return if is_shell(run_by) { Some(if run_by == "bash" { Dialect::Bash } else { Dialect::Posix }) } else { None },
    };
    match run_by {
        "bash" => Some(Dialect::Bash),
        "sh" | "dash" | "ash" => Some(Dialect::Posix),
        _ => by_shebang,
    }
}

/// The package.json script that `npm start`, `yarn dev`, `pnpm run build` run, and the words that are handed on to it:
/// for npm those after `--`, for the others all that follow.
pub(super) fn package_script(name: &str, argv: &[Arg]) -> Option<(String, Vec<Arg>)> {
    let script = package_script_name(name, argv)?;
    let at = argv.iter().position(|a| a.value == script)?;
    let rest = argv.get(at + 1..).unwrap_or_default();
    let rest = match (name, rest.iter().position(|a| a.value == "--")) {
        (_, Some(dashes)) => rest.get(dashes + 1..).unwrap_or_default(),
        ("npm", None) => &[],
        (_, None) => rest,
    };
    Some((script, rest.to_vec()))
}

pub(super) fn package_script_name(name: &str, argv: &[Arg]) -> Option<String> {
    let operands: Vec<&str> = argv.iter().skip(1).map(|a| a.value.as_str()).filter(|a| !a.starts_with('-')).collect();
    match (name, operands.as_slice()) {
        ("npm" | "pnpm" | "yarn" | "bun", ["run" | "run-script", script, ..]) => Some((*script).to_owned()),
        ("npm" | "pnpm" | "yarn", ["start", ..]) => Some("start".to_owned()),
        ("npm" | "pnpm" | "yarn", ["test", ..]) => Some("test".to_owned()),
        ("yarn" | "pnpm", [script, ..]) if !matches!(*script, "install" | "add" | "exec" | "dlx") => Some((*script).to_owned()),
        _ => None,
    }
}

pub(super) fn runs_init(effective: &shell::Effective<'_>) -> bool {
    effective.through().iter().any(|w| matches!(w.as_ref(), "tini" | "dumb-init" | "docker-init" | "catatonit" | "s6-svscan" | "my_init"))
}

/// The files that a command's standard output is sent to.
pub(super) fn outputs(command: &Command) -> Vec<&Word> {
    let to_file = |r: &&shell::Redirect| matches!(r.operator, ">" | ">>" | ">|" | "&>" | "&>>") && r.fd.is_none_or(|fd| fd == 1);
    command.redirects.iter().filter(to_file).filter_map(|r| r.target.as_ref()).collect()
}
