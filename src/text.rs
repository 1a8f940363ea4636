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
    One(Piece),
    Many(Vec<Piece>),
}

impl Pieces {
    fn as_slice(&self) -> &[Piece] {
        match self {
            Pieces::None => &[],
            Pieces::One(piece) => std::slice::from_ref(piece),
            Pieces::Many(pieces) => pieces,
        }
    }

    fn last_mut(&mut self) -> Option<&mut Piece> {
        match self {
            Pieces::None => None,
            Pieces::One(piece) => Some(piece),
            Pieces::Many(pieces) => pieces.last_mut(),
        }
    }

    fn push(&mut self, piece: Piece) {
        *self = match std::mem::take(self) {
            Pieces::None => Pieces::One(piece),
            Pieces::One(first) => Pieces::Many(vec![first, piece]),
            Pieces::Many(mut pieces) => {
                pieces.push(piece);
                Pieces::Many(pieces)
            }
        };
    }
}

impl PartialEq for Pieces {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl Eq for Pieces {}

impl Text {
    /// A string that stands in the source as it is.
    pub fn verbatim(value: impl Into<String>, span: Span) -> Self {
        Text { value: value.into(), span, pieces: Pieces::One(Piece { start: 0, span }) }
    }

    /// Starts an empty text whose source is `span`; fill it with [`Text::push`].
    pub fn builder(span: Span) -> Self {
        Text { value: String::new(), span, pieces: Pieces::None }
    }

    /// Appends decoded text that came from `span`. Where the lengths are equal, offsets map byte to byte;
    /// otherwise (an escape, a substitution) the whole part maps to the whole span.
    pub fn push(&mut self, part: &str, span: Span) {
        if part.is_empty() {
            return;
        }
        let start = self.value.len();
        self.value.push_str(part);
        if let Some(last) = self.pieces.last_mut() {
            let last_len = start - last.start as usize;
            let both_exact = last.span.len() == last_len && span.len() == part.len();
            if both_exact && last.span.file == span.file && last.span.end == span.start {
                last.span.end = span.end;
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
        let pieces = other.pieces.as_slice();
        let first = pieces.partition_point(|p| p.start as usize <= start).saturating_sub(1);
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
        let pieces = self.pieces.as_slice();
        let i = pieces.partition_point(|p| p.start as usize <= offset);
        let Some(piece) = i.checked_sub(1).and_then(|i| pieces.get(i)) else {
            return self.span;
        };
        let end = pieces.get(i).map_or(self.value.len(), |p| p.start as usize);
        let len = end - piece.start as usize;
        if piece.span.len() != len {
            return piece.span;
        }
        let at = offset - piece.start as usize;
        piece.span.part(at, at + 1)
    }

    /// The end of the part of `value` that starts at or before `start` and came from one stretch of source.
    pub fn run_end(&self, start: usize) -> usize {
        let pieces = self.pieces.as_slice();
        pieces.get(pieces.partition_point(|p| p.start as usize <= start)).map_or(self.value.len(), |p| p.start as usize)
    }

    /// Whether the text maps byte to byte onto one stretch of source.
    pub fn is_verbatim(&self) -> bool {
        matches!(self.pieces.as_slice(), [p] if p.span.len() == self.value.len())
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
