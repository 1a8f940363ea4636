//! Texts and places in them. Everything that a message can point at carries a [`Span`];
//! lines and columns are computed from it by `report`, nowhere else.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

/// A file of the project, by its place in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A place in the project: a file and a half-open byte range of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.0, self.start, self.end)
    }
}

impl Span {
    /// The bytes `start..end` of `file`. An end before the start gives an empty span.
    pub fn new(file: FileId, start: usize, end: usize) -> Self {
        let start = clamp(start);
        Span { file, start, end: clamp(end).max(start) }
    }

    /// Length in bytes.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it holds no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The byte range, for slicing with `str::get`.
    pub fn range(self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The smallest span holding both; `self` where the files differ.
    pub fn to(self, other: Span) -> Span {
        if self.file != other.file {
            return self;
        }
        Span { file: self.file, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The same place once its files stand behind so many others: see [`Sources::append`].
    pub fn behind(self, files: u32) -> Span {
        Span { file: FileId(self.file.0.saturating_add(files)), ..self }
    }

    /// Whether `other` lies within this span.
    pub fn contains(self, other: Span) -> bool {
        self.file == other.file && self.start <= other.start && other.end <= self.end
    }

    /// The bytes `from..to` counted from this span's start, cut at its end.
    pub fn part(self, from: usize, to: usize) -> Span {
        let start = self.start.saturating_add(clamp(from)).min(self.end);
        let end = self.start.saturating_add(clamp(to)).min(self.end);
        Span { file: self.file, start, end: end.max(start) }
    }

    /// The empty span at this span's start.
    pub fn at_start(self) -> Span {
        Span { end: self.start, ..self }
    }

    /// The empty span at this span's end.
    pub fn at_end(self) -> Span {
        Span { start: self.end, ..self }
    }
}

fn clamp(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A value and the place that it was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct At<T> {
    /// What was read.
    pub value: T,
    /// Where.
    pub span: Span,
}

impl<T> At<T> {
    /// Joins a value to its place.
    pub fn new(value: T, span: Span) -> Self {
        At { value, span }
    }

    /// Changes the value, keeps the place.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At { value: f(self.value), span: self.span }
    }
}

impl<T> std::ops::Deref for At<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// A line and a column, both counted from 1; the column in Unicode scalar values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// What kept a file's text from being the bytes on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TextProblem {
    /// Bytes that are no UTF-8, the first at this offset; each is read as `?`, so that offsets stay true.
    NotUtf8 {
        /// Offset of the first such byte.
        first: usize,
        /// How many there are.
        count: usize,
    },
    /// UTF-16 or UTF-32, told by its byte order mark. Read as empty: no builder takes it either.
    WideEncoding(&'static str),
    /// Larger than [`MAX_FILE_BYTES`]. Read as empty.
    TooLarge {
        /// Size in bytes.
        bytes: u64,
    },
}

/// Files above this size are not read (64 MiB).
pub const MAX_FILE_BYTES: u64 = 64 << 20;

/// One text of the project.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its id in [`Sources`].
    pub id: FileId,
    /// Path as shown to the user: relative to the working directory where it lies below it, with `/`.
    pub path: String,
    /// The text; a byte order mark is kept, so that offsets are the file's.
    pub text: String,
    /// What was wrong with the bytes, if anything.
    pub problem: Option<TextProblem>,
    /// Of the few files whose lines are asked for.
    line_starts: OnceLock<Vec<u32>>,
}

impl SourceFile {
    /// Length of the byte order mark, 0 or 3.
    pub fn bom_len(&self) -> usize {
        if self.text.starts_with('\u{feff}') { 3 } else { 0 }
    }

    /// The text of a span of this file; empty where it does not lie on character boundaries.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.range()).unwrap_or_default()
    }

    /// A span over the whole file.
    pub fn span(&self) -> Span {
        Span::new(self.id, 0, self.text.len())
    }

    /// Number of lines; a file that ends in a newline has no further line after it.
    pub fn line_count(&self) -> usize {
        let starts = self.line_starts();
        let last_is_empty = starts.last().is_some_and(|&s| s as usize == self.text.len());
        starts.len() - usize::from(last_is_empty && starts.len() > 1)
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| line_starts(&self.text))
    }

    /// The line (from 1) that holds a byte offset.
    pub fn line_of(&self, offset: usize) -> usize {
        self.line_starts().partition_point(|&s| s as usize <= offset).max(1)
    }

    /// Byte range of a line (from 1), without its line break.
    pub fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        let starts = self.line_starts();
        let start = starts.get(line.saturating_sub(1)).map_or(self.text.len(), |&s| s as usize);
        let end = starts.get(line).map_or(self.text.len(), |&s| s as usize);
        let text = self.text.get(start..end).unwrap_or_default();
        let trimmed = text.strip_suffix('\n').unwrap_or(text);
        let trimmed = trimmed.strip_suffix('\r').unwrap_or(trimmed);
        start..start + trimmed.len()
    }

    /// The text of a line (from 1), without its line break.
    pub fn line_text(&self, line: usize) -> &str {
        self.text.get(self.line_range(line)).unwrap_or_default()
    }

    /// Line and column of a byte offset. The byte order mark is not counted as a column.
    pub fn line_column(&self, offset: usize) -> LineColumn {
        let line = self.line_of(offset);
        let before = self.before(line, offset);
        LineColumn { line, column: before.chars().filter(|&c| c != '\u{feff}').count() + 1 }
    }

    /// Column (from 1) of a byte offset in UTF-16 code units, as SARIF and editors count.
    pub fn utf16_column(&self, offset: usize) -> usize {
        let line = self.line_of(offset);
        self.before(line, offset).chars().filter(|&c| c != '\u{feff}').map(char::len_utf16).sum::<usize>() + 1
    }

    fn before(&self, line: usize, offset: usize) -> &str {
        let start = self.line_starts().get(line - 1).map_or(0, |&s| s as usize);
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        self.text.get(start..end).unwrap_or_default()
    }
}

