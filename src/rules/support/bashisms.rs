//! Syntax that goes beyond what every `sh` knows, and which shells know it.

use std::borrow::Cow;

use crate::source::Span;
use crate::stack::{DockerfileUnit, ImageRef, Runtime, ScriptOrigin, ScriptUnit, Stack, knowledge};
use crate::syntax::dockerfile::{Form, ItemKind, Op};
use crate::syntax::shell::{Command, Dialect, GroupKind, PieceKind, Programs, Quote, Script, Word};

/// A place where a script goes beyond POSIX.
pub(crate) struct Bashism {
    /// The word or the construct.
    pub span: Span,
    /// What it is, for a message.
    pub what: String,
    /// The ids under which ShellCheck knows it.
    pub codes: &'static [&'static str],
    /// What dash makes of it; empty where dash knows it.
    pub dash: &'static str,
    /// What busybox ash makes of it; empty where it knows it, or where that depends on how it was built.
    pub ash: &'static str,
}

/// All bashisms of a script, in order; those of scripts that it hands to `sh` included. `stack` holds the source, which alone
/// tells how a compound command was spelled.
pub(crate) fn bashisms(stack: &Stack, script: &Script) -> Vec<Bashism> {
    let mut found = Vec::new();
    let mut open = vec![(script, 0)];
    while let Some((script, depth)) = open.pop() {
        for command in &script.commands {
            in_command(command, &mut found);
            super::bashisms_rare::in_command(script, command, &mut found);
            super::bashisms_rare::in_pipe(stack, command, &mut found);
            if let Some(nested) = command.nested.as_ref().filter(|n| depth < 8 && matches!(n.by.as_str(), "sh" | "eval")) {
                open.push((&nested.script, depth + 1));
            }
        }
        for group in &script.groups {
            super::bashisms_rare::in_group(stack, group, &mut found);
            if matches!(group.kind, GroupKind::For(_)) {
                group.words.iter().for_each(|w| in_word(w, &mut found));
            }
        }
    }
    found.sort_by_key(|b| b.span);
    found.dedup_by(|a, b| a.span == b.span);
    found
}

/// The commands that one shell knows and another does not, or reads in another way.
const NAMES: Programs =
    Programs::of(&["[[", "[", "test", "echo", "set", "local", "pushd", "popd", "dirs", "shopt", "declare", "typeset", "source", "read"]);

const NOT_FOUND: &str = "knows no such command";
const NAME: &str = "takes it for the name of a command";

fn in_command(command: &Command, found: &mut Vec<Bashism>) {
    let mut push = |span: Span, what: String, codes: &'static [&'static str], dash: &'static str, ash: &'static str| {
        found.push(Bashism { span, what, codes, dash, ash });
    };
    // `/bin/echo` is a program of its own, whatever the shell
    let name = command.words.first().filter(|_| command.may_start(NAMES)).and_then(Word::literal).unwrap_or_default();
    let place = command.words.first().map_or(command.span, |w| w.span);
    let equals = || command.args().iter().find(|w| w.literal().as_deref() == Some("==") && w.pieces.iter().all(|p| p.quote == Quote::None));
    match name.as_ref() {
        "[[" if equals().is_some() => push(place, "`[[`".to_owned(), &["SC3010", "SC3014"], NOT_FOUND, ""),
        "[[" => push(place, "`[[`".to_owned(), &["SC3010"], NOT_FOUND, ""),
        "[" | "test" => {
            if let Some(word) = equals() {
                push(word.span, "`==`".to_owned(), &["SC3014"], "stops with \"unexpected operator\"", "");
            }
        }
        "echo" => {
            let first = command.args().first().map(Word::lossy);
            let flag = first.as_ref().filter(|a| a.len() > 1 && a.strip_prefix('-').is_some_and(|f| f.chars().all(|c| "neE".contains(c))));
            if let (Some(flag), Some(word)) = (flag, command.args().first()) {
                let dash = if flag.contains(['e', 'E']) { "prints the option too" } else { "" };
                push(word.span, format!("`echo {flag}`"), &["SC3037"], dash, "");
            }
        }
        "set" => {
            if let Some(word) = pipefail(command) {
                push(word.span, "`set -o pipefail`".to_owned(), &["SC3040"], "ends there with \"Illegal option\"", "");
            }
        }
        "local" => push(place, "`local`".to_owned(), &["SC3043"], "", ""),
        "pushd" | "popd" | "dirs" | "shopt" | "declare" | "typeset" => push(place, format!("`{name}`"), &["SC3044"], NOT_FOUND, NOT_FOUND),
        "source" => push(place, "`source`".to_owned(), &["SC3046"], NOT_FOUND, ""),
        "read" => {
            let word = command.args().iter().find(|w| w.lossy().strip_prefix('-').is_some_and(|f| f.contains(['a', 's', 'd', 'n', 't'])));
            if let Some(word) = word {
                let ash = if word.lossy().contains('a') { "ends there with \"illegal option\"" } else { "" };
                push(word.span, format!("`read {}`", word.lossy()), &["SC3045"], "ends there with \"Illegal option\"", ash);
            } else if let Some(word) = command.args().iter().find(|w| w.lossy().starts_with("-p")) {
                push(word.span, "`read -p`".to_owned(), &["SC3045"], "", "");
            }
        }
        _ => {}
    }
    for assign in &command.assigns {
        let appends =
            assign.value.as_ref().is_some_and(|v| v.span.start.saturating_sub(assign.span.start) as usize == assign.name.len() + 2);
        if appends {
            push(assign.span, "`+=`".to_owned(), &["SC3024"], NAME, NAME);
        }
        if assign.value.is_none() {
            push(assign.span, "an array".to_owned(), &["SC3030"], "ends there with a syntax error", "ends there with a syntax error");
        }
    }
    if let Some(word) = command.words.first()
        && let text = word.lossy()
        && text.contains('+')
        && text.split_once("+=").is_some_and(|(n, _)| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
    {
        push(word.span, "`+=`".to_owned(), &["SC3024"], NAME, NAME);
    }
    for redirect in &command.redirects {
        match redirect.operator {
            "<<<" => {
                push(redirect.span, "`<<<`".to_owned(), &["SC3011"], "ends there with a syntax error", "ends there with a syntax error")
            }
            "&>" | "&>>" => {
                let ash = if redirect.operator == "&>>" { "ends there with a syntax error" } else { "" };
                let dash = "runs the command in the background and redirects nothing";
                push(redirect.span, format!("`{}`", redirect.operator), &["SC3020"], dash, ash);
            }
            _ => {}
        }
    }
    let targets = command.redirects.iter().filter_map(|r| r.target.as_ref());
    let values = command.assigns.iter().filter_map(|a| a.value.as_ref());
    for word in command.words.iter().chain(targets).filter(|w| !is_text(w)) {
        in_word(word, found);
    }
    for word in values.filter(|w| !is_text(w)) {
        in_expansions(word, found);
    }
}

