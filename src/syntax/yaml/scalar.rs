//! What a scalar's text means, each part still pointing at its source.

use super::tree::Style;
use crate::source::{SourceFile, Span};
use crate::text::Text;

/// Builds the text of a scalar whose decoded value is known. Where our own reading of the source differs from
/// that value, the value wins and maps to the whole.
pub(super) fn decode(file: &SourceFile, value: &str, style: Style, at: Span, mended: bool) -> Text {
    let text = match style {
        Style::Plain => flow(file, trimmed(file, at), None),
        Style::Single => flow(file, at, Some('\'')),
        Style::Double => flow(file, at, Some('"')),
        Style::Literal | Style::Folded => block(file, value, at),
    };
    match text {
        Some(text) if text.value == value || (mended && !matches!(style, Style::Literal | Style::Folded)) => text,
        other => {
            let at = other.map_or(at, |t| t.span);
            let mut text = Text::builder(at);
            text.push(value, at);
            text
        }
    }
}

fn trimmed(file: &SourceFile, at: Span) -> Span {
    let len = file.slice(at).trim_end().len();
    at.part(0, len)
}

/// Plain and quoted scalars: lines are folded, quotes and escapes resolved.
pub(super) fn flow(file: &SourceFile, at: Span, quote: Option<char>) -> Option<Text> {
    let source = file.slice(at);
    let inner = match quote {
        Some(q) => source.strip_prefix(q)?.strip_suffix(q)?,
        None => source,
    };
    let base = at.start as usize + usize::from(quote.is_some());
    let mut out = Text::builder(at);
    // on one line, and nothing in it is escaped
    if !inner.bytes().any(|b| matches!(b, b'\n' | b'\r') || quote.is_some() && matches!(b, b'\'' | b'\\')) {
        out.push(inner, Span::new(at.file, base, base + inner.len()));
        return Some(out);
    }
    let mut rest = Cursor { source: inner, base, at, pos: 0 };
    while let Some(c) = rest.peek() {
        let start = rest.pos;
        match c {
            '\n' | '\r' => rest.fold(&mut out, start),
            ' ' | '\t' => {
                rest.skip(|c| matches!(c, ' ' | '\t'));
                match rest.peek() {
                    Some('\n' | '\r') => rest.fold(&mut out, start),
                    _ => rest.copy(&mut out, start),
                }
            }
            '\'' if quote == Some('\'') => {
                rest.pos += 2;
                out.push("'", rest.span(start));
            }
            '\\' if quote == Some('"') => rest.escape(&mut out)?,
            _ => {
                rest.pos += c.len_utf8();
                rest.skip(|c| !matches!(c, '\n' | '\r' | ' ' | '\t' | '\'' | '\\'));
                rest.copy(&mut out, start);
            }
        }
    }
    Some(out)
}

struct Cursor<'a> {
    source: &'a str,
    base: usize,
    at: Span,
    pos: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<char> {
        self.source.get(self.pos..)?.chars().next()
    }

    fn skip(&mut self, wanted: impl Fn(char) -> bool) {
        while let Some(c) = self.peek().filter(|&c| wanted(c)) {
            self.pos += c.len_utf8();
        }
    }

    fn span(&self, start: usize) -> Span {
        Span::new(self.at.file, self.base + start, self.base + self.pos)
    }

    fn copy(&self, out: &mut Text, start: usize) {
        out.push(self.source.get(start..self.pos).unwrap_or_default(), self.span(start));
    }

    /// At a line break: one break is a blank, n breaks are n - 1 newlines.
    fn fold(&mut self, out: &mut Text, start: usize) {
        let breaks = self.breaks();
        let folded = if breaks <= 1 { " ".to_owned() } else { "\n".repeat(breaks - 1) };
        out.push(&folded, self.span(start));
    }

    fn breaks(&mut self) -> usize {
        let mut breaks = 0;
        while let Some(c) = self.peek() {
            match c {
                '\n' => breaks += 1,
                '\r' if self.source.get(self.pos + 1..).is_some_and(|s| s.starts_with('\n')) => {}
                '\r' => breaks += 1,
                ' ' | '\t' => {}
                _ => break,
            }
            self.pos += 1;
        }
        breaks
    }

    fn escape(&mut self, out: &mut Text) -> Option<()> {
        let start = self.pos;
        self.pos += 1;
        let c = self.peek()?;
        if matches!(c, '\n' | '\r') {
            let breaks = self.breaks();
            if breaks > 1 {
                out.push(&"\n".repeat(breaks - 1), self.span(start));
            }
            return Some(());
        }
        self.pos += c.len_utf8();
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let decoded = if digits > 0 {
            let hex = self.source.get(self.pos..self.pos + digits)?;
            self.pos += digits;
            char::from_u32(u32::from_str_radix(hex, 16).ok()?)?
        } else {
            simple_escape(c)?
        };
        out.push(decoded.encode_utf8(&mut [0; 4]), self.span(start));
        Some(())
    }
}

