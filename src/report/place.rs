//! Lines and columns, in every unit that a format counts in.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::source::{FileId, Sources};

/// A place as formats print it; all but `offset` count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: usize,
    pub(crate) line: usize,
    /// In Unicode scalar values.
    pub(crate) column: usize,
    /// In UTF-16 code units.
    pub(crate) utf16: usize,
    /// In bytes of UTF-8.
    pub(crate) byte: usize,
}

/// Distance in bytes between the counted points of a long line.
const STEP: usize = 4096;

/// Computes places; remembers counts along very long lines, so that many findings on one line stay cheap.
pub(crate) struct Places<'a> {
    sources: &'a Sources,
    long_lines: RefCell<HashMap<(FileId, usize), Vec<Count>>>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    bytes: usize,
    chars: usize,
    utf16: usize,
}

impl Count {
    fn add(mut self, text: &str) -> Self {
        for c in text.chars() {
            self.bytes += c.len_utf8();
            self.chars += 1;
            self.utf16 += c.len_utf16();
        }
        self
    }
}

impl<'a> Places<'a> {
    pub(crate) fn new(sources: &'a Sources) -> Self {
        Places { sources, long_lines: RefCell::default() }
    }

    /// The place of a byte offset; one inside a character counts as its start, one behind the text as its end.
    pub(crate) fn at(&self, file: FileId, offset: usize) -> Place {
        let source = self.sources.get(file);
        let mut offset = offset.min(source.text.len());
        while !source.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = source.line_of(offset);
        // The byte order mark is part of the file's offsets, but no column.
        let start = source.line_range(line).start.max(source.bom_len()).min(offset);
        let count = self.count(file, start, offset);
        Place { offset, line, column: count.chars + 1, utf16: count.utf16 + 1, byte: count.bytes + 1 }
    }

    fn count(&self, file: FileId, start: usize, offset: usize) -> Count {
        let text = self.sources.get(file).text.as_str();
        let slice = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
        if offset - start < STEP {
            return Count::default().add(slice(start, offset));
        }
        let mut lines = self.long_lines.borrow_mut();
        let marks = lines.entry((file, start)).or_insert_with(|| vec![Count::default()]);
        let mut last = marks.last().copied().unwrap_or_default();
        while start + last.bytes + STEP <= offset {
            let from = start + last.bytes;
            let mut to = from + STEP;
            while !text.is_char_boundary(to) {
                to += 1;
            }
            last = last.add(slice(from, to));
            marks.push(last);
        }
        let before = marks.partition_point(|m| start + m.bytes <= offset).checked_sub(1);
        let base = before.and_then(|i| marks.get(i)).copied().unwrap_or_default();
        base.add(slice(start + base.bytes, offset))
    }
}
