//! Applies fixes to texts. One pass takes every fix that touches nothing another one has touched; what was left aside is
//! found again when the result is checked, so passes are repeated until none changes anything ([`MAX_PASSES`]).

use std::collections::BTreeMap;

use crate::diagnostic::{Applicability, Diagnostic, Edit, Fix};
use crate::source::{FileId, Sources};

/// Passes after which fixing stops: rules whose fixes undo each other must not run for ever.
pub const MAX_PASSES: usize = 10;

/// What one pass made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The new texts of the files that changed.
    pub texts: BTreeMap<FileId, String>,
    /// How many fixes were applied.
    pub applied: usize,
    /// How many were left aside: they overlap an applied one, or cannot be applied to the text.
    pub left: usize,
}

/// Applies the fixes of `diagnostics` that are at most as bold as `allowed`. Templates to fill in are never applied.
pub fn apply(sources: &Sources, diagnostics: &[Diagnostic], allowed: Applicability) -> Fixed {
    let may = |f: &&Fix| f.applicability <= allowed && f.applicability != Applicability::Manual && !f.edits.is_empty();
    let mut fixes: Vec<&Fix> = diagnostics.iter().filter_map(|d| d.fix.as_ref()).filter(may).collect();
    // By place alone, so that the result does not depend on the order in which rules ran; safe ones first.
    fixes.sort_by_cached_key(|f| {
        let places: Vec<_> = f.edits.iter().map(|e| (sources.path(e.span.file), e.span.start, e.span.end, e.new_text.as_str())).collect();
        (f.applicability, places.into_iter().min(), f.title.as_str())
    });
    let mut taken: BTreeMap<FileId, Vec<Edit>> = BTreeMap::new();
    let mut fixed = Fixed::default();
    for fix in fixes {
        match prepared(sources, fix) {
            Some(edits) if !edits.iter().any(|e| taken.get(&e.span.file).is_some_and(|t| t.iter().any(|o| touch(e, o)))) => {
                fixed.applied += 1;
                edits.into_iter().for_each(|e| taken.entry(e.span.file).or_default().push(e));
            }
            _ => fixed.left += 1,
        }
    }
    for (file, edits) in taken {
        fixed.texts.insert(file, replace(&sources.get(file).text, edits));
    }
    fixed
}

/// The edits of a fix as they go into the text; `None` where they contradict each other or don't fit it.
fn prepared(sources: &Sources, fix: &Fix) -> Option<Vec<Edit>> {
    let mut edits: Vec<Edit> = Vec::new();
    for e in &fix.edits {
        let file = sources.get(e.span.file);
        // A text that is not the bytes on disk cannot be written back.
        if file.problem.is_some() || file.text.get(e.span.range()).is_none() {
            return None;
        }
        let edit = Edit { span: e.span, new_text: with_line_breaks_of(&file.text, &e.new_text) };
        match edits.iter().find(|o| touch(&edit, o)) {
            Some(same) if *same == edit => {}
            Some(_) => return None,
            None => edits.push(edit),
        }
    }
    Some(edits)
}

/// Whether two edits cannot both be made: they share a byte, or one inserts where the other begins, ends or inserts.
fn touch(a: &Edit, b: &Edit) -> bool {
    if a.span.file != b.span.file {
        return false;
    }
    if a.span.is_empty() || b.span.is_empty() {
        return a.span.start <= b.span.end && b.span.start <= a.span.end;
    }
    a.span.start < b.span.end && b.span.start < a.span.end
}

/// New lines end as the file's own lines do.
fn with_line_breaks_of(text: &str, new_text: &str) -> String {
    let crlf = text.find('\n').and_then(|at| at.checked_sub(1)).is_some_and(|at| text.as_bytes().get(at) == Some(&b'\r'));
    if crlf { new_text.replace("\r\n", "\n").replace('\n', "\r\n") } else { new_text.to_owned() }
}

