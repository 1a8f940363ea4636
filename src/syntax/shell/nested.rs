//! Scripts that a command hands to another shell.

use std::ops::Range;

use super::lower::parse_nested;
use super::model::{Command, Dialect, MAX_NESTING, Nested, Piece, PieceKind, Quote, Word, base_name};
use super::wrappers::{Effective, effective};
use crate::source::{At, Span};
use crate::text::Text;

/// The script that a command runs through a shell of its own.
pub(super) fn of(command: &Command, dialect: Dialect, nesting: usize) -> Option<Box<Nested>> {
    if nesting >= MAX_NESTING || dialect == Dialect::Windows {
        return None;
    }
    let handed = handed_by(&command.words, &command.effective(), dialect).filter(|h| h.when == When::Now)?;
    read(command, handed, nesting)
}

/// `cat <<EOF | sh`, `echo "…" | sh`: the script that a shell reads out of the pipe before it.
pub(super) fn piped(before: &Command, command: &Command, dialect: Dialect, nesting: usize) -> Option<Box<Nested>> {
    if nesting >= MAX_NESTING
        || dialect == Dialect::Windows
        || command.redirects.iter().any(|r| r.heredoc.is_some() || r.operator.starts_with('<'))
    {
        return None;
    }
    let handed = handed_by(&command.words, &command.effective(), dialect);
    let handed = handed.filter(|h| h.when == When::Now && h.text == HandedText::Input)?;
    let (text, outside) = match before.name()?.as_ref() {
        "cat" if before.args().is_empty() => heredoc(before)?,
        "echo" if !before.args().iter().any(|w| w.lossy().contains('\\') || w.lossy().starts_with('-')) => joined(before.args())?,
        _ => return None,
    };
    let span = text.span;
    Some(Box::new(Nested { by: handed.by, script: parse_nested(&text, handed.dialect, nesting + 1), span, expanded_outside: outside }))
}

/// The script that `ssh` hands to a shell on another machine; only asked for what this one makes of it.
pub fn elsewhere(command: &Command) -> Option<Box<Nested>> {
    let handed = handed_by(&command.words, &command.effective(), Dialect::Posix).filter(|h| h.when == When::Elsewhere)?;
    read(command, handed, 0)
}

fn read(command: &Command, handed: Handed, nesting: usize) -> Option<Box<Nested>> {
    let (text, outside) = match &handed.text {
        HandedText::Word(at) => held(command.words.get(*at)?),
        HandedText::Words(range) => joined(command.words.get(range.clone())?)?,
        HandedText::Input => heredoc(command)?,
    };
    let span = text.span;
    Some(Box::new(Nested { by: handed.by, script: parse_nested(&text, handed.dialect, nesting + 1), span, expanded_outside: outside }))
}

/// What a command's words hand to a shell of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// The program that runs it: `sh`, `bash`, `eval`, `su`, `trap`, `ssh` …
    pub by: String,
    /// The language.
    pub dialect: Dialect,
    /// Where the script stands.
    pub text: HandedText,
    /// The words that the script gets as `$0`, `$1` ….
    pub arguments: Range<usize>,
    /// When and where it runs.
    pub when: When,
}

/// Where a handed script stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedText {
    /// In this word.
    Word(usize),
    /// In these words, joined by blanks.
    Words(Range<usize>),
    /// In the command's input.
    Input,
}

/// When and where a handed script runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Here, as the command.
    Now,
    /// Later, in the same shell: `trap`.
    Later,
    /// On another machine: `ssh`.
    Elsewhere,
}

/// Which of a command's words a shell gets as its script, seen through wrappers.
pub fn handed(words: &[Word], dialect: Dialect) -> Option<Handed> {
    handed_by(words, &effective(words), dialect)
}

/// Whether a program may run a script that it is handed; `false` is certain for one that is called without wrappers.
pub fn may_hand_on(name: &str) -> bool {
    matches!(name, "find" | "eval" | "trap" | "ssh" | "su" | "runuser") || shell(name).is_some()
}

