//! A text on its way through layers: what it is by now, and where each part of it came from.

use std::ops::Range;

use crate::few::Few;
use crate::source::Span;
use crate::text::Text;

/// A text with the origin of each of its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    text: String,
    parts: Few<Part>,
}

/// A part of a [`Flow`]: from its start to the start of the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its first byte in the text.
    pub start: usize,
    /// What it was in the source; for a value the `$name` that it took the place of.
    pub span: Span,
    /// How it came to be.
    pub origin: Origin,
    /// It holds a secret's value.
    pub secret: bool,
}

/// How a part of a text came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// It stands in the source byte for byte.
    Source,
    /// An escape or a quoted character that a layer took the quoting from.
    Decoded,
    /// The value of a substitution.
    Value,
    /// A substitution whose value is not known; it stands as written.
    Unknown,
    /// A number that is not known, such as a process id; it stands as written.
    Number,
}

impl Flow {
    /// A text that stands in the source as it is.
    pub fn source(text: &str, span: Span) -> Flow {
        let mut flow = Flow::default();
        flow.push(text, span, Origin::Source);
        flow
    }

    /// A value that took the place of `span`.
    pub fn value(text: &str, span: Span, secret: bool) -> Flow {
        let mut flow = Flow::default();
        flow.add(text, span, Origin::Value, secret);
        flow
    }

    /// Something that is not known, as written.
    pub fn unknown(written: &str, span: Span) -> Flow {
        let mut flow = Flow::default();
        flow.push(written, span, Origin::Unknown);
        flow
    }

    /// A number that is not known, as written.
    pub fn number(written: &str, span: Span) -> Flow {
        let mut flow = Flow::default();
        flow.push(written, span, Origin::Number);
        flow
    }

    /// A decoded text.
    pub fn of_text(text: &Text) -> Flow {
        let mut flow = Flow::default();
        let mut at = 0;
        while at < text.len() {
            let end = text.run_end(at).max(at + 1).min(text.len());
            let (part, span) = (text.get(at..end).unwrap_or_default(), text.span_of(at, end));
            flow.push(part, span, if span.len() == part.len() { Origin::Source } else { Origin::Decoded });
            at = end;
        }
        flow
    }

    /// The text; what is not known stands in it as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its length in bytes.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text where all of it is known.
    pub fn known(&self) -> Option<&str> {
        self.is_known().then_some(self.text.as_str())
    }

    /// Whether all of it is known.
    pub fn is_known(&self) -> bool {
        self.parts.iter().all(|p| !matches!(p.origin, Origin::Unknown | Origin::Number))
    }

    /// Whether it can be read: of what is not known, no character decides how the others are read.
    pub fn is_readable(&self) -> bool {
        let mut before = "";
        self.parts().all(|(at, part)| {
            let opens = before.ends_with(['$', '{', '#']);
            before = self.text.get(at).unwrap_or_default();
            part.origin != Origin::Unknown && !(opens && part.origin == Origin::Number)
        })
    }

    /// Its parts with their ranges, in order.
    pub fn parts(&self) -> impl Iterator<Item = (Range<usize>, Part)> {
        self.parts.iter().enumerate().map(|(n, part)| {
            let end = self.parts.get(n + 1).map_or(self.text.len(), |next| next.start);
            (part.start..end, *part)
        })
    }

    /// Appends text of one origin.
    pub fn push(&mut self, text: &str, span: Span, origin: Origin) {
        self.add(text, span, origin, false);
    }

    fn add(&mut self, text: &str, span: Span, origin: Origin, secret: bool) {
        if text.is_empty() {
            return;
        }
        let start = self.text.len();
        self.text.push_str(text);
        if let Some(last) = self.parts.last_mut() {
            let follows = last.span.file == span.file && last.span.end == span.start;
            let joins = origin == Origin::Source && last.origin == Origin::Source && follows;
            if joins && last.secret == secret {
                last.span.end = span.end;
                return;
            }
        }
        self.parts.push(Part { start, span, origin, secret });
    }

    /// Appends another text.
    pub fn append(&mut self, other: &Flow) {
        self.append_range(other, 0..other.len());
    }

    /// Appends a stretch of another text.
    pub fn append_range(&mut self, other: &Flow, range: Range<usize>) {
        self.text.reserve(range.len());
        for (at, part) in other.parts_in(range) {
            let span = match part.origin {
                Origin::Source => part.span.part(at.start - part.start, at.end - part.start),
                _ => part.span,
            };
            self.add(other.text.get(at).unwrap_or_default(), span, part.origin, part.secret);
        }
    }

    /// Appends the same text as the value of a substitution that stands at `span`.
    pub fn append_value(&mut self, value: &Flow, span: Span) {
        for (at, part) in value.parts() {
            let origin = if matches!(part.origin, Origin::Unknown | Origin::Number) { part.origin } else { Origin::Value };
            self.add(value.text.get(at).unwrap_or_default(), span, origin, part.secret);
        }
    }