/// Nothing but text, which every shell takes as it is: nearly all words.
pub(super) fn is_text(word: &Word) -> bool {
    matches!(word.pieces.as_slice(), [piece] if piece.quote != Quote::Single && matches!(piece.kind, PieceKind::Literal(_)))
}

fn in_word(word: &Word, found: &mut Vec<Bashism>) {
    in_expansions(word, found);
    for piece in &word.pieces {
        if let PieceKind::Other(text) = &piece.kind
            && piece.quote == Quote::None
            && text.starts_with('{')
        {
            let dash = "takes it literally, braces and all";
            found.push(Bashism { span: piece.span, what: format!("`{text}`"), codes: &["SC3009"], dash, ash: dash });
        }
    }
}

fn in_expansions(word: &Word, found: &mut Vec<Bashism>) {
    const BAD: &str = "ends there with \"Bad substitution\"";
    for (param, piece) in word.params() {
        let modifier = param.modifier.as_str();
        let (codes, ash): (&'static [&'static str], _) = match modifier.as_bytes() {
            [b'[', ..] => (&["SC3054"], BAD),
            [b':', b'0'..=b'9', ..] | [b':', b' ', ..] => (&["SC3057"], ""),
            [b'/', ..] => (&["SC3060"], ""),
            [b'!', ..] => (&["SC3053"], BAD),
            [b'^' | b',', ..] => (&["SC3059"], BAD),
            _ => continue,
        };
        found.push(Bashism { span: piece.span, what: format!("`${{{}{modifier}}}`", param.name), codes, dash: BAD, ash });
    }
}

fn pipefail(command: &Command) -> Option<&Word> {
    let args = command.args();
    let at = args.iter().position(|w| w.literal().as_deref() == Some("pipefail"))?;
    let option = args.get(at.checked_sub(1)?)?.lossy();
    (option.starts_with('-') && option.ends_with('o')).then(|| args.get(at)).flatten()
}

impl Bashism {
    /// What a shell makes of it; empty where it knows it.
    pub(crate) fn fault(&self, shell: Sh) -> &'static str {
        match shell {
            Sh::Dash { pipefail: true } if self.codes == ["SC3040"] => "",
            Sh::Dash { .. } => self.dash,
            Sh::Ash => self.ash,
            Sh::Some | Sh::Other => "",
        }
    }
}

