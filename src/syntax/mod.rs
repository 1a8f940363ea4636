//! Text → tree, one module a format. Parsers never fail: they give what they could read and a list of errors.

use crate::source::Span;

pub mod dockerfile;
pub mod dockerignore;
pub mod dockerrun;
pub mod dotenv;
pub mod duration;
pub mod gunicorn;
pub mod interpolate;
pub mod json;
pub mod nginx;
pub mod package_json;
pub mod shell;
pub mod supervisord;
pub mod yaml;

/// What a parser could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// Which of the families of errors; decides the rule that reports it.
    pub kind: SyntaxErrorKind,
    /// One sentence: what was found and what was expected.
    pub message: String,
    /// What to do, where it is known.
    pub help: Option<String>,
}

/// Families of syntax errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyntaxErrorKind {
    /// Anything that has no family of its own.
    Syntax,
    /// A word that is no instruction.
    UnknownInstruction,
    /// A flag that the instruction does not have.
    UnknownFlag,
    /// The same key twice in one mapping.
    DuplicateKey,
}

/// The option nearest to a misspelt word: fewer than three edits away and no more than half of it; ties go to the first.
pub fn closest<'a>(word: &str, options: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // a word this long is no misspelling, and comparing two such would take its time
    if word.len() > 64 {
        return None;
    }
    let limit = (word.chars().count() / 2).min(2);
    let mut best: Option<(usize, &str)> = None;
    for option in options {
        let distance = edit_distance(word, option, limit);
        if distance <= limit && best.is_none_or(|(d, _)| distance < d) {
            best = Some((distance, option));
        }
    }
    best.map(|(_, option)| option)
}

/// Edits between two words, a swap of neighbours being one; given up once there are more than `limit` for certain
/// (the result is then larger than it).
pub fn edit_distance(a: &str, b: &str, limit: usize) -> usize {
    if a.is_ascii() && b.is_ascii() {
        return edits(a.as_bytes(), b.as_bytes(), limit);
    }
    edits(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>(), limit)
}

fn edits<T: PartialEq>(a: &[T], b: &[T], limit: usize) -> usize {
    if a.len().abs_diff(b.len()) > limit {
        return limit + 1;
    }
    let at = |row: &[usize], k: usize| row.get(k).copied().unwrap_or(usize::MAX / 2);
    let mut before: Vec<usize> = Vec::with_capacity(b.len() + 1);
    let mut next = before.clone();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        next.clear();
        next.push(i + 1);
        for (j, y) in b.iter().enumerate() {
            let mut best = (at(&row, j) + usize::from(x != y)).min(at(&row, j + 1) + 1).min(at(&next, j) + 1);
            if i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x) {
                best = best.min(at(&before, j - 1) + 1);
            }
            next.push(best);
        }
        // whatever follows is made from two rows
        if next.iter().chain(&row).all(|edits| *edits > limit) {
            return limit + 1;
        }
        std::mem::swap(&mut before, &mut row);
        std::mem::swap(&mut row, &mut next);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_far_ones_are_not() {
        assert_eq!(edit_distance("kitten", "sitting", 9), 3);
        assert_eq!(edit_distance("prots", "ports", 2), 1);
        assert_eq!(closest("RUNN", ["RUN", "ENV"]), Some("RUN"));
        assert_eq!(closest("ab", ["xy", "cd"]), None);
    }
}
