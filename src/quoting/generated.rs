//! Files that a script writes out of its own text: `printf … > file`, `echo … > file`, `cat <<EOF > file`.

use crate::source::{At, Span};
use crate::syntax::shell::{Command, Dialect, GroupKind, Piece, PieceKind, Programs, Quote, Redirect, Script, Word, escapes, text_of};
use crate::text::Text;

/// A file that a script generates. What expansions leave in it is not known: they stand in the text as written.
#[derive(Clone, Debug)]
pub struct GeneratedFile {
    /// Its path as written, expansions kept.
    pub path: String,
    /// The path's place.
    pub path_span: Span,
    /// What is written, escapes decoded; every part points at its source.
    pub text: Text,
    /// The parameters that the shell replaces while it writes the file.
    pub expanded: Vec<At<String>>,
    /// `>>` or `tee -a`: it is added to what is there.
    pub append: bool,
    /// The command that writes it.
    pub command: Span,
}

/// What prints a text of its own.
const WRITERS: Programs = Programs::of(&["printf", "echo", "cat", "tee"]);

/// The files that a script writes out of its own text, in order. What `{ …; } > file` holds becomes one file.
pub fn generated_files(script: &Script) -> Vec<GeneratedFile> {
    let mut found: Vec<GeneratedFile> = Vec::new();
    let mut grouped: Vec<(usize, usize)> = Vec::new();
    for (index, command) in script.commands.iter().enumerate() {
        if !command.may_start(WRITERS) {
            continue;
        }
        let own = tee_operand(command).or_else(|| target(&command.redirects)).or_else(|| tee(script, index));
        let group = command.place.group.filter(|_| command.place.pipe_len == 1).and_then(|at| Some((at, group_target(script, at)?)));
        let Some((word, append)) = own.or(group.map(|g| g.1)) else { continue };
        let Some((text, expanded)) = output(command, script.dialect) else { continue };
        if own.is_none()
            && let Some((at, _)) = group
        {
            if let Some(file) = grouped.iter().find(|g| g.0 == at).and_then(|g| found.get_mut(g.1)) {
                file.text.append(&text);
                file.text.span = file.text.span.to(text.span);
                file.expanded.extend(expanded);
                continue;
            }
            grouped.push((at, found.len()));
        }
        found.push(GeneratedFile { path: word.lossy().into_owned(), path_span: word.span, text, expanded, append, command: command.span });
    }
    found
}

/// The file of `> file` or `>> file`.
fn target(redirects: &[Redirect]) -> Option<(&Word, bool)> {
    let redirect = redirects
        .iter()
        .rev()
        .find(|r| matches!(r.operator, ">" | ">>" | ">|" | "&>" | "&>>") && r.fd.is_none_or(|fd| fd == 1) && r.target.is_some())?;
    Some((redirect.target.as_ref()?, redirect.operator.ends_with(">>")))
}

fn group_target(script: &Script, at: usize) -> Option<(&Word, bool)> {
    let group = script.groups.get(at)?;
    matches!(group.kind, GroupKind::Brace | GroupKind::Subshell).then(|| target(&group.redirects)).flatten()
}

/// The file of `… | tee file`.
fn tee(script: &Script, index: usize) -> Option<(&Word, bool)> {
    let place = script.commands.get(index)?.place;
    let next = script.commands.get(index + 1..)?.iter().find(|c| c.place.group == place.group)?;
    let follows = next.place.pipe_index == place.pipe_index + 1;
    tee_operand(next).filter(|_| follows)
}

/// The file that tee writes, and whether it adds to it.
fn tee_operand(command: &Command) -> Option<(&Word, bool)> {
    let seen = command.effective();
    if seen.name().as_deref() != Some("tee") {
        return None;
    }
    let file = seen.args().iter().find(|w| !w.lossy().starts_with('-'))?;
    Some((file, seen.has_flag("-a", "--append")))
}

/// What a command writes, where that stands in the script.
fn output(command: &Command, dialect: Dialect) -> Option<(Text, Vec<At<String>>)> {
    let seen = command.effective();
    let mut expanded = Vec::new();
    let text = match seen.name()?.as_ref() {
        "printf" => printf(seen.args(), &mut expanded)?,
        "echo" => echo(seen.args(), dialect, &mut expanded)?,
        "cat" | "tee" => heredoc(command, &mut expanded)?,
        _ => return None,
    };
    Some((text, expanded))
}