/// What is known of the shell that runs a script.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sh {
    /// dash; whether it may know `pipefail`, which Debian's does since Debian 13.
    Dash { pipefail: bool },
    /// busybox.
    Ash,
    /// Some `sh`.
    Some,
    /// One that knows all of it, or none that we know.
    Other,
}

/// The shell behind a script that is written for `sh`.
pub(crate) fn sh_of(stack: &Stack, unit: &ScriptUnit) -> Sh {
    if unit.script.dialect != Dialect::Posix {
        return Sh::Other;
    }
    match unit.origin {
        ScriptOrigin::Instruction { dockerfile, item, .. } => {
            let Some((dockerfile, instruction)) = stack.instruction(dockerfile, item) else { return Sh::Other };
            if instruction.heredocs.first().is_some_and(|h| h.content.starts_with("#!")) {
                return Sh::Other;
            }
            if told(dockerfile, item) || relinked(dockerfile, item) {
                return Sh::Other;
            }
            let Some(stage) = dockerfile.ast.stage_of(item) else { return Sh::Other };
            let shell = dockerfile.shell_at(stage, item);
            match shell.argv.first().map(|w| crate::files::file_name(w)) {
                Some("sh") => {}
                Some("dash") => return Sh::Dash { pipefail: !dockerfile.root_image(stage).is_some_and(knowledge::has_old_dash) },
                Some("ash") => return Sh::Ash,
                _ => return Sh::Other,
            }
            dockerfile.root_image(stage).map_or(Sh::Some, of_image)
        }
        ScriptOrigin::File(file) => {
            let runs = stack.runtimes.iter().filter(|r| r.processes.iter().any(|p| p.span.file == file));
            let built = stack.script_runs.iter().filter(|r| r.file == file).map(|r| match stack.dockerfiles.get(r.dockerfile) {
                Some(unit) if relinked(unit, usize::MAX) => Sh::Other,
                Some(unit) => unit.root_image(r.stage).map_or(Sh::Some, of_image),
                None => Sh::Some,
            });
            let mut shells = runs.map(|r| of_runtime(stack, r)).chain(built);
            let Some(first) = shells.next() else { return Sh::Some };
            if shells.all(|sh| sh == first) { first } else { Sh::Some }
        }
        ScriptOrigin::Compose { project, service } => stack.runtime_of((project, service)).map_or(Sh::Some, |r| of_runtime(stack, r)),
    }
}

/// The `sh` of a container.
fn of_runtime(stack: &Stack, runtime: &Runtime) -> Sh {
    match runtime.stage.and_then(|(u, s)| Some((stack.dockerfiles.get(u)?, s))) {
        Some((unit, _)) if relinked(unit, usize::MAX) => Sh::Other,
        Some((unit, stage)) => unit.root_image(stage).map_or(Sh::Some, of_image),
        None => runtime.image.as_ref().map_or(Sh::Some, of_image),
    }
}

fn of_image(image: &ImageRef) -> Sh {
    match knowledge::system_shell(image) {
        Some("dash") => Sh::Dash { pipefail: !knowledge::has_old_dash(image) },
        Some("ash") => Sh::Ash,
        Some(_) => Sh::Other,
        None => Sh::Some,
    }
}

/// `# hadolint shell=…` above says which shell it is.
fn told(unit: &DockerfileUnit, item: usize) -> bool {
    let before = unit.ast.items.get(..item).unwrap_or_default();
    before.iter().any(|i| {
        matches!(&i.kind, ItemKind::Comment(c)
        if c.value.trim_start_matches(' ').starts_with('h') && c.value.replace(' ', "").starts_with("hadolintshell="))
    })
}

/// An instruction before puts another shell in the place of `/bin/sh`.
fn relinked(unit: &DockerfileUnit, item: usize) -> bool {
    unit.ast.instructions().take_while(|(n, _)| *n < item).any(|(_, i)| match &i.op {
        Op::Run(run) => {
            let text = match &run.form {
                Form::Shell(text) => Cow::Borrowed(text.text.as_str()),
                Form::Exec(words) => Cow::Owned(words.iter().map(|w| w.value.as_str()).collect::<Vec<_>>().join(" ")),
            };
            text.contains("/bin/sh") && (text.contains("ln ") || text.contains("mv ")) || text.contains("dpkg-reconfigure dash")
        }
        _ => false,
    })
}

/// Whether ShellCheck is shown this script: a RUN in shell form.
pub(crate) fn seen_by_hadolint(stack: &Stack, unit: &ScriptUnit) -> bool {
    let ScriptOrigin::Instruction { dockerfile, item, exec: false } = unit.origin else { return false };
    stack.instruction(dockerfile, item).is_some_and(|(_, i)| match &i.op {
        Op::Onbuild(inner) => matches!(inner.op, Op::Run(_)),
        op => matches!(op, Op::Run(_)),
    })
}
