//! From offsets in the text that the shell parser sees to places in the source.

use std::cell::Cell;

use crate::source::Span;
use crate::text::Text;

/// Where the parsed text came from.
pub(super) enum Map<'a> {
    /// `text[i]` stands at `base.start + i`.
    Base(Span),
    /// The same with stretches cut out.
    Cut(Span, Cuts),
    /// A decoded string.
    Text(&'a Text),
}

impl Map<'_> {
    /// The source of `text[start..end]`.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        match self {
            Map::Base(base) => base.part(start, end),
            Map::Cut(base, cuts) => {
                let next = cuts.next(start);
                let from = cuts.place(next, start);
                let to = match end.checked_sub(1).filter(|last| *last >= start) {
                    // nearly always both ends lie in one stretch
                    Some(last) if cuts.starts.get(next).is_none_or(|c| c.0 > last) => from + (end - start),
                    Some(last) => cuts.place(cuts.next(last), last) + 1,
                    None => from,
                };
                base.part(from, to)
            }
            Map::Text(text) => text.span_of(start, end),
        }
    }

    /// The end of the stretch at `start` that maps byte to byte, or its first byte's end where it does not.
    pub(super) fn run_end(&self, start: usize) -> usize {
        match self {
            Map::Base(_) => usize::MAX,
            Map::Cut(_, cuts) => cuts.starts.get(cuts.next(start)).map_or(usize::MAX, |c| c.0),
            Map::Text(text) => text.run_end(start),
        }
    }
}

/// `(offset in the text, offset in the source)` at which each stretch starts that is left behind a cut.
pub(super) struct Cuts {
    starts: Vec<(usize, usize)>,
    /// The last answer of [`Cuts::next`]: a script is read from its start to its end.
    last: Cell<usize>,
}

impl Cuts {
    pub(super) fn new(starts: Vec<(usize, usize)>) -> Cuts {
        Cuts { starts, last: Cell::new(0) }
    }

    /// The first stretch behind an offset.
    fn next(&self, offset: usize) -> usize {
        let starts = |n: usize| self.starts.get(n).is_some_and(|c| c.0 <= offset);
        let is_next = |n: usize| n.checked_sub(1).is_none_or(starts) && !starts(n);
        let last = self.last.get();
        let next = if is_next(last) { last } else { self.starts.partition_point(|c| c.0 <= offset) };
        self.last.set(next);
        next
    }

    /// Where an offset stands that lies in the stretch before `next`.
    fn place(&self, next: usize, offset: usize) -> usize {
        match next.checked_sub(1).and_then(|i| self.starts.get(i)) {
            Some(&(text, source)) => source + (offset - text),
            None => offset,
        }
    }
}

/// Takes carriage returns before line breaks out of `text` and, with `join`, the continuations of its first logical line
/// (a builder joins them before any shell sees them, also inside single quotes and comments). `None` where nothing is to be cut.
pub(super) fn cut(text: &str, join: bool) -> Option<(String, Vec<(usize, usize)>)> {
    let bytes = text.as_bytes();
    let needed = |first: u8| memchr::memchr_iter(first, bytes).any(|at| matches!(bytes.get(at + 1), Some(b'\r' | b'\n')));
    if !(needed(b'\r') || join && needed(b'\\')) {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut cuts = Vec::new();
    let (mut kept, mut at, mut joining) = (0, 0, join);
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr3(b'\r', b'\\', b'\n', rest)) {
        at += found;
        let rest = bytes.get(at..).unwrap_or_default();
        let len = match rest {
            [b'\\', b'\n', ..] if joining => 2,
            [b'\\', b'\r', b'\n', ..] if joining => 3,
            [b'\r', b'\n', ..] => 1,
            _ => 0,
        };
        if len == 0 {
            joining &= rest.first() != Some(&b'\n');
            at += 1;
            continue;
        }
        out.push_str(text.get(kept..at).unwrap_or_default());
        at += len;
        kept = at;
        cuts.push((out.len(), at));
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Some((out, cuts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn continuations_of_the_first_line_only_are_joined() {
        let source = "a \\\n b\\\r\nc\nd \\\ne\r\nf";
        let (text, cuts) = cut(source, true).unwrap();
        assert_eq!(text, "a  bc\nd \\\ne\nf");
        let map = Map::Cut(Span::new(FileId(0), 0, source.len()), Cuts::new(cuts));
        let f = text.find('f').unwrap();
        assert_eq!(map.span(f, f + 1).range(), source.len() - 1..source.len());
        assert_eq!(map.span(3, 5).range(), 5..10);
    }
}
