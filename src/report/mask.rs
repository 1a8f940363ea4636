//! Secrets that findings point at, kept out of every output.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::Range;

use crate::diagnostic::Diagnostic;
use crate::source::{FileId, SourceFile, Sources, Span};

/// What stands in place of each hidden character.
pub(crate) const DOT: char = '•';

/// Shorter texts are ordinary words that a message may use by chance; as places they are masked all the same.
const SHORTEST_WORD: usize = 6;
/// Texts this short are not even looked for in new lines of a file.
const SHORTEST_IN_CODE: usize = 3;

/// The places that no output may show, and their texts.
#[derive(Clone, Debug, Default)]
pub struct Masks {
    places: BTreeMap<FileId, Vec<Range<usize>>>,
    /// With the [`letters`] of each.
    words: Vec<(String, u64)>,
    /// Those of them that the path of a file holds: it is printed with every finding there, so dots in a message hide nothing.
    in_paths: Vec<String>,
}

impl Masks {
    /// The masks of all findings and `others`.
    pub fn new(sources: &Sources, diagnostics: &[Diagnostic], others: &[Span]) -> Self {
        let mut masks = Masks::default();
        for span in diagnostics.iter().flat_map(|d| &d.masks).chain(others).filter(|s| !s.is_empty()) {
            masks.places.entry(span.file).or_default().push(span.range());
            let word = sources.slice(*span).trim_matches(|c: char| c.is_whitespace() || c == '"' || c == '\'');
            if word.len() >= SHORTEST_IN_CODE && !PLAIN_WORDS.contains(&word) {
                masks.words.push((word.to_owned(), letters(word)));
            }
        }
        for ranges in masks.places.values_mut() {
            ranges.sort_by_key(|r| (r.start, r.end));
            ranges.dedup_by(|next, last| {
                let joined = next.start <= last.end;
                if joined {
                    last.end = last.end.max(next.end);
                }
                joined
            });
        }
        // The longest first, so that no secret survives because a shorter one was cut out of it.
        masks.words.sort_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        masks.words.dedup();
        if !masks.words.is_empty() {
            let in_name = |c: char| c.is_alphanumeric() || c == '_';
            let named: HashSet<&str> = sources.iter().flat_map(|f| f.path.split(|c| !in_name(c))).collect();
            masks.in_paths = masks.words.iter().map(|(w, _)| w).filter(|w| named.contains(w.as_str())).cloned().collect();
        }
        masks
    }

    /// Whether nothing is masked.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Whether the byte at `offset` is masked.
    pub fn covers(&self, file: FileId, offset: usize) -> bool {
        let Some(ranges) = self.places.get(&file) else { return false };
        let after = ranges.partition_point(|r| r.start <= offset);
        after.checked_sub(1).and_then(|i| ranges.get(i)).is_some_and(|r| offset < r.end)
    }

    /// Whether a text holds a masked one.
    pub fn shows(&self, text: &str) -> bool {
        self.words_in(text, SHORTEST_WORD).any(|w| occurrences(text, w).next().is_some())
    }

    /// A text with every masked text in it replaced by dots.
    pub fn hide<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.hide_from(self.words_in(text, SHORTEST_WORD).filter(|w| !self.in_paths.iter().any(|p| p == w)), text)
    }

    /// The text of a file with its masked places replaced by dots, line by line as it was.
    pub fn hide_places(&self, file: &SourceFile) -> String {
        let mut out = String::with_capacity(file.text.len());
        let mut at = 0;
        for r in self.places.get(&file.id).into_iter().flatten() {
            out.push_str(file.text.get(at..r.start).unwrap_or_default());
            out.push_str(&dots(file.text.get(r.clone()).unwrap_or_default()));
            at = r.end;
        }
        out.push_str(file.text.get(at..).unwrap_or_default());
        out
    }

    /// A file's new text, of which no place is known: even short masked texts are looked for.
    pub fn hide_in_code(&self, text: &str) -> String {
        self.hide_from(self.words_in(text, SHORTEST_IN_CODE), text).into_owned()
    }

    /// The masked texts whose letters a text has, all that it can hold.
    fn words_in(&self, text: &str, shortest: usize) -> impl Iterator<Item = &str> {
        let there = if self.words.is_empty() { 0 } else { letters(text) };
        self.words.iter().filter(move |(w, wanted)| w.len() >= shortest && wanted & !there == 0).map(|(w, _)| w.as_str())
    }

    fn hide_from<'s, 't>(&self, words: impl Iterator<Item = &'s str>, text: &'t str) -> Cow<'t, str> {
        let mut hidden = Cow::Borrowed(text);
        for word in words {
            let places: Vec<usize> = occurrences(&hidden, word).collect();
            for at in places.into_iter().rev() {
                // dots are longer than what they replace: from the back, the places before stay true
                hidden.to_mut().replace_range(at..at + word.len(), &dots(word));
            }
        }
        hidden
    }
}

/// Words that everybody uses as passwords and in sentences: where they stand is hidden, the words themselves are not.
const PLAIN_WORDS: [&str; 14] = [
    "password",
    "passwd",
    "secret",
    "postgres",
    "postgresql",
    "mariadb",
    "rabbitmq",
    "mongodb",
    "default",
    "example",
    "changeme",
    "database",
    "username",
    "production",
];

/// The bytes of a text as bits, some of which share one.
fn letters(text: &str) -> u64 {
    text.bytes().fold(0, |all, b| all | 1 << (b & 63))
}

/// Where a secret stands in a text as a whole, not as a part of a longer name.
fn occurrences<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|t| t.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|t| t.chars().next());
        let goes_on = before.is_some_and(name) && word.starts_with(name) || after.is_some_and(name) && word.ends_with(name);
        !goes_on
    })
}

/// As many dots as the text has characters, line breaks kept.
pub(crate) fn dots(text: &str) -> String {
    text.chars().map(|c| if c == '\n' || c == '\r' { c } else { DOT }).collect()
}