    /// A stretch of the text.
    pub fn slice(&self, range: Range<usize>) -> Flow {
        // nearly all texts are of one part
        if let [part] = self.parts.as_slice() {
            let at = range.start..range.end.min(self.text.len());
            let span = if part.origin == Origin::Source { part.span.part(at.start, at.end) } else { part.span };
            return match self.text.get(at).filter(|text| !text.is_empty()) {
                Some(text) => Flow { text: text.to_owned(), parts: Few::one(Part { start: 0, span, ..*part }) },
                None => Flow::default(),
            };
        }
        let mut flow = Flow::default();
        flow.append_range(self, range);
        flow
    }

    /// A stretch of the text that a layer read as `decoded`.
    pub fn decoded(&self, range: Range<usize>, decoded: &str) -> Flow {
        let mut flow = Flow::default();
        let secret = self.parts_in(range.clone()).any(|(_, p)| p.secret);
        flow.add(decoded, self.span_of(range), Origin::Decoded, secret);
        flow
    }

    /// The same text with every part marked as a secret's.
    pub fn into_secret(mut self) -> Flow {
        self.parts.iter_mut().for_each(|p| p.secret = true);
        self
    }

    /// Where a stretch of the text came from; the place of its first part where its parts lie in several files.
    pub fn span_of(&self, range: Range<usize>) -> Span {
        let parts = self.parts_in(range.start..range.end.max(range.start + 1).min(self.len().max(range.start)));
        let spans = parts.map(|(at, part)| match part.origin {
            Origin::Source => part.span.part(at.start - part.start, at.end - part.start),
            _ => part.span,
        });
        let whole = spans.reduce(Span::to);
        let span = whole.or_else(|| self.parts.last().map(|p| p.span.at_end())).unwrap_or(Span::new(crate::source::FileId(0), 0, 0));
        if range.is_empty() { span.at_start() } else { span }
    }

    /// Where a stretch of the source stands in the text, as far as it does so byte for byte.
    pub fn offset_of(&self, span: Span) -> Option<Range<usize>> {
        let holds = |part: &Part| part.origin == Origin::Source && part.span.file == span.file;
        let start = self.parts().find(|(_, p)| holds(p) && p.span.start <= span.start && span.start < p.span.end)?;
        let end = self.parts().find(|(_, p)| holds(p) && p.span.start < span.end && span.end <= p.span.end)?;
        let from = start.0.start + (span.start - start.1.span.start) as usize;
        let to = end.0.start + (span.end - end.1.span.start) as usize;
        (from <= to).then_some(from..to)
    }

    /// The text with what is not known blotted out, byte for byte, so that a parser takes nothing of it for syntax.
    pub(super) fn blotted(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for (at, part) in self.parts() {
            match part.origin {
                Origin::Unknown => out.extend(std::iter::repeat_n('X', at.len())),
                Origin::Number => out.extend(std::iter::repeat_n('0', at.len())),
                _ => out.push_str(self.text.get(at).unwrap_or_default()),
            }
        }
        out
    }

    fn parts_in(&self, range: Range<usize>) -> impl Iterator<Item = (Range<usize>, Part)> {
        let first = self.parts.partition_point(|p| p.start <= range.start).saturating_sub(1);
        let end = range.end;
        let found = self.parts.iter().enumerate().skip(first).take_while(move |(_, p)| p.start < end);
        found.filter_map(move |(n, part)| {
            let stop = self.parts.get(n + 1).map_or(self.text.len(), |next| next.start);
            let at = part.start.max(range.start)..stop.min(end);
            (at.start < at.end).then_some((at, *part))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn a_part_keeps_its_place_through_slices() {
        let at = |start, end| Span::new(FileId(0), start, end);
        let mut flow = Flow::source("echo ", at(10, 15));
        flow.append_value(&Flow::value("a b", at(90, 93), true), at(15, 17));
        flow.push(" end", at(17, 21), Origin::Source);
        assert_eq!(flow.text(), "echo a b end");
        let slice = flow.slice(6..10);
        assert_eq!((slice.text(), slice.span_of(0..1), slice.span_of(2..4)), (" b e", at(15, 17), at(17, 19)));
        assert!(slice.parts().next().is_some_and(|(_, p)| p.secret && p.origin == Origin::Value));
        assert_eq!(flow.span_of(1..3), at(11, 13));
    }

    #[test]
    fn what_is_not_known_is_blotted_out() {
        let at = Span::new(FileId(0), 0, 7);
        let mut flow = Flow::source("a ", at.part(0, 2));
        flow.append(&Flow::unknown("$(b)", at));
        assert!(!flow.is_known());
        assert_eq!((flow.text(), flow.blotted().as_str()), ("a $(b)", "a XXXX"));
    }
}