/// The text with edits made that don't touch each other.
fn replace(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|e| (e.span.start, e.span.end));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for e in edits {
        out.push_str(text.get(at..e.span.start as usize).unwrap_or_default());
        out.push_str(&e.new_text);
        at = e.span.end as usize;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;
    use crate::source::Span;

    fn fixing(file: FileId, applicability: Applicability, edits: &[(usize, usize, &str)]) -> Diagnostic {
        let edit = |&(start, end, text): &(usize, usize, &str)| Edit { span: Span::new(file, start, end), new_text: text.to_owned() };
        Diagnostic {
            rule: "r",
            category: "c",
            aliases: Vec::new(),
            severity: Severity::Error,
            message: String::new(),
            primary: Span::new(file, 0, 0),
            label: String::new(),
            related: Vec::new(),
            help: None,
            fix: Some(Fix { title: String::new(), applicability, edits: edits.iter().map(edit).collect() }),
            masks: Vec::new(),
        }
    }

    fn run(text: &str, allowed: Applicability, fixes: &[(Applicability, &[(usize, usize, &str)])]) -> (String, usize, usize) {
        let mut sources = Sources::new();
        let file = sources.add("f", text.to_owned());
        let all: Vec<_> = fixes.iter().map(|(a, edits)| fixing(file, *a, edits)).collect();
        let forth = apply(&sources, &all, allowed);
        let back: Vec<_> = all.into_iter().rev().collect();
        assert_eq!(forth, apply(&sources, &back, allowed), "the order of findings decides nothing");
        (forth.texts.get(&file).cloned().unwrap_or_else(|| text.to_owned()), forth.applied, forth.left)
    }

    use Applicability::{Manual, Safe, Unsafe};

    #[test]
    fn edits_apart_are_all_made() {
        let got = run("one two three", Safe, &[(Safe, &[(0, 3, "1")]), (Safe, &[(8, 13, "3")]), (Safe, &[(5, 5, "x")])]);
        assert_eq!(got, ("1 txwo 3".to_owned(), 3, 0));
    }

    #[test]
    fn a_fix_is_made_whole_or_not_at_all() {
        let got = run("one two three", Safe, &[(Safe, &[(0, 3, "1"), (4, 7, "2")]), (Safe, &[(6, 13, "x")])]);
        assert_eq!(got, ("1 2 three".to_owned(), 1, 1));
        let contradiction: &[(usize, usize, &str)] = &[(0, 3, "1"), (2, 5, "2")];
        assert_eq!(run("one two", Safe, &[(Safe, contradiction)]), ("one two".to_owned(), 0, 1));
    }

    #[test]
    fn two_insertions_at_one_place_wait_for_each_other() {
        assert_eq!(run("ab", Safe, &[(Safe, &[(1, 1, "x")]), (Safe, &[(1, 1, "y")])]), ("axb".to_owned(), 1, 1));
    }

    #[test]
    fn only_what_is_allowed_is_made() {
        let fixes: &[(Applicability, &[(usize, usize, &str)])] =
            &[(Unsafe, &[(0, 1, "u")]), (Safe, &[(1, 2, "s")]), (Manual, &[(2, 3, "m")])];
        assert_eq!(run("abc", Safe, fixes).0, "asc");
        assert_eq!(run("abc", Unsafe, fixes).0, "usc");
        assert_eq!(run("abc", Manual, fixes).0, "usc");
    }

    #[test]
    fn new_lines_end_as_the_file_has_them() {
        assert_eq!(run("a\r\nb\r\n", Safe, &[(Safe, &[(3, 3, "x\ny\r\n")])]).0, "a\r\nx\r\ny\r\nb\r\n");
        assert_eq!(run("a\nb", Safe, &[(Safe, &[(2, 2, "x\n")])]).0, "a\nx\nb");
    }

    #[test]
    fn places_outside_the_text_and_texts_that_are_not_the_bytes_are_left_alone() {
        assert_eq!(run("é", Safe, &[(Safe, &[(1, 2, "x")]), (Safe, &[(9, 12, "x")])]), ("é".to_owned(), 0, 2));
        let mut sources = Sources::new();
        let file = sources.add_bytes("f", vec![b'a', 0xff]);
        assert_eq!(apply(&sources, &[fixing(file, Safe, &[(0, 1, "b")])], Safe).applied, 0);
    }
}
