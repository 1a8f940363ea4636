//! Physical lines → logical lines: continuations joined, comment and blank lines inside them taken out, every joined
//! byte still pointing at its source.

use std::borrow::Cow;
use std::ops::Range;

use crate::source::{FileId, SourceFile, Span};
use crate::text::Text;

/// The longest physical line that the builder reads, its line break included.
pub(super) const MAX_LINE: usize = 65_536;

/// One line of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Physical {
    /// First byte.
    pub(super) start: usize,
    /// End without line break.
    pub(super) end: usize,
    /// Start of the next line.
    pub(super) next: usize,
}

impl Physical {
    /// Whether the builder refuses the line for its length.
    pub(super) fn too_long(self) -> bool {
        let broken = self.next > self.end;
        self.next - self.start > MAX_LINE || (!broken && self.next - self.start >= MAX_LINE)
    }
}

/// Reads physical lines one after the other.
#[derive(Clone, Copy)]
pub(super) struct Physicals<'a> {
    text: &'a str,
    /// Start of the next line.
    pub(super) pos: usize,
}

impl<'a> Physicals<'a> {
    pub(super) fn new(text: &'a str, pos: usize) -> Self {
        Physicals { text, pos }
    }

    /// The text of a range of the file.
    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    /// The line's text without its line break.
    pub(super) fn content(&self, line: Physical) -> &'a str {
        self.slice(line.start..line.end)
    }

    /// The next line without moving on.
    pub(super) fn peek(&self) -> Option<Physical> {
        let rest = self.text.get(self.pos..)?;
        if rest.is_empty() {
            return None;
        }
        let found = memchr::memchr(b'\n', rest.as_bytes());
        let whole = rest.as_bytes().get(..found.unwrap_or(rest.len())).unwrap_or_default();
        let end = whole.iter().rposition(|b| *b != b'\r').map_or(0, |last| last + 1);
        Some(Physical { start: self.pos, end: self.pos + end, next: self.pos + found.map_or(rest.len(), |i| i + 1) })
    }
}

impl Iterator for Physicals<'_> {
    type Item = Physical;

    fn next(&mut self) -> Option<Physical> {
        let line = self.peek()?;
        self.pos = line.next;
        Some(line)
    }
}

/// Joined text from `at` up to the next piece stands in the source from `source` on.
#[derive(Clone, Copy, Debug)]
struct Piece {
    at: usize,
    source: usize,
}

/// A logical line.
#[derive(Debug)]
pub(super) struct Logical<'a> {
    /// The joined text; never trimmed at its end, trimmed at its start.
    pub(super) text: Cow<'a, str>,
    /// First byte in the source, the escape of a leading continuation included.
    pub(super) start: usize,
    /// End of the last physical line, without its line break.
    pub(super) end: usize,
    /// Comment lines inside the continuation, without line breaks.
    pub(super) comments: Vec<Range<usize>>,
    /// The first blank line inside the continuation.
    pub(super) blank_line: Option<Range<usize>>,
    /// The start of a line that was too long for the builder, if there is one.
    pub(super) too_long: Option<Physical>,
    file: FileId,
    pieces: Vec<Piece>,
}

/// The text before a continuation's escape character, if the line ends in one.
fn continued(line: &str, escape: char) -> Option<&str> {
    let before = line.trim_end_matches([' ', '\t']).strip_suffix(escape)?;
    (!before.ends_with(escape)).then_some(before)
}

