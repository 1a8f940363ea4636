//! What stands inside one logical line: keyword, flags, words. Everything here works on ranges of the joined line.

use std::ops::Range;

use nom::bytes::complete::{take_till, take_while, take_while1};
use nom::character::complete::char;
use nom::sequence::terminated;
use nom::{IResult, Offset, Parser};

use super::ast::Flag;
use super::lines::Logical;
use crate::source::At;
use crate::text::Text;

/// Blanks between the parts of an instruction; other Unicode blanks do not split.
fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\x0b' | '\x0c' | '\r' | ' ')
}

fn word(input: &str) -> IResult<&str, &str> {
    take_while1(|c| !is_blank(c))(input)
}

fn blanks(input: &str) -> IResult<&str, &str> {
    take_while(is_blank)(input)
}

/// The line's own text within a range, without blanks at both ends.
pub(super) fn trimmed(line: &Logical<'_>, range: Range<usize>) -> Range<usize> {
    let text = line.slice(range.clone());
    let start = range.end - text.trim_start().len();
    start..start + text.trim().len()
}

/// The keyword's word, and the start of what follows it.
pub(super) fn keyword(line: &Logical<'_>, range: Range<usize>) -> (Range<usize>, usize) {
    let range = trimmed(line, range);
    let input = line.slice(range.clone());
    match (word, blanks).parse(input) {
        Ok((rest, (word, _))) => (range.start..range.start + word.len(), range.end - rest.len()),
        Err(_) => (range.start..range.start, range.start),
    }
}

/// Words separated by blanks, with no quoting.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_blank).filter(|word| !word.is_empty())
}

/// Where the words of a range stand; see [`split`].
pub(super) fn words(line: &Logical<'_>, range: Range<usize>) -> Vec<Range<usize>> {
    let text = line.slice(range.clone());
    let place = |word: &str| {
        let start = range.start + text.offset(word);
        start..start + word.len()
    };
    split(text).map(place).collect()
}

/// The length of the word that a text starts with, in which quotes and the escape hide blanks; both stay in it.
fn quoted_word(text: &str, escape: char) -> usize {
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match quote {
            Some('\'') => quote = quote.filter(|_| c != '\''),
            _ if c == escape => {
                chars.next();
            }
            Some(_) => quote = quote.filter(|_| c != '"'),
            None if matches!(c, '\'' | '"') => quote = Some(c),
            None if c.is_whitespace() => return at,
            None => {}
        }
    }
    text.len()
}

/// Words in which quotes and escapes hide blanks, as ENV, LABEL and ARG have them. An escape that ends the line is dropped.
pub(super) fn quoted_words(line: &Logical<'_>, range: Range<usize>, escape: char) -> Vec<Range<usize>> {
    let mut rest = line.slice(range.clone()).trim_start();
    let mut out = Vec::new();
    while let Some((word, after)) = rest.split_at_checked(quoted_word(rest, escape)).filter(|(word, _)| !word.is_empty()) {
        let start = range.end - rest.len();
        let end = start + word.len();
        let end = if after.is_empty() && ends_in_escape(word, escape) { end - escape.len_utf8() } else { end };
        if start < end {
            out.push(start..end);
        }
        rest = after.trim_start();
    }
    out
}

/// Whether a word's last character is an escape that escapes nothing.
fn ends_in_escape(word: &str, escape: char) -> bool {
    let mut single = false;
    let mut double = false;
    let mut chars = word.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            c if c == escape && !single && chars.next().is_none() => return true,
            _ => {}
        }
    }
    false
}

/// `KEY=value`: the key, and the value if there is a `=`.
pub(super) fn key_value(line: &Logical<'_>, word: Range<usize>) -> (Range<usize>, Option<Range<usize>>) {
    match terminated(take_till::<_, &str, nom::error::Error<&str>>(|c| c == '='), char('=')).parse(line.slice(word.clone())) {
        Ok((value, key)) => (word.start..word.start + key.len(), Some(word.end - value.len()..word.end)),
        Err(_) => (word, None),
    }
}