fn heredoc(command: &Command, expanded: &mut Vec<At<String>>) -> Option<Text> {
    let redirect = command.redirects.iter().rev().find(|r| r.heredoc.is_some() || r.operator == "<<<")?;
    match (&redirect.heredoc, &redirect.target) {
        (Some(body), _) => {
            let mut text = Text::builder(body.span);
            append(&mut text, &body.pieces, None, expanded);
            Some(text)
        }
        (None, Some(word)) => {
            let mut text = Text::builder(word.span);
            append(&mut text, &word.pieces, None, expanded);
            text.push("\n", word.span.at_end());
            Some(text)
        }
        _ => None,
    }
}

type Decode = fn(&str) -> (usize, String);

/// Appends pieces, with their backslash escapes decoded.
fn append(text: &mut Text, pieces: &[Piece], decode: Option<Decode>, expanded: &mut Vec<At<String>>) {
    let own = text_of(pieces, text.span);
    for piece in pieces {
        if let (PieceKind::Param(p), true) = (&piece.kind, piece.quote != Quote::Single) {
            expanded.push(At::new(p.name.clone(), piece.span));
        }
    }
    let Some(decode) = decode else {
        text.append(&own);
        return;
    };
    decoded(text, &own, decode);
}

fn decoded(text: &mut Text, own: &Text, decode: Decode) {
    let mut at = 0;
    while at < own.len() {
        let rest = own.get(at..).unwrap_or_default();
        let plain = rest.find('\\').unwrap_or(rest.len());
        text.append_range(own, at, at + plain);
        at += plain;
        if at < own.len() {
            let (len, value) = decode(own.get(at..).unwrap_or_default());
            let len = len.clamp(1, own.len() - at);
            text.push(&value, own.span_of(at, at + len));
            at += len;
        }
    }
}

/// `echo a b`: dash decodes escapes always, bash with `-e` only.
pub(super) fn echo(args: &[Word], dialect: Dialect, expanded: &mut Vec<At<String>>) -> Option<Text> {
    let options = args.iter().take_while(|w| {
        let value = w.lossy();
        value.len() > 1 && value.strip_prefix('-').is_some_and(|v| v.bytes().all(|b| matches!(b, b'n' | b'e' | b'E')))
    });
    let flags: String = options.clone().map(|w| w.lossy()).collect();
    let words = args.get(options.count()..)?;
    let span = words.first()?.span.to(words.last()?.span);
    let decode: Option<Decode> =
        (flags.contains('e') || dialect == Dialect::Posix && !flags.contains('E')).then_some(escapes::echo as Decode);
    let mut text = Text::builder(span);
    for (i, word) in words.iter().enumerate() {
        if i > 0 {
            text.push(" ", word.span.at_start());
        }
        append(&mut text, &word.pieces, decode, expanded);
    }
    if !flags.contains('n') {
        text.push("\n", span.at_end());
    }
    Some(text)
}

/// `printf format arguments`: the format is used again until the arguments are used up.
pub(super) fn printf(args: &[Word], expanded: &mut Vec<At<String>>) -> Option<Text> {
    let args = if args.first().is_some_and(|w| w.lossy() == "--") { args.get(1..)? } else { args };
    let format_word = args.first()?;
    let mut format = Text::builder(format_word.span);
    append(&mut format, &format_word.pieces, None, expanded);
    let mut text = Text::builder(format_word.span.to(args.last()?.span));
    let mut values = args.get(1..)?.iter();
    loop {
        let left = values.len();
        fill(&mut text, &format, &mut values, expanded);
        if values.len() == 0 || values.len() == left {
            return Some(text);
        }
    }
}

fn fill(text: &mut Text, format: &Text, values: &mut std::slice::Iter<'_, Word>, expanded: &mut Vec<At<String>>) {
    let mut at = 0;
    while at < format.len() {
        let rest = format.get(at..).unwrap_or_default();
        let plain = rest.find(['\\', '%']).unwrap_or(rest.len());
        text.append_range(format, at, at + plain);
        at += plain;
        let rest = format.get(at..).unwrap_or_default();
        if rest.starts_with('\\') {
            let (len, value) = escapes::printf(rest);
            let len = len.clamp(1, rest.len());
            text.push(&value, format.span_of(at, at + len));
            at += len;
        } else if rest.starts_with("%%") {
            text.push("%", format.span_of(at, at + 2));
            at += 2;
        } else if !rest.is_empty() {
            let Some(kind) = rest.get(1..).and_then(|r| r.find(|c: char| c.is_ascii_alphabetic())) else {
                text.append_range(format, at, format.len());
                return;
            };
            let decode: Option<Decode> = (rest.as_bytes().get(kind + 1) == Some(&b'b')).then_some(escapes::echo as Decode);
            if let Some(value) = values.next() {
                append(text, &value.pieces, decode, expanded);
            }
            at += kind + 2;
        }
    }
}