fn handed_by(words: &[Word], seen: &Effective<'_>, dialect: Dialect) -> Option<Handed> {
    if seen.words.len() == words.len() && !may_hand_on(&seen.name()?) {
        return None;
    }
    let mut from = words.len() - seen.words.len();
    let mut inner = seen.words;
    if seen.name()? == "find" {
        let at = inner.iter().position(|w| w.literal().is_some_and(|v| matches!(v.as_ref(), "-exec" | "-execdir" | "-ok")))? + 1;
        inner = inner.get(at..)?;
        from += at;
    }
    let by = base_name(inner.first()?)?;
    let args = inner.get(1..)?;
    let found = |text, arguments, dialect, when| Some(Handed { by: by.clone().into_owned(), dialect, text, arguments, when });
    let (first, end) = (from + 1, words.len());
    match by.as_ref() {
        "-c" | "--command" if seen.through().last().is_some_and(|w| w == "flock") => Some(Handed {
            by: "sh".to_owned(),
            dialect: Dialect::Posix,
            text: HandedText::Word(first),
            arguments: end..end,
            when: When::Now,
        }),
        "eval" if !args.is_empty() => found(HandedText::Words(first..end), end..end, dialect, When::Now),
        "trap" => {
            let at = first + usize::from(args.first().is_some_and(|w| w.literal().is_some_and(|v| v == "--")));
            let text = words.get(at)?.literal();
            let handles = at + 1 < end && text.as_deref().is_none_or(|t| !t.is_empty() && !t.starts_with('-'));
            if handles { found(HandedText::Word(at), end..end, dialect, When::Later) } else { None }
        }
        "ssh" => {
            let operands = super::command::operands(args, SSH_VALUES);
            let (_, rest) = operands.split_first()?;
            let text = match rest.first() {
                // everything from the first word of the command on is its text
                Some(word) => HandedText::Words(words.iter().position(|w| std::ptr::eq(w, *word))?..end),
                None => HandedText::Input,
            };
            found(text, end..end, Dialect::Posix, When::Elsewhere)
        }
        "su" | "runuser" => {
            let text = su_operand(args).map_or(HandedText::Input, |at| HandedText::Word(first + at));
            found(text, end..end, Dialect::Posix, When::Now)
        }
        name => {
            let dialect = shell(name)?;
            let (at, operand) = shell_operand(args);
            let at = first + at;
            match operand {
                Operand::Script => found(HandedText::Word(at), at + 1..end, dialect, When::Now),
                Operand::Input => found(HandedText::Input, at..end, dialect, When::Now),
                Operand::File => None,
            }
        }
    }
}

const SSH_VALUES: &[&str] =
    &["-b", "-B", "-c", "-D", "-E", "-e", "-F", "-I", "-i", "-J", "-L", "-l", "-m", "-O", "-o", "-p", "-Q", "-R", "-S", "-W", "-w"];

/// The dialect of a shell's name; `None` for what is no shell.
pub fn shell(name: &str) -> Option<Dialect> {
    match name {
        "sh" | "dash" | "ash" => Some(Dialect::Posix),
        "bash" | "rbash" => Some(Dialect::Bash),
        "zsh" | "ksh" | "ksh93" | "mksh" => Some(Dialect::Other),
        _ => None,
    }
}

enum Operand {
    /// The word after `-c`.
    Script,
    /// A script file.
    File,
    /// Neither: the shell reads its standard input.
    Input,
}

/// What a shell's first operand is, and its place among the shell's words.
fn shell_operand(args: &[Word]) -> (usize, Operand) {
    let (mut at, mut script, mut input) = (0, false, false);
    while let Some(word) = args.get(at) {
        let value = word.literal();
        match value.as_deref() {
            Some("--" | "-") => {
                at += 1;
                break;
            }
            Some("--rcfile" | "--init-file") => at += 2,
            Some(v) if v.starts_with("--") => at += 1,
            Some(v) if v.len() > 1 && v.starts_with(['-', '+']) => {
                script |= v.starts_with('-') && v.contains('c');
                input |= v.starts_with('-') && v.contains('s');
                at += 1 + usize::from(v.ends_with(['o', 'O']));
            }
            _ => break,
        }
    }
    let operand = match (args.get(at), script) {
        (Some(_), true) => Operand::Script,
        (Some(_), false) if !input => Operand::File,
        (None, true) => Operand::File,
        _ => Operand::Input,
    };
    (at, operand)
}

fn su_operand(args: &[Word]) -> Option<usize> {
    let at = args
        .iter()
        .position(|w| w.literal().is_some_and(|v| v == "--command" || v.starts_with('-') && !v.starts_with("--") && v.ends_with('c')))?;
    (at + 1 < args.len()).then_some(at + 1)
}