/// `key value` of the legacy form: the key, and all that follows the blanks behind it.
pub(super) fn legacy_pair(line: &Logical<'_>, range: Range<usize>) -> (Range<usize>, Option<Range<usize>>) {
    match (word, take_while1::<_, &str, nom::error::Error<&str>>(is_blank)).parse(line.slice(range.clone())) {
        Ok((value, (key, _))) => (range.start..range.start + key.len(), Some(range.end - value.len()..range.end)),
        Err(_) => (range, None),
    }
}

/// The flags at the start of a range, and the trimmed range behind them.
pub(super) fn flags(line: &Logical<'_>, range: Range<usize>, escape: char) -> (Vec<Flag>, Range<usize>) {
    let mut flags = Vec::new();
    let mut at = range.start;
    loop {
        let rest = line.slice(at..range.end);
        let start = range.end - rest.trim_start_matches(latin_blank).len();
        if !line.slice(start..range.end).starts_with("--") {
            return (flags, trimmed(line, start..range.end));
        }
        let (text, end) = flag_text(line, start..range.end, escape);
        at = end;
        if text.value == "--" {
            return (flags, trimmed(line, end..range.end));
        }
        flags.push(flag(text));
    }
}

fn latin_blank(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0b' | '\x0c' | '\r' | ' ')
}

/// One flag, quotes and escapes taken out. The builder reads flags byte by byte, so that a character beyond ASCII
/// becomes one character a byte, and the bytes 0x85 and 0xA0 end the flag.
fn flag_text(line: &Logical<'_>, range: Range<usize>, escape: char) -> (Text, usize) {
    let input = line.slice(range.clone());
    let plain = |c: char| c.is_ascii() && !latin_blank(c) && c != '\'' && c != '"' && c != escape;
    let len = input.find(|c| !plain(c)).unwrap_or(input.len());
    let mut end = range.start + len;
    if input.get(len..).is_none_or(|rest| rest.is_empty() || rest.starts_with(latin_blank)) {
        return (line.text(range.start..end), end);
    }
    let mut parts: Vec<(String, Range<usize>)> = vec![(input.get(..len).unwrap_or_default().to_owned(), range.start..end)];
    let mut quote: Option<char> = None;
    let mut chars = input.get(len..).unwrap_or_default().chars();
    while let Some(c) = chars.next() {
        let at = end;
        end += c.len_utf8();
        let taken = match (quote, c) {
            (None, c) if latin_blank(c) => {
                end = at;
                break;
            }
            (None, '\'' | '"') => {
                quote = Some(c);
                continue;
            }
            (Some(q), c) if c == q => {
                quote = None;
                continue;
            }
            (_, c) if c == escape => match chars.next() {
                Some(c) => {
                    end += c.len_utf8();
                    c
                }
                None => break,
            },
            (_, c) => c,
        };
        if taken.is_ascii() {
            parts.push((taken.to_string(), at..end));
            continue;
        }
        let mut bytes = [0; 4];
        let decoded: Vec<char> = taken.encode_utf8(&mut bytes).bytes().map(char::from).collect();
        let cut = decoded.iter().position(|&b| quote.is_none() && matches!(b, '\u{85}' | '\u{a0}'));
        parts.push((decoded.iter().take(cut.unwrap_or(decoded.len())).collect(), at..end));
        if cut.is_some() {
            break;
        }
    }
    let mut text = Text::builder(line.span(range.start..end));
    for (part, at) in &parts {
        line.push(&mut text, part, at.clone());
    }
    (text, end)
}

fn flag(text: Text) -> Flag {
    let body = text.value.strip_prefix("--").unwrap_or(&text.value);
    let start = text.value.offset(body);
    let (name, value) = match body.split_once('=') {
        Some((name, value)) => (name, Some(text.value.offset(value))),
        None => (body, None),
    };
    Flag {
        span: text.span,
        name: At::new(name.to_owned(), text.span_of(start, start + name.len())),
        value: value.map(|at| text.part(at, text.value.len())),
    }
}
