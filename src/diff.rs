//! Unified diffs of two texts, as `--diff` prints them and `patch` reads them.

use std::fmt::Write;
use std::ops::Range;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;
/// Beyond this many changed lines the middle is given as one replacement: the search for the smallest diff grows with
/// the square of it.
const MAX_CHANGES: usize = 2000;

/// The diff from `old` to `new` of the file at `path`; empty where they are equal.
pub fn unified(path: &str, old: &str, new: &str) -> String {
    unified_shown(path, old, new, old, new)
}

/// The same with other lines printed than those compared: `shown_old` and `shown_new` stand line by line for the texts,
/// with what must not be printed taken out.
pub fn unified_shown(path: &str, old: &str, new: &str, shown_old: &str, shown_new: &str) -> String {
    let changes = changes(&lines(old), &lines(new));
    let (a, b) = (lines(shown_old), lines(shown_new));
    if changes.is_empty() {
        return String::new();
    }
    let mut out = format!("--- {path}\n+++ {path}\n");
    for hunk in hunks(&changes) {
        write_hunk(&mut out, &a, &b, hunk);
    }
    out
}

/// Lines `old` are replaced by lines `new`; one of the two may be empty.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    old: Range<usize>,
    new: Range<usize>,
}

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

fn changes(a: &[&str], b: &[&str]) -> Vec<Change> {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (a.get(head..).unwrap_or_default(), b.get(head..).unwrap_or_default());
    let tail = rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|(x, y)| x == y).count();
    let middle_a = rest_a.get(..rest_a.len() - tail).unwrap_or_default();
    let middle_b = rest_b.get(..rest_b.len() - tail).unwrap_or_default();
    let mut changes: Vec<Change> = Vec::new();
    let mut at = (0, 0);
    let end = (middle_a.len(), middle_b.len());
    for (x, y) in common(middle_a, middle_b).into_iter().chain([end]) {
        if (x, y) != at {
            changes.push(Change { old: head + at.0..head + x, new: head + at.1..head + y });
        }
        at = (x + 1, y + 1);
    }
    changes
}

/// The pairs of equal lines on the shortest way from one text to the other (Myers' greedy search).
fn common(a: &[&str], b: &[&str]) -> Vec<(usize, usize)> {
    let max = (a.len() + b.len()).min(MAX_CHANGES);
    // Furthest x on every diagonal x - y, for each number of changes; diagonal k is kept at k + changes + 1.
    let mut trace: Vec<Vec<usize>> = vec![vec![0, 0, 0]];
    for d in 0..=max {
        let before = trace.last().cloned().unwrap_or_default();
        let old = |k: usize| before.get(k).copied().unwrap_or(0);
        let mut now = vec![0; 2 * d + 3];
        for i in (0..=2 * d).step_by(2) {
            // Diagonal i - d; in `before`, which has one diagonal less on each side, it is kept at i.
            let down = i == 0 || (i != 2 * d && old(i - 1) < old(i + 1));
            let mut x = if d == 0 {
                0
            } else if down {
                old(i + 1)
            } else {
                old(i - 1) + 1
            };
            let Some(mut y) = (x + d).checked_sub(i) else { continue };
            while a.get(x).is_some_and(|line| b.get(y) == Some(line)) {
                x += 1;
                y += 1;
            }
            if let Some(slot) = now.get_mut(i + 1) {
                *slot = x;
            }
            if x >= a.len() && y >= b.len() {
                return walk_back(&trace, d, (a.len(), b.len()));
            }
        }
        trace.push(now);
    }
    Vec::new()
}

fn walk_back(trace: &[Vec<usize>], changes: usize, end: (usize, usize)) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let (mut x, mut y) = end;
    for d in (1..=changes).rev() {
        let old = |k: usize| trace.get(d).and_then(|v| v.get(k)).copied().unwrap_or(0);
        let Some(i) = (x + d).checked_sub(y) else { break };
        let down = i == 0 || (i != 2 * d && old(i - 1) < old(i + 1));
        let (start_x, k) = if down { (old(i + 1), i + 1) } else { (old(i - 1), i - 1) };
        // The diagonal before this change, in its own numbering, gives the line reached on the other side.
        let Some(start_y) = (start_x + d).checked_sub(k) else { break };
        let after = if down { (start_x, start_y + 1) } else { (start_x + 1, start_y) };
        while (x, y) > after && x > after.0 {
            x -= 1;
            y -= 1;
            pairs.push((x, y));
        }
        (x, y) = (start_x, start_y);
    }
    while x > 0 && y > 0 {
        x -= 1;
        y -= 1;
        pairs.push((x, y));
    }
    pairs.reverse();
    pairs
}

