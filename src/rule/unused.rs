//! `unused-suppression`: comments that silence nothing among the rules that ran.

use std::collections::BTreeMap;

use super::suppress::Unused;
use super::{Cx, Selection, Suppressions, replace};
use crate::diagnostic::{Applicability, Diagnostic, Edit};
use crate::source::{SourceFile, Span};
use crate::stack::Stack;

/// Its name.
const RULE: &str = "unused-suppression";

/// The comments to report, once all findings have passed the suppressions; none unless the rule is asked for.
pub(crate) fn unused_suppressions(stack: &Stack, selection: &Selection, suppressions: &Suppressions) -> Vec<Diagnostic> {
    let registry = selection.registry();
    let Some(info) = registry.find(RULE).filter(|r| registry.index(r.name).is_some_and(|n| selection.runs(n))) else {
        return Vec::new();
    };
    let mut cx = Cx::new(stack, info);
    // what a name means is the same in every comment, and a category means many rules
    let mut known = BTreeMap::new();
    let judged = |name: &str| name != RULE && *known.entry(name.to_owned()).or_insert_with(|| selection.looks_for_all(name));
    for unused in suppressions.unused(judged) {
        report(stack.sources.get(unused.comment.file), &unused, &mut cx);
    }
    cx.into_found()
}

fn report(source: &SourceFile, unused: &Unused, cx: &mut Cx<'_>) {
    let line = source.line_range(source.line_of(unused.comment.start as usize));
    let before = source.text.get(line.start..unused.comment.start as usize).unwrap_or_default();
    // a Dockerfile's comments are kept without their sign
    let sign = before.trim_end_matches([' ', '\t', '#']).len();
    let comment = Span::new(source.id, line.start + sign + blanks(before.get(sign..)), unused.comment.end as usize);
    let text = source.slice(comment);
    let at = |name: &String| text.find(name.as_str()).map(|at| comment.part(at, at + name.len()));
    let place = unused.idle.first().and_then(at).unwrap_or(comment);
    let names: Vec<String> = unused.idle.iter().map(|n| format!("`{n}`")).collect();
    let verb = if names.len() == 1 { "silences" } else { "silence" };
    let found = cx.report(place, format!("{} {verb} nothing here", names.join(", ")));
    let Some(list) = own_list(text).map(|(from, to)| comment.part(from, to)) else {
        found.help("delete it, unless the tool that it is written for still needs it");
        return;
    };
    let kept: Vec<&str> = unused.names.iter().filter(|n| !unused.idle.contains(n)).map(String::as_str).collect();
    if !kept.is_empty() {
        let title = format!("Delete {}", names.join(", "));
        found.help("delete the name").fix(title, Applicability::Safe, vec![replace(list, kept.join(", "))]);
        return;
    }
    let found = found.help("delete the comment");
    if let Some(edit) = without(source, comment) {
        found.fix("Delete the comment", Applicability::Safe, vec![edit]);
    }
}

fn blanks(text: Option<&str>) -> usize {
    text.map_or(0, |t| t.len() - t.trim_start().len())
}

/// Where the names of a comment of our own stand.
fn own_list(comment: &str) -> Option<(usize, usize)> {
    let rest = comment.trim_start_matches('#').trim_start().strip_prefix("stacklint:")?;
    let from = comment.len() - rest.len() + rest.find('[')? + 1;
    Some((from, from + comment.get(from..)?.find(']')?))
}

/// The edit that deletes a comment: with its line, or with the blanks before it. `None` beside another comment, where the
/// other one could come to mean something else: a directive at the head of the file, or a comment for the very next line.
fn without(source: &SourceFile, comment: Span) -> Option<Edit> {
    let number = source.line_of(comment.start as usize);
    let line = source.line_range(number);
    let before = source.text.get(line.start..comment.start as usize)?;
    if !before.trim().is_empty() {
        let from = line.start + before.trim_end().len();
        return Some(replace(Span::new(source.id, from, comment.end as usize), ""));
    }
    let is_comment = |n: usize| n >= 1 && n <= source.line_count() && source.line_text(n).trim_start().starts_with('#');
    if is_comment(number - 1) || is_comment(number + 1) {
        return None;
    }
    let next = if number < source.line_count() { source.line_range(number + 1).start } else { line.end };
    Some(replace(Span::new(source.id, line.start, next), ""))
}
