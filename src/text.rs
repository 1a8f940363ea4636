//! A string that was decoded (YAML quotes, `$$`, JSON exec form, joined continuation lines) and
//! can still point at the bytes that each part of it came from.

use crate::source::Span;

/// `text.contains(part)`, without the preparation that costs more than the search where texts are short.
pub(crate) fn holds(text: &str, part: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

/// A decoded string with its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// What the string means after decoding.
    pub value: String,
    /// The source of the whole, with its quotes.
    pub span: Span,
    pieces: Pieces,
}

/// `value[start..]` up to the next piece comes from `span`; equal lengths map byte to byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Piece {
    start: u32,
    span: Span,
}

/// Nearly all texts stand in their source as they are: one piece needs no list.
#[derive(Clone, Debug, Default)]
enum Pieces {
    #[default]
    None,
    /// From the start on.
    One(Span),
    /// Behind a pointer, so that texts stay small.
    Many(Box<List>),
}

#[derive(Clone, Debug)]
struct List(Vec<Piece>);

impl Pieces {
    fn len(&self) -> usize {
        match self {
            Pieces::None => 0,
            Pieces::One(_) => 1,
            Pieces::Many(list) => list.0.len(),
        }
    }

    fn get(&self, n: usize) -> Option<Piece> {
        match self {
            Pieces::One(span) if n == 0 => Some(Piece { start: 0, span: *span }),
            Pieces::Many(list) => list.0.get(n).copied(),
            _ => None,
        }
    }

    /// How many start at or before an offset.
    fn until(&self, offset: usize) -> usize {
        match self {
            Pieces::None => 0,
            Pieces::One(_) => 1,
            Pieces::Many(list) => list.0.partition_point(|p| p.start as usize <= offset),
        }
    }

    /// The source of the last piece.
    fn last_mut(&mut self) -> Option<(usize, &mut Span)> {
        match self {
            Pieces::None => None,
            Pieces::One(span) => Some((0, span)),
            Pieces::Many(list) => list.0.last_mut().map(|piece| (piece.start as usize, &mut piece.span)),
        }
    }

    fn push(&mut self, piece: Piece) {
        *self = match std::mem::take(self) {
            Pieces::None if piece.start == 0 => Pieces::One(piece.span),
            Pieces::None => Pieces::Many(Box::new(List(vec![piece]))),
            Pieces::One(span) => Pieces::Many(Box::new(List(vec![Piece { start: 0, span }, piece]))),
            Pieces::Many(mut list) => {
                list.0.push(piece);
                Pieces::Many(list)
            }
        };
    }
}

impl PartialEq for Pieces {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && (0..self.len()).all(|n| self.get(n) == other.get(n))
    }
}

impl Eq for Pieces {}

impl Text {
    /// A string that stands in the source as it is.
    pub fn verbatim(value: impl Into<String>, span: Span) -> Self {
        Text { value: value.into(), span, pieces: Pieces::One(span) }
    }

    /// Starts an empty text whose source is `span`; fill it with [`Text::push`].
    pub fn builder(span: Span) -> Self {
        Text { value: String::new(), span, pieces: Pieces::None }
    }

    /// The same, with room for so many bytes.
    pub fn builder_for(span: Span, bytes: usize) -> Self {
        Text { value: String::with_capacity(bytes), ..Text::builder(span) }
    }

    /// Appends decoded text that came from `span`. Where the lengths are equal, offsets map byte to byte;
    /// otherwise (an escape, a substitution) the whole part maps to the whole span.
    pub fn push(&mut self, part: &str, span: Span) {
        if part.is_empty() {
            return;
        }
        let start = self.value.len();
        self.value.push_str(part);
        if let Some((from, last)) = self.pieces.last_mut() {
            let both_exact = last.len() == start - from && span.len() == part.len();
            if both_exact && last.file == span.file && last.end == span.start {
                last.end = span.end;
                return;
            }
        }
        self.pieces.push(Piece { start: u32::try_from(start).unwrap_or(u32::MAX), span });
    }

    /// `value[start..end]` as a text of its own; empty where that is no range of characters.
    pub fn part(&self, start: usize, end: usize) -> Text {
        let mut out = Text::builder(self.span_of(start, end));
        out.append_range(self, start, end);
        out
    }

    /// Appends another text, which keeps its places.
    pub fn append(&mut self, other: &Text) {
        self.append_range(other, 0, other.value.len());
    }

    /// Appends `other.value[start..end]`, which keeps its places.
    pub fn append_range(&mut self, other: &Text, start: usize, end: usize) {
        let pieces = &other.pieces;
        let first = pieces.until(start).saturating_sub(1);
        let mut at = start;
        for i in first..pieces.len().max(1) {
            let until = pieces.get(i + 1).map_or(other.value.len(), |p| p.start as usize).min(end);
            if at >= until {
                if at >= end {
                    break;
                }
                continue;
            }
            self.push(other.value.get(at..until).unwrap_or_default(), other.span_of(at, until));
            at = until;
        }
    }

    /// Where `value[start..end]` came from.
    pub fn span_of(&self, start: usize, end: usize) -> Span {
        let from = self.place(start);
        if end > start { from.to(self.place(end - 1)) } else { from.at_start() }
    }

    fn place(&self, offset: usize) -> Span {
        let i = self.pieces.until(offset);
        let Some(piece) = i.checked_sub(1).and_then(|i| self.pieces.get(i)) else {
            return self.span;
        };
        let end = self.pieces.get(i).map_or(self.value.len(), |p| p.start as usize);
        let len = end - piece.start as usize;
        if piece.span.len() != len {
            return piece.span;
        }
        let at = offset - piece.start as usize;
        piece.span.part(at, at + 1)
    }

    /// The end of the part of `value` that starts at or before `start` and came from one stretch of source.
    pub fn run_end(&self, start: usize) -> usize {
        self.pieces.get(self.pieces.until(start)).map_or(self.value.len(), |p| p.start as usize)
    }

    /// Whether the text maps byte to byte onto one stretch of source.
    pub fn is_verbatim(&self) -> bool {
        self.pieces.len() == 1 && self.pieces.get(0).is_some_and(|p| p.span.len() == self.value.len())
    }
}

impl std::ops::Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn offsets_map_through_an_escape() {
        let f = FileId(0);
        // source: "a\nbc" with the quotes, 7 bytes from 10
        let mut t = Text::builder(Span::new(f, 10, 17));
        t.push("a", Span::new(f, 11, 12));
        t.push("\n", Span::new(f, 12, 14));
        t.push("b", Span::new(f, 14, 15));
        t.push("c", Span::new(f, 15, 16));
        assert_eq!(t.value, "a\nbc");
        assert_eq!(t.span_of(2, 4), Span::new(f, 14, 16));
        assert_eq!(t.span_of(1, 2), Span::new(f, 12, 14));
        assert_eq!(t.span_of(0, 4), Span::new(f, 11, 16));
        assert_eq!(t.span_of(0, 1), Span::new(f, 11, 12));
        let word = t.part(2, 4);
        assert_eq!((word.value.as_str(), word.span_of(1, 2)), ("bc", Span::new(f, 15, 16)));
        let plain = Text::verbatim("a word here", Span::new(f, 0, 11));
        assert_eq!(plain.span_of(2, 6), Span::new(f, 2, 6));
    }
}
