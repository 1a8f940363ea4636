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
    let parts = request.parts();
    if let [whole] = parts.as_slice() {
        return check(whole);
    }
    let known: Vec<Checked> = crate::par::map(&parts, request.bytes(), without_trees).into_iter().collect::<Result<_, E>>()?;
    let mut all: Vec<(Request, Checked)> = parts.into_iter().zip(known).collect();
    // whoever reads a file of another part belongs to it, which the texts have told by now
    while let Some(groups) = touching(&all) {
        let mut grouped: BTreeMap<usize, Vec<(Request, Checked)>> = BTreeMap::new();
        all.into_iter().zip(groups).for_each(|(part, group)| grouped.entry(group).or_default().push(part));
        all = grouped.into_values().map(|group| joined(group, without_trees)).collect::<Result<_, E>>()?;
    }
    Ok(merged(all.into_iter().map(|(_, checked)| checked)))
}

/// One part of several, checked anew; a part that is alone stays as it is.
fn joined<E>(mut group: Vec<(Request, Checked)>, check: impl Fn(&Request) -> Result<Checked, E>) -> Result<(Request, Checked), E> {
    if group.len() == 1
        && let Some(alone) = group.pop()
    {
        return Ok(alone);
    }
    let part = Request::joined(group.iter().map(|(request, _)| request));
    let checked = check(&part)?;
    Ok((part, checked))
}

/// For each part the first one that it shares a file with, by way of others if need be; `None` where none does.
fn touching(parts: &[(Request, Checked)]) -> Option<Vec<usize>> {
    let mut first: Vec<usize> = (0..parts.len()).collect();
    let mut owners: HashMap<&str, usize> = HashMap::with_capacity(parts.iter().map(|(_, checked)| checked.sources.len()).sum());
    let root = |first: &[usize], mut n: usize| {
        while let Some(&next) = first.get(n).filter(|next| **next != n) {
            n = next;
        }
        n
    };
    let mut found = false;
    for (n, (_, checked)) in parts.iter().enumerate() {
        for source in checked.sources.iter() {
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

fn merged(mut parts: impl Iterator<Item = Checked>) -> Checked {
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
