//! Applies fixes to texts. One pass takes every fix that touches nothing another one has touched; what was left aside is
//! found again when the result is checked, so passes are repeated until none changes anything ([`MAX_PASSES`]).

use std::collections::BTreeMap;

use crate::diagnostic::{Applicability, Diagnostic, Edit, Fix};
use crate::files::{Files, Memory, Overlay};
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

/// What fixing made of a project.
#[derive(Clone, Debug)]
pub struct Settled<T> {
    /// The new texts of the files that changed, by path.
    pub texts: BTreeMap<String, String>,
    /// How many fixes were applied.
    pub applied: usize,
    /// The last check, made after the last fix.
    pub last: T,
    /// Whether nothing was left to fix; otherwise fixes undo each other.
    pub settled: bool,
}

/// Checks and fixes in turn until nothing changes. `check` sees `base` with the fixes made so far laid over it; `findings`
/// gives the texts of a check and those of its findings that may be fixed.
pub fn until_settled<T, E>(
    base: &dyn Files,
    allowed: Applicability,
    mut check: impl FnMut(&dyn Files) -> Result<T, E>,
    findings: impl Fn(&T) -> (&Sources, &[Diagnostic]),
) -> Result<Settled<T>, E> {
    let mut files = Overlay::new(base, Memory::new());
    let mut made = Settled { texts: BTreeMap::new(), applied: 0, last: check(&files)?, settled: false };
    for _ in 0..MAX_PASSES {
        let (sources, diagnostics) = findings(&made.last);
        let fixed = apply(sources, diagnostics, allowed);
        let changed: Vec<(String, String)> = fixed
            .texts
            .into_iter()
            .filter(|(id, text)| sources.get(*id).text != *text)
            .map(|(id, text)| (sources.path(id).to_owned(), text))
            .collect();
        if changed.is_empty() {
            made.settled = true;
            break;
        }
        made.applied += fixed.applied;
        for (path, text) in changed {
            files.insert(&path, text.as_bytes());
            made.texts.insert(path, text);
        }
        made.last = check(&files)?;
    }
    Ok(made)
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

    type Edits<'a> = &'a [(usize, usize, &'a str)];
    type Given<'a> = (Applicability, Edits<'a>);

    fn run(text: &str, allowed: Applicability, fixes: &[Given]) -> (String, usize, usize) {
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
        let contradiction: Edits = &[(0, 3, "1"), (2, 5, "2")];
        assert_eq!(run("one two", Safe, &[(Safe, contradiction)]), ("one two".to_owned(), 0, 1));
    }

    #[test]
    fn two_insertions_at_one_place_wait_for_each_other() {
        assert_eq!(run("ab", Safe, &[(Safe, &[(1, 1, "x")]), (Safe, &[(1, 1, "y")])]), ("axb".to_owned(), 1, 1));
    }

    #[test]
    fn only_what_is_allowed_is_made() {
        let fixes: &[Given] = &[(Unsafe, &[(0, 1, "u")]), (Safe, &[(1, 2, "s")]), (Manual, &[(2, 3, "m")])];
        assert_eq!(run("abc", Safe, fixes).0, "asc");
        assert_eq!(run("abc", Unsafe, fixes).0, "usc");
        assert_eq!(run("abc", Manual, fixes).0, "usc");
    }

    #[test]
    fn new_lines_end_as_the_file_has_them() {
        assert_eq!(run("a\r\nb\r\n", Safe, &[(Safe, &[(3, 3, "x\ny\r\n")])]).0, "a\r\nx\r\ny\r\nb\r\n");
        assert_eq!(run("a\nb", Safe, &[(Safe, &[(2, 2, "x\n")])]).0, "a\nx\nb");
    }

    /// A rule that wants every `a` to be another letter.
    fn checked(files: &dyn Files, to: &str) -> Result<(Sources, Vec<Diagnostic>), String> {
        let mut sources = Sources::new();
        let file = sources.add_bytes("f", files.read("f").map_err(|e| e.to_string())?);
        let found = sources.get(file).text.find('a');
        let diagnostics = found.map(|at| fixing(file, Safe, &[(at, at + 1, to)])).into_iter().collect();
        Ok((sources, diagnostics))
    }

    #[test]
    fn passes_are_repeated_until_nothing_changes() {
        let mut base = Memory::new();
        base.insert("f", "a b a");
        let done = until_settled(&base, Safe, |f| checked(f, "x"), |(s, d)| (s, d)).unwrap();
        assert_eq!((done.texts["f"].as_str(), done.applied, done.settled), ("x b x", 2, true));
        assert!(done.last.1.is_empty());
        let grows = until_settled(&base, Safe, |f| checked(f, "aa"), |(s, d)| (s, d)).unwrap();
        assert!(!grows.settled && grows.applied == MAX_PASSES, "fixes that never settle are stopped");
        assert!(until_settled(&Memory::new(), Safe, |f| checked(f, "x"), |(s, d)| (s, d)).is_err());
    }

    #[test]
    fn places_outside_the_text_and_texts_that_are_not_the_bytes_are_left_alone() {
        assert_eq!(run("é", Safe, &[(Safe, &[(1, 2, "x")]), (Safe, &[(9, 12, "x")])]), ("é".to_owned(), 0, 2));
        let mut sources = Sources::new();
        let file = sources.add_bytes("f", vec![b'a', 0xff]);
        assert_eq!(apply(&sources, &[fixing(file, Safe, &[(0, 1, "b")])], Safe).applied, 0);
    }
}