fn simple_escape(c: char) -> Option<char> {
    Some(match c {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' | '\t' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        ' ' => ' ',
        '"' => '"',
        '/' => '/',
        '\\' => '\\',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        _ => return None,
    })
}

/// Block scalars: every source line is found again in the value, whatever indentation, folding and chomping did between.
fn block(file: &SourceFile, value: &str, at: Span) -> Option<Text> {
    let start = file.line_range(file.line_of(at.start as usize)).start;
    let header = header_start(file, start);
    let end = (at.end as usize).max(start);
    let source = file.text.get(start..end)?;
    let span = Span::new(at.file, header.unwrap_or(start), start + source.trim_end().len()).to(Span::new(
        at.file,
        header.unwrap_or(start),
        header.unwrap_or(start),
    ));
    let indent = source.lines().find(|l| !l.trim().is_empty()).map_or(0, |l| l.len() - l.trim_start_matches(' ').len());
    (1..=indent.max(1)).rev().find_map(|indent| align(source, start, value, span, indent)).or_else(|| Some(Text::verbatim(value, span)))
}

fn align(source: &str, start: usize, value: &str, span: Span, indent: usize) -> Option<Text> {
    let mut out = Text::builder(span);
    let mut offset = start;
    let mut done = 0;
    for line in source.split_inclusive('\n') {
        let body = line.trim_end_matches(['\n', '\r']);
        let blanks = body.len() - body.trim_start_matches(' ').len();
        let cut = indent.min(blanks);
        let content = body.get(cut..)?;
        let at = offset + cut;
        offset += line.len();
        if content.is_empty() {
            continue;
        }
        let from = done;
        while !value.get(done..)?.starts_with(content) {
            match value.as_bytes().get(done) {
                Some(b' ' | b'\n') => done += 1,
                _ => return None,
            }
        }
        out.push(value.get(from..done)?, Span::new(span.file, at.saturating_sub(cut), at));
        out.push(content, Span::new(span.file, at, at + content.len()));
        done += content.len();
    }
    let tail = value.get(done..)?;
    if !tail.bytes().all(|b| b == b'\n') {
        return None;
    }
    let end = span.at_end();
    out.push(tail, end);
    (out.value == value).then_some(out)
}

/// The `|` or `>` above the first line of a block scalar.
fn header_start(file: &SourceFile, content: usize) -> Option<usize> {
    let mut line = file.line_of(content);
    while line > 1 {
        line -= 1;
        let text = file.line_text(line);
        if text.trim().is_empty() {
            continue;
        }
        let range = file.line_range(line);
        return text.char_indices().find(|&(i, c)| matches!(c, '|' | '>') && is_header(text, i)).map(|(i, _)| range.start + i);
    }
    None
}

fn is_header(line: &str, at: usize) -> bool {
    let before = line.get(..at).unwrap_or_default();
    let after = line.get(at + 1..).unwrap_or_default().trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
    let rest = after.trim_start();
    (before.is_empty() || before.ends_with([' ', '\t'])) && (rest.is_empty() || (rest.starts_with('#') && rest.len() < after.len()))
}
