//! What a YAML error means to the person who wrote the line, and which line to leave out.

use std::ops::Range;

use granit_parser::ErrorKind;

use super::span_at;
use crate::source::SourceFile;
use crate::syntax::{SyntaxError, SyntaxErrorKind};

pub(super) struct Fault {
    pub(super) error: SyntaxError,
    /// What to change before the next attempt.
    pub(super) repair: Repair,
}

pub(super) enum Repair {
    /// Leave this line out.
    Blank(Range<usize>),
    /// Read the character at this byte as an ordinary one.
    Mask(usize),
    /// Read tabs at the start of lines as blanks.
    Tabs,
    /// There is no use in trying again.
    Stop,
}

/// Explains an error that the parser met at byte `at` of `text` (the file without its byte order mark).
pub(super) fn fault(file: &SourceFile, text: &str, bom: usize, at: usize, kind: &ErrorKind) -> Fault {
    let here = non_blank_line(text, at);
    let repair = repair(text, at, &here, kind);
    let (line, place, message, help) = match kind {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent | ErrorKind::DocumentIndicatorInQuotedScalar => {
            let line = quote_line(text, at, &['"', '\'']).unwrap_or(here.clone());
            let place = quote_place(text, &line);
            (line, place, "this quote is never closed".to_owned(), Some("close it on the same line".to_owned()))
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => {
            let quote = if matches!(kind, ErrorKind::InvalidTrailingDoubleQuotedScalar) { '"' } else { '\'' };
            match quote_line(text, at, &[quote]).filter(|l| l.start < here.start) {
                Some(line) => {
                    let place = quote_place(text, &line);
                    (line, place, "this quote is not closed on its line".to_owned(), Some("close it at the end of the value".to_owned()))
                }
                None => {
                    let place = word(text, at, &here);
                    let message = "text follows the closing quote of this value".to_owned();
                    (here, place, message, Some("put the whole value in one pair of quotes".to_owned()))
                }
            }
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let line = open_line(text, at, *open).unwrap_or(here.clone());
            let place = find_in(text, &line, *open);
            (line, place, format!("this `{open}` is never closed"), Some(format!("add the closing `{}`", closing(*open))))
        }
        ErrorKind::InvalidColonPlacement if unclosed_above(text, &here).is_some() => {
            let (line, open) = unclosed_above(text, &here).unwrap_or((here, '['));
            let place = find_in(text, &line, open);
            (line, place, format!("this `{open}` is never closed"), Some(format!("add the closing `{}`", closing(open))))
        }
        ErrorKind::MappingValueNotAllowed if glued_line_above(text, &here).is_some() => {
            let line = glued_line_above(text, &here).unwrap_or(here);
            let (message, help) = explain(text, &line, kind);
            (line.clone(), word(text, line.start, &line), message, help)
        }
        _ => {
            let (message, help) = explain(text, &here, kind);
            let place = if has_tab_indent(text, &here) { tab_place(text, &here) } else { word(text, at, &here) };
            (here, place, message, help)
        }
    };
    let span = span_at(file, bom, place.start, place.end);
    Fault { error: SyntaxError { span, kind: SyntaxErrorKind::Syntax, message, help }, repair: repair.unwrap_or(Repair::Blank(line)) }
}

/// A milder repair than to leave the line out, where there is one.
fn repair(text: &str, at: usize, line: &Range<usize>, kind: &ErrorKind) -> Option<Repair> {
    let before = text.get(line.start..at).unwrap_or_default();
    let ascii = text.as_bytes().get(at).is_some_and(u8::is_ascii_punctuation);
    match kind {
        ErrorKind::RecursionLimitExceeded => Some(Repair::Stop),
        _ if has_tab_indent(text, line) => Some(Repair::Tabs),
        ErrorKind::UnexpectedCharacter { .. } if ascii => Some(Repair::Mask(at)),
        ErrorKind::MappingValueNotAllowed if ascii && before.contains(": ") => Some(Repair::Mask(at)),
        _ => None,
    }
}

fn explain(text: &str, line: &Range<usize>, kind: &ErrorKind) -> (String, Option<String>) {
    let content = text.get(line.clone()).unwrap_or_default();
    if has_tab_indent(text, line)
        || matches!(kind, ErrorKind::TabInIndentation | ErrorKind::TabInBlockIndentation | ErrorKind::TabNotAllowed)
    {
        return ("a tab indents this line, which YAML does not allow".to_owned(), Some("indent with blanks".to_owned()));
    }
    if let Some(key) = key_without_blank(content) {
        return (format!("`{key}:` is followed by its value without a blank, so YAML sees no key"), Some(format!("write `{key}: …`")));
    }
    match kind {
        ErrorKind::InvalidSimpleKey | ErrorKind::SimpleKeyExpected | ErrorKind::MappingValueNotAllowed
            if content.matches(": ").count() > 1 =>
        {
            ("this value holds a second `: `, which starts a key in YAML".to_owned(), Some("put the value in quotes".to_owned()))
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => (
            "a line of the form `key: value` is expected here".to_owned(),
            Some("check the `:` after the key, and the indentation".to_owned()),
        ),
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::InvalidIndentation
        | ErrorKind::BlockSequenceEntryNotAllowed
        | ErrorKind::ExpectedDocumentStart => (
            "this line does not fit what stands above it: its indentation matches no open mapping or list".to_owned(),
            Some("align it with its siblings".to_owned()),
        ),
        ErrorKind::UnexpectedCharacter { character } => {
            (format!("a value cannot start with `{character}`"), Some("put the value in quotes".to_owned()))
        }
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => (
            "a backslash in double quotes starts an escape, and this is none".to_owned(),
            Some("use single quotes, or double the backslash".to_owned()),
        ),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{open}` is closed by `{close}`"), Some(format!("close it with `{}`", closing(*open))))
        }
        ErrorKind::MisplacedFlowCollectionEnd => ("this bracket closes nothing".to_owned(), None),
        ErrorKind::ExpectedFlowMappingSeparator | ErrorKind::ExpectedFlowSequenceSeparator => {
            ("a `,` or the closing bracket is missing before this".to_owned(), None)
        }
        ErrorKind::RecursionLimitExceeded => ("values are nested too deep here to be read".to_owned(), None),
        ErrorKind::MissingAnchorOrAliasName => (
            "YAML reads `*` and `&` at the start of a value as a reference, and no name follows".to_owned(),
            Some("put the value in quotes".to_owned()),
        ),
        ErrorKind::InvalidBlockScalarHeader | ErrorKind::InvalidBlockScalarIndent => (
            "the text after `|` or `>` does not fit its indentation".to_owned(),
            Some("start the text on the next line, indented".to_owned()),
        ),
        other => (format!("this is no YAML: {other}"), None),
    }
}

/// The line above that opens a bracket and does not close it.
fn unclosed_above(text: &str, line: &Range<usize>) -> Option<(Range<usize>, char)> {
    let above = non_blank_line(text, line.start.checked_sub(1)?);
    let content = text.get(above.clone())?;
    let open = ['[', '{'].into_iter().find(|&open| content.matches(open).count() > content.matches(closing(open)).count())?;
    Some((above, open))
}

/// `key:value` above a line that then cannot be a mapping's.
fn glued_line_above(text: &str, line: &Range<usize>) -> Option<Range<usize>> {
    let above = non_blank_line(text, line.start.checked_sub(1)?);
    key_without_blank(text.get(above.clone())?).map(|_| above)
}

fn closing(open: char) -> char {
    if open == '[' { ']' } else { '}' }
}

fn line_range(text: &str, at: usize) -> Range<usize> {
    let bytes = text.as_bytes();
    let at = at.min(bytes.len());
    let start = bytes.get(..at).unwrap_or_default().iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
    let end = bytes.get(at..).unwrap_or_default().iter().position(|&b| b == b'\n').map_or(bytes.len(), |i| at + i);
    start..end
}

/// The line of `at`, or the last one before it that holds anything.
fn non_blank_line(text: &str, at: usize) -> Range<usize> {
    let mut line = line_range(text, at);
    while line.start > 0 && text.get(line.clone()).is_none_or(|l| l.trim().is_empty()) {
        line = line_range(text, line.start - 1);
    }
    line
}

/// From `at` (or the line's first character) to the end of the line's content.
fn word(text: &str, at: usize, line: &Range<usize>) -> Range<usize> {
    let content = text.get(line.clone()).unwrap_or_default();
    let first = line.start + (content.len() - content.trim_start().len());
    let end = line.start + content.trim_end().len();
    let start = if at >= first && at < end && text.is_char_boundary(at) { at } else { first };
    start..end.max(start)
}

fn has_tab_indent(text: &str, line: &Range<usize>) -> bool {
    let content = text.get(line.clone()).unwrap_or_default();
    let indent = content.len() - content.trim_start().len();
    content.get(..indent).unwrap_or_default().contains('\t')
}

fn tab_place(text: &str, line: &Range<usize>) -> Range<usize> {
    find_in(text, line, '\t')
}

fn find_in(text: &str, line: &Range<usize>, c: char) -> Range<usize> {
    match text.get(line.clone()).and_then(|l| l.find(c)) {
        Some(i) => line.start + i..line.start + i + c.len_utf8(),
        None => word(text, line.start, line),
    }
}

fn key_without_blank(line: &str) -> Option<&str> {
    let line = line.trim_start().trim_start_matches("- ");
    let (key, value) = line.split_once(':')?;
    let simple = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let glued = value.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '"' | '\'' | '/' | '.' | '$'));
    (simple && glued && !value.starts_with("//")).then_some(key)
}

/// The nearest line at or above `at` in which one of `quotes` opens and does not close.
fn quote_line(text: &str, at: usize, quotes: &[char]) -> Option<Range<usize>> {
    let mut line = line_range(text, at);
    for _ in 0..10_000 {
        let content = text.get(line.clone()).unwrap_or_default();
        let starts = quotes.iter().any(|&q| content.matches(q).count() % 2 == 1 && opens(content, q));
        if starts {
            return Some(line);
        }
        if line.start == 0 {
            return None;
        }
        line = line_range(text, line.start - 1);
    }
    None
}

/// Whether a quote stands where a value starts.
fn opens(line: &str, quote: char) -> bool {
    line.char_indices().filter(|&(_, c)| c == quote).any(|(i, _)| {
        let before = line.get(..i).unwrap_or_default();
        before.trim_end().is_empty() || before.ends_with([' ', '[', '{', ',', '\t'])
    })
}

fn quote_place(text: &str, line: &Range<usize>) -> Range<usize> {
    let content = text.get(line.clone()).unwrap_or_default();
    let odd = ['"', '\''].into_iter().find(|&q| content.matches(q).count() % 2 == 1 && opens(content, q));
    match odd.and_then(|q| content.rfind(q)) {
        Some(i) => line.start + i..line.start + content.trim_end().len(),
        None => word(text, line.start, line),
    }
}

/// The nearest line at or above `at` with a bracket that does not close.
fn open_line(text: &str, at: usize, open: char) -> Option<Range<usize>> {
    let mut line = line_range(text, at);
    for _ in 0..10_000 {
        let content = text.get(line.clone()).unwrap_or_default();
        if content.matches(open).count() > content.matches(closing(open)).count() {
            return Some(line);
        }
        if line.start == 0 {
            return None;
        }
        line = line_range(text, line.start - 1);
    }
    None
}

#[cfg(test)]
mod tests {
    use crate::source::Sources;

    fn messages(text: &str) -> Vec<(String, String)> {
        let mut sources = Sources::new();
        let id = sources.add("compose.yaml", text.to_owned());
        let yaml = super::super::parse(sources.get(id));
        yaml.errors.iter().map(|e| (sources.slice(e.span).to_owned(), e.message.clone())).collect()
    }

    #[test]
    fn slips_are_named() {
        for (text, place, part) in [
            ("a:\n\tb: 1\nc: 2\n", "\t", "tab"),
            ("a: \"x\nb: 1\nc: 2\n", "\"x", "quote"),
            ("a: \"x\nb: \"1\"\nc: 2\n", "\"x", "quote"),
            ("a: b: c\n", "c", "second"),
            ("a:\n  b:1\n  c: 2\n", "", "blank"),
            ("p: *****\nq: 1\n", "*****", "masked"),
            ("a: [1, 2\nb: 3\n", "[", "never closed"),
        ] {
            let got = messages(text);
            assert!(!got.is_empty(), "{text:?}");
            assert!(got.iter().any(|(p, m)| m.contains(part) && (place.is_empty() || p.contains(place))), "{text:?}: {got:?}");
        }
    }
}