/// Changes whose contexts meet are shown together.
fn hunks(changes: &[Change]) -> Vec<&[Change]> {
    let mut hunks = Vec::new();
    let mut start = 0;
    for (i, pair) in changes.windows(2).enumerate() {
        if let [left, right] = pair
            && right.old.start - left.old.end > 2 * CONTEXT
        {
            hunks.extend(changes.get(start..=i));
            start = i + 1;
        }
    }
    hunks.extend(changes.get(start..));
    hunks
}

fn write_hunk(out: &mut String, a: &[&str], b: &[&str], hunk: &[Change]) {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else { return };
    let before = first.old.start.min(CONTEXT);
    let after = a.len().saturating_sub(last.old.end).min(CONTEXT);
    let old = first.old.start - before..last.old.end + after;
    let new = first.new.start - before..last.new.end + after;
    let _ = writeln!(out, "@@ -{} +{} @@", extent(&old), extent(&new));
    let mut at = old.start;
    for change in hunk {
        write_lines(out, ' ', a, at..change.old.start);
        write_lines(out, '-', a, change.old.clone());
        write_lines(out, '+', b, change.new.clone());
        at = change.old.end;
    }
    write_lines(out, ' ', a, at..old.end);
}

/// First line and number of lines; an empty extent names the line before it.
fn extent(range: &Range<usize>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        n => format!("{},{n}", range.start + 1),
    }
}

fn write_lines(out: &mut String, sign: char, lines: &[&str], range: Range<usize>) {
    for line in lines.get(range).unwrap_or_default() {
        out.push(sign);
        out.push_str(line);
        if !line.ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(unified("f", "a\nb\n", "a\nb\n"), "");
    }

    #[test]
    fn a_change_is_shown_with_three_lines_around_it() {
        let old = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n";
        let new = old.replace("5\n6", "5\nx\n6").replace("14\n15\n", "14\n15");
        let want = "--- f\n+++ f\n@@ -3,6 +3,7 @@\n 3\n 4\n 5\n+x\n 6\n 7\n 8\n@@ -12,4 +13,4 @@\n 12\n 13\n 14\n-15\n+15\n\\ No newline at end of file\n";
        assert_eq!(unified("f", old, &new.replacen("1x", "1", 1)), want);
    }

    #[test]
    fn other_lines_may_be_shown_than_those_compared() {
        let diff = unified_shown("f", "P=abc\nx\n", "P=abc\ny\nQ=abc\n", "P=•••\nx\n", "P=abc\ny\nQ=•••\n");
        assert_eq!(diff, "--- f\n+++ f\n@@ -1,2 +1,3 @@\n P=•••\n-x\n+y\n+Q=•••\n");
    }

    #[test]
    fn from_nothing_and_to_nothing() {
        assert_eq!(unified("f", "", "a\n"), "--- f\n+++ f\n@@ -0,0 +1 @@\n+a\n");
        assert_eq!(unified("f", "a\n", ""), "--- f\n+++ f\n@@ -1 +0,0 @@\n-a\n");
    }

    #[test]
    fn changes_rebuild_the_new_text() {
        let words = ["a\n", "b\n", "c\n", "d\n"];
        let mut seed = 7u32;
        let mut next = |n: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as usize % n
        };
        for _ in 0..3000 {
            let a: Vec<&str> = (0..next(12)).map(|_| words[next(4)]).collect();
            let b: Vec<&str> = (0..next(12)).map(|_| words[next(4)]).collect();
            let (mut built, mut at): (Vec<&str>, usize) = (Vec::new(), 0);
            let found = changes(&a, &b);
            for c in &found {
                built.extend(&a[at..c.old.start]);
                built.extend(&b[c.new.clone()]);
                at = c.old.end;
            }
            built.extend(&a[at..]);
            assert_eq!(built, b, "{a:?} -> {found:?}");
            let cost: usize = found.iter().map(|c| c.old.len() + c.new.len()).sum();
            assert_eq!(cost, a.len() + b.len() - 2 * longest_common(&a, &b), "{a:?} {b:?} {found:?}");
        }
    }

    fn longest_common(a: &[&str], b: &[&str]) -> usize {
        let mut row = vec![0; b.len() + 1];
        for x in a {
            let mut diagonal = 0;
            for (j, y) in b.iter().enumerate() {
                let above = row[j + 1];
                row[j + 1] = if x == y { diagonal + 1 } else { above.max(row[j]) };
                diagonal = above;
            }
        }
        row[b.len()]
    }
}
