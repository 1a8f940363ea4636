//! Scripts that a command hands to another shell.

use super::lower::parse_nested;
use super::model::{Command, Dialect, MAX_NESTING, Nested, Piece, PieceKind, Quote, Word, base_name};
use crate::source::{At, Span};
use crate::text::Text;

/// The script that a command runs through a shell of its own.
pub(super) fn of(command: &Command, dialect: Dialect, nesting: usize) -> Option<Box<Nested>> {
    if nesting >= MAX_NESTING || dialect == Dialect::Windows {
        return None;
    }
    let seen = command.effective();
    let mut words = seen.words;
    if seen.name()? == "find" {
        let at = words.iter().position(|w| w.literal().is_some_and(|v| matches!(v.as_ref(), "-exec" | "-execdir" | "-ok")))?;
        words = words.get(at + 1..)?;
    }
    let by = base_name(words.first()?)?;
    let inner = match by.as_ref() {
        "eval" => dialect,
        "su" | "runuser" => Dialect::Posix,
        name => shell(name)?,
    };
    let args = words.get(1..)?;
    let (text, outside) = match by.as_ref() {
        "eval" => joined(args)?,
        "su" | "runuser" => held(su_operand(args)?),
        _ => match shell_operand(args) {
            Operand::Script(word) => held(word),
            Operand::Input => heredoc(command)?,
            Operand::File => return None,
        },
    };
    let span = text.span;
    Some(Box::new(Nested { by: by.into_owned(), script: parse_nested(&text, inner, nesting + 1), span, expanded_outside: outside }))
}

/// The dialect of a shell's name; `None` for what is no shell.
pub fn shell(name: &str) -> Option<Dialect> {
    match name {
        "sh" | "dash" | "ash" => Some(Dialect::Posix),
        "bash" | "rbash" => Some(Dialect::Bash),
        "zsh" | "ksh" | "ksh93" | "mksh" => Some(Dialect::Other),
        _ => None,
    }
}

enum Operand<'a> {
    /// The word after `-c`.
    Script(&'a Word),
    /// A script file.
    File,
    /// Neither: the shell reads its standard input.
    Input,
}

fn shell_operand(args: &[Word]) -> Operand<'_> {
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
    match (args.get(at), script) {
        (Some(word), true) => Operand::Script(word),
        (Some(_), false) if !input => Operand::File,
        (None, true) => Operand::File,
        _ => Operand::Input,
    }
}

fn su_operand(args: &[Word]) -> Option<&Word> {
    let at = args
        .iter()
        .position(|w| w.literal().is_some_and(|v| v == "--command" || v.starts_with('-') && !v.starts_with("--") && v.ends_with('c')))?;
    args.get(at + 1)
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
        let mut text = Text::builder(self.span);
        push(&mut text, &self.pieces);
        text
    }

    /// The span of the text that quotes around the whole word enclose; the word's own where there are none.
    pub fn inner_span(&self) -> Span {
        match (self.pieces.first(), self.pieces.last()) {
            (Some(first), Some(last)) => first.span.to(last.span),
            _ => self.span,
        }
    }
}