/// Reads the logical line that begins with the physical line `first`, which is no comment and not blank.
pub(super) fn logical<'a>(file: &SourceFile, lines: &mut Physicals<'a>, first: Physical, escape: char) -> Logical<'a> {
    let content = lines.content(first).trim_start();
    let start = first.end - content.len();
    let mut line = Logical {
        text: Cow::Borrowed(content),
        start,
        end: first.end,
        comments: Vec::new(),
        blank_line: None,
        too_long: first.too_long().then_some(first),
        file: file.id,
        pieces: vec![Piece { at: 0, source: start }],
    };
    let Some(before) = continued(content, escape) else { return line };
    let mut joined = String::with_capacity(before.len() * 4);
    joined.push_str(before);
    for physical in lines.by_ref() {
        line.end = physical.end;
        if physical.too_long() && line.too_long.is_none() {
            line.too_long = Some(physical);
        }
        let content = lines_content(file, physical);
        let trimmed = content.trim_start();
        if trimmed.starts_with('#') {
            line.comments.push(physical.start..physical.end);
            continue;
        }
        if trimmed.is_empty() {
            line.blank_line.get_or_insert(physical.start..physical.end);
            continue;
        }
        let part = continued(content, escape);
        let kept = part.unwrap_or(content);
        if !kept.is_empty() {
            if joined.is_empty() {
                line.pieces.clear();
            }
            line.pieces.push(Piece { at: joined.len(), source: physical.start });
            joined.push_str(kept);
        }
        if part.is_none() {
            break;
        }
    }
    line.text = Cow::Owned(joined);
    line
}

fn lines_content(file: &SourceFile, line: Physical) -> &str {
    file.text.get(line.start..line.end).unwrap_or_default()
}

impl Logical<'_> {
    /// A range of the joined text.
    pub(super) fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// From the first byte to the last, heredoc bodies left out.
    pub(super) fn whole(&self) -> Span {
        Span::new(self.file, self.start, self.end)
    }

    /// The file.
    pub(super) fn file(&self) -> FileId {
        self.file
    }

    /// The source byte of a joined byte.
    fn source(&self, at: usize) -> usize {
        self.placed(self.pieces.partition_point(|p| p.at <= at), at)
    }

    /// The source byte of a joined byte in the piece before the one at `next`.
    fn placed(&self, next: usize, at: usize) -> usize {
        match next.checked_sub(1).and_then(|i| self.pieces.get(i)) {
            Some(piece) => piece.source + (at - piece.at),
            None => self.start,
        }
    }

    /// Where a range of the joined text stands.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        if range.start < range.end {
            let next = self.pieces.partition_point(|p| p.at <= range.start);
            let start = self.placed(next, range.start);
            // nearly always both ends lie in one piece
            let end = match self.pieces.get(next).is_none_or(|p| p.at >= range.end) {
                true => start + range.len(),
                false => self.source(range.end - 1) + 1,
            };
            return Span::new(self.file, start, end);
        }
        let at = match range.start.checked_sub(1) {
            Some(before) if range.start >= self.text.len() => self.source(before) + 1,
            _ => self.source(range.start),
        };
        Span::new(self.file, at, at)
    }

    /// A range of the joined text, with its origin.
    pub(super) fn text(&self, range: Range<usize>) -> Text {
        let span = self.span(range.clone());
        if span.len() == range.len() {
            return Text::verbatim(self.slice(range), span);
        }
        let mut text = Text::builder_for(span, range.len());
        self.push_range(&mut text, range);
        text
    }

    /// Appends joined text that decodes to `part`: byte to byte where the lengths are equal.
    pub(super) fn push(&self, text: &mut Text, part: &str, range: Range<usize>) {
        if part.len() == range.len() && self.slice(range.clone()) == part {
            self.push_range(text, range);
        } else {
            text.push(part, self.span(range));
        }
    }

    fn push_range(&self, text: &mut Text, range: Range<usize>) {
        let mut from = range.start;
        let mut i = self.pieces.partition_point(|p| p.at <= from);
        while from < range.end {
            let to = self.pieces.get(i).map_or(range.end, |p| p.at.min(range.end));
            text.push(self.slice(from..to), self.span(from..to));
            from = to;
            i += 1;
        }
    }

    /// The gaps that joining left out, within a range of the joined text: from the escape character to the next kept byte.
    pub(super) fn gaps(&self, range: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        self.pieces.iter().filter(move |p| range.start < p.at && p.at < range.end).map(|p| self.source(p.at - 1) + 1..p.source)
    }
}