/// A word as text for the next shell, and the parameters that this one expands in it.
fn held(word: &Word) -> (Text, Vec<At<String>>) {
    let mut outside = Vec::new();
    params(&word.pieces, &mut outside);
    (word.text(), outside)
}

fn joined(words: &[Word]) -> Option<(Text, Vec<At<String>>)> {
    let span = words.first()?.span.to(words.last()?.span);
    let (mut text, mut outside) = (Text::builder(span), Vec::new());
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            text.push(" ", word.span.at_start());
        }
        push(&mut text, &word.pieces);
        params(&word.pieces, &mut outside);
    }
    Some((text, outside))
}

/// The heredoc or here-string that a shell without operands reads.
fn heredoc(command: &Command) -> Option<(Text, Vec<At<String>>)> {
    let redirect = command.redirects.iter().rev().find(|r| r.heredoc.is_some() || r.operator == "<<<")?;
    let Some(body) = &redirect.heredoc else {
        return redirect.target.as_ref().map(held);
    };
    let (mut text, mut outside) = (Text::builder(body.span), Vec::new());
    push(&mut text, &body.pieces);
    params(&body.pieces, &mut outside);
    Some((text, outside))
}

fn params(pieces: &[Piece], outside: &mut Vec<At<String>>) {
    for piece in pieces.iter().filter(|p| p.quote != Quote::Single) {
        if let PieceKind::Param(param) = &piece.kind {
            outside.push(At::new(param.name.clone(), piece.span));
            outside.extend(piece.inner_names());
        }
    }
}

impl Piece {
    /// The names that the word inside an expansion expands: `b` and `c` of `${a:-$b/${c}}`.
    pub fn inner_names(&self) -> Vec<At<String>> {
        let PieceKind::Param(param) = &self.kind else { return Vec::new() };
        if !param.modifier.contains('$') {
            return Vec::new();
        }
        let written = as_written(self);
        let from = written.len().saturating_sub(param.modifier.len() + 1);
        let mut text = Text::builder(self.span);
        text.push(&written, self.span);
        let mut found = Vec::new();
        for (at, _) in written.match_indices('$').filter(|(at, _)| *at >= from) {
            let rest = written.get(at + 1..).unwrap_or_default();
            let name = rest.strip_prefix('{').unwrap_or(rest);
            let len = name.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
            let escaped = at > 0 && written.as_bytes().get(at - 1) == Some(&b'\\');
            if let Some(name) = name.get(..len).filter(|n| !n.is_empty() && !escaped) {
                let end = at + 1 + len + 2 * usize::from(rest.starts_with('{'));
                found.push(At::new(name.to_owned(), text.span_of(at, end.min(written.len()))));
            }
        }
        found
    }
}

/// What pieces hand on, expansions as written; every part points at its source.
pub fn text_of(pieces: &[Piece], span: Span) -> Text {
    let mut text = Text::builder(span);
    push(&mut text, pieces);
    text
}

/// Appends pieces to a text, expansions as written.
pub(super) fn push(text: &mut Text, pieces: &[Piece]) {
    for piece in pieces {
        match &piece.kind {
            PieceKind::Literal(value) | PieceKind::Glob(value) | PieceKind::Other(value) => text.push(value, piece.span),
            _ => text.push(&as_written(piece), piece.span),
        }
    }
}

fn as_written(piece: &Piece) -> String {
    match &piece.kind {
        PieceKind::Command { backquotes: true, text } => format!("`{text}`"),
        PieceKind::Param(p) if p.braced && p.modifier.starts_with(['#', '!']) && !matches!(p.modifier.as_str(), "#" | "##") => {
            let (prefix, rest) = p.modifier.split_at_checked(1).unwrap_or_default();
            format!("${{{prefix}{}{rest}}}", p.name)
        }
        _ => {
            let mut text = String::new();
            piece.push_lossy(&mut text);
            text
        }
    }
}

impl Word {
    /// What the word hands on, expansions as written; every part points at its source.
    pub fn text(&self) -> Text {
        text_of(&self.pieces, self.span)
    }

    /// The span of the text that quotes around the whole word enclose; the word's own where there are none.
    pub fn inner_span(&self) -> Span {
        match (self.pieces.first(), self.pieces.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => self.span,
        }
    }
}
