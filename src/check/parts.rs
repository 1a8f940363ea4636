//! Checks what has nothing to do with each other one after the other: the trees of a part are gone before those of the next are
//! made, so that memory and caches hold a few files however many there are.

use std::collections::{BTreeMap, HashMap};

use super::{Outcome, order, run_with};
use crate::diagnostic::Diagnostic;
use crate::files::Files;
use crate::rule::Selection;
use crate::source::Sources;
use crate::stack::{self, Request, Stack};

/// What is left of a stack once it is checked.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// All texts.
    pub sources: Sources,
    /// How many files count as checked.
    pub files: usize,
    /// Files that were wanted and could not be read: path and reason.
    pub unreadable: Vec<(String, String)>,
    /// What was found.
    pub outcome: Outcome,
    /// The trees, where all is one part: a process that ends leaves them to the system.
    pub trees: Option<Stack>,
}

/// Loads what is asked for and checks it, as [`stack::load`] and [`run_with`] do. `outside` gives what another tool finds in a stack.
///
/// # Errors
/// The first one of `outside`.
pub fn in_parts<E: Send>(
    request: &Request,
    files: &dyn Files,
    selection: &Selection,
    outside: impl Fn(&Stack) -> Result<Vec<Diagnostic>, E> + Sync + Send,
) -> Result<Checked, E> {
    let check = |part: &Request| {
        let mut stack = stack::load(part, files);
        let outcome = run_with(&stack, selection, outside(&stack)?);
        let (sources, unreadable) = (std::mem::take(&mut stack.sources), std::mem::take(&mut stack.unreadable));
        Ok(Checked { sources, files: stack.checked.len(), unreadable, outcome, trees: Some(stack) })
    };
    let without_trees = |part: &Request| check(part).map(|checked| Checked { trees: None, ..checked });
    let mut parts = request.parts();
    if let [whole] = parts.as_slice() {
        return check(whole);
    }
    let mut checked: Vec<Checked> = all(crate::par::map(&parts, request.bytes(), without_trees))?;
    // whoever reads a file of another part belongs to it, which the texts have told by now
    while let Some(groups) = touching(&checked) {
        let old: Vec<(Request, Checked)> = parts.into_iter().zip(checked).collect();
        (parts, checked) = (Vec::new(), Vec::new());
        let mut by_group: BTreeMap<usize, Vec<(Request, Checked)>> = BTreeMap::new();
        old.into_iter().zip(groups).for_each(|(part, group)| by_group.entry(group).or_default().push(part));
        for mut group in by_group.into_values() {
            let (part, known) = match (group.len(), group.pop()) {
                (1, Some(alone)) => alone,
                (_, last) => {
                    let part = Request::joined(group.iter().chain(&last).map(|(request, _)| request));
                    let known = without_trees(&part)?;
                    (part, known)
                }
            };
            parts.push(part);
            checked.push(known);
        }
    }
    Ok(merged(checked))
}

fn all<T, E>(results: Vec<Result<T, E>>) -> Result<Vec<T>, E> {
    results.into_iter().collect()
}

/// For each part the first one that it shares a file with, by way of others if need be; `None` where none does.
fn touching(parts: &[Checked]) -> Option<Vec<usize>> {
    let mut first: Vec<usize> = (0..parts.len()).collect();
    let mut owners: HashMap<&str, usize> = HashMap::with_capacity(parts.iter().map(|part| part.sources.len()).sum());
    let root = |first: &[usize], mut n: usize| {
        while let Some(&next) = first.get(n).filter(|next| **next != n) {
            n = next;
        }
        n
    };
    let mut found = false;
    for (n, part) in parts.iter().enumerate() {
        for source in part.sources.iter() {
            let owner = *owners.entry(source.path.as_str()).or_insert(n);
            let (one, other) = (root(&first, owner), root(&first, n));
            if one != other {
                found = true;
                if let Some(later) = first.get_mut(one.max(other)) {
                    *later = one.min(other);
                }
            }
        }
    }
    found.then(|| (0..parts.len()).map(|n| root(&first, n)).collect())
}

fn merged(parts: Vec<Checked>) -> Checked {
    let mut parts = parts.into_iter();
    let mut all = parts.next().unwrap_or_default();
    for part in parts {
        let before = all.sources.append(part.sources);
        all.files += part.files;
        all.unreadable.extend(part.unreadable);
        all.outcome.suppressed += part.outcome.suppressed;
        all.outcome.masks.extend(part.outcome.masks.into_iter().map(|span| span.behind(before)));
        all.outcome.diagnostics.extend(part.outcome.diagnostics.into_iter().map(|d| d.behind(before)));
    }
    let sources = &all.sources;
    all.outcome.diagnostics.sort_by(|a, b| order(sources, a).cmp(&order(sources, b)));
    all.unreadable.sort_unstable();
    all
}