/// All texts of a run, in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
    by_path: HashMap<String, FileId>,
    bytes: usize,
}

impl Sources {
    /// An empty collection.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many bytes all texts have together.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds a text under its display path, or returns the id that this path already has.
    pub fn add(&mut self, path: &str, text: String) -> FileId {
        self.insert(path, text, None)
    }

    /// Adds a file's bytes, decoding them; see [`TextProblem`].
    pub fn add_bytes(&mut self, path: &str, bytes: Vec<u8>) -> FileId {
        let (text, problem) = decode(bytes);
        self.insert(path, text, problem)
    }

    /// Adds a file that was not read because of its size.
    pub fn add_too_large(&mut self, path: &str, bytes: u64) -> FileId {
        self.insert(path, String::new(), Some(TextProblem::TooLarge { bytes }))
    }

    fn insert(&mut self, path: &str, text: String, problem: Option<TextProblem>) -> FileId {
        if let Some(&id) = self.by_path.get(path) {
            return id;
        }
        let id = FileId(clamp(self.files.len()));
        self.bytes += text.len();
        self.files.push(SourceFile { id, path: path.to_owned(), text, problem, line_starts: OnceLock::new() });
        self.by_path.insert(path.to_owned(), id);
        id
    }

    /// Puts the files of another collection behind these, none of which stands under the same path. Gives how many are before them now.
    pub fn append(&mut self, other: Sources) -> u32 {
        let before = clamp(self.files.len());
        let behind = |id: FileId| FileId(id.0.saturating_add(before));
        self.files.extend(other.files.into_iter().map(|file| SourceFile { id: behind(file.id), ..file }));
        self.by_path.extend(other.by_path.into_iter().map(|(path, id)| (path, behind(id))));
        self.bytes += other.bytes;
        before
    }

    /// The file of an id. Ids come from this collection; a foreign one gives an empty file.
    pub fn get(&self, id: FileId) -> &SourceFile {
        static EMPTY: SourceFile =
            SourceFile { id: FileId(u32::MAX), path: String::new(), text: String::new(), problem: None, line_starts: OnceLock::new() };
        self.files.get(id.0 as usize).unwrap_or(&EMPTY)
    }

    /// The id of a display path.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// The text of a span.
    pub fn slice(&self, span: Span) -> &str {
        self.get(span.file).slice(span)
    }

    /// The display path of a file.
    pub fn path(&self, id: FileId) -> &str {
        &self.get(id).path
    }

    /// The line (from 1) on which a span starts.
    pub fn line(&self, span: Span) -> usize {
        self.get(span.file).line_of(span.start as usize)
    }

    /// All files, in order.
    pub fn iter(&self) -> impl Iterator<Item = &SourceFile> {
        self.files.iter()
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// What a line has by and large, in bytes.
const USUAL_LINE: usize = 24;

fn line_starts(text: &str) -> Vec<u32> {
    let mut starts = Vec::with_capacity(text.len() / USUAL_LINE + 1);
    starts.push(0);
    starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|i| clamp(i + 1)));
    starts
}

fn decode(bytes: Vec<u8>) -> (String, Option<TextProblem>) {
    let wide = match bytes.as_slice() {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        _ => None,
    };
    if let Some(name) = wide {
        return (String::new(), Some(TextProblem::WideEncoding(name)));
    }
    match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(error) => {
            let first = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let mut text = String::with_capacity(bytes.len());
            let mut count = 0;
            for chunk in bytes.utf8_chunks() {
                text.push_str(chunk.valid());
                count += chunk.invalid().len();
                text.extend(std::iter::repeat_n('?', chunk.invalid().len()));
            }
            (text, Some(TextProblem::NotUtf8 { first, count }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_skip_the_byte_order_mark() {
        let mut s = Sources::new();
        let id = s.add("f", "\u{feff}añb\r\n𝄞x".to_owned());
        let f = s.get(id);
        assert_eq!(f.line_column(7), LineColumn { line: 1, column: 4 });
        assert_eq!(f.line_text(1), "\u{feff}añb");
        let x = f.text.find('x').unwrap_or_default();
        assert_eq!(f.line_column(x), LineColumn { line: 2, column: 2 });
        assert_eq!(f.utf16_column(x), 3);
    }

    #[test]
    fn bytes_that_are_no_utf8_keep_their_offsets() {
        let mut s = Sources::new();
        let id = s.add_bytes("f", b"# caf\xe9\nFROM a".to_vec());
        assert_eq!(s.get(id).text, "# caf?\nFROM a");
        assert_eq!(s.get(id).problem, Some(TextProblem::NotUtf8 { first: 5, count: 1 }));
    }

    #[test]
    fn a_final_newline_starts_no_line() {
        let mut s = Sources::new();
        for (text, lines) in [("", 1), ("a", 1), ("a\n", 1), ("a\nb", 2), ("\n\n", 2)] {
            let id = s.add(text, text.to_owned());
            assert_eq!(s.get(id).line_count(), lines, "{text:?}");
        }
    }
}
