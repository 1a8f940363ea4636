//! What an editor offers at a finding: its fix, a comment that silences it, and all safe fixes of the file at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Asked;
use super::place::uri_of;
use crate::diagnostic::{Applicability, Diagnostic};
use crate::source::{SourceFile, Span};

pub(super) fn actions(asked: &Asked<'_>) -> Value {
    let wanted: Option<Vec<&str>> =
        asked.params.pointer("/context/only").and_then(Value::as_array).map(|only| only.iter().filter_map(Value::as_str).collect());
    // `source` asks for everything below it.
    let wants = |kind: &str| wanted.as_ref().is_none_or(|only| only.iter().any(|o| kind == *o || kind.starts_with(&format!("{o}."))));
    let mut all = Vec::new();
    if wants("quickfix") {
        for diagnostic in here(asked) {
            all.extend(fix(asked, diagnostic));
            all.extend(silence(asked, diagnostic));
        }
    }
    if wants("source.fixAll") {
        all.extend(fix_all(asked));
    }
    json!(all)
}

/// The findings that the range of the question touches.
fn here<'a>(asked: &'a Asked<'_>) -> Vec<&'a Diagnostic> {
    let Some((id, file)) = asked.checked.file(&asked.shown) else { return Vec::new() };
    let at = |key: &str| asked.params.pointer(&format!("/range/{key}")).map(|position| asked.server.encoding.offset(file, position));
    let (Some(start), Some(end)) = (at("start"), at("end")) else { return Vec::new() };
    let touches = |d: &&Diagnostic| d.primary.file == id && d.primary.start as usize <= end && start <= d.primary.end as usize;
    asked.checked.diagnostics.iter().filter(touches).collect()
}

fn fix(asked: &Asked<'_>, d: &Diagnostic) -> Option<Value> {
    let fix = d.fix.as_ref().filter(|fix| fix.applicability != Applicability::Manual)?;
    let sources = &asked.checked.stack.sources;
    // A text that is not the bytes on the disk cannot be edited; and no edit may show a secret.
    let possible =
        |edit: &crate::diagnostic::Edit| sources.get(edit.span.file).problem.is_none() && !asked.checked.masks.shows(&edit.new_text);
    if !fix.edits.iter().all(possible) {
        return None;
    }
    let mut changes: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for edit in &fix.edits {
        let file = sources.get(edit.span.file);
        let uri = uri_of(&asked.folder.absolute(&file.path));
        changes.entry(uri).or_default().push(json!({"range": asked.server.encoding.range(file, edit.span), "newText": edit.new_text}));
    }
    let safe = fix.applicability == Applicability::Safe;
    let title = format!("{}{}", fix.title, if safe { "" } else { " (changes behaviour)" });
    Some(action(asked, d, &title, safe, json!({"changes": changes})))
}

fn action(asked: &Asked<'_>, d: &Diagnostic, title: &str, preferred: bool, edit: Value) -> Value {
    let shown = asked.server.shown(asked.folder, asked.checked, d);
    json!({"title": title, "kind": "quickfix", "isPreferred": preferred, "diagnostics": [shown], "edit": edit})
}

/// A comment above what the finding is about, where the file's language has comments.
fn silence(asked: &Asked<'_>, d: &Diagnostic) -> Option<Value> {
    let stack = &asked.checked.stack;
    let file = stack.sources.get(d.primary.file);
    if file.path.ends_with(".json") || file.problem.is_some() {
        return None;
    }
    let unit = stack.dockerfiles.iter().find(|unit| unit.file == file.id && unit.inline.is_none());
    let start = unit.and_then(|unit| {
        let holds = |span: Span| span.start <= d.primary.start && d.primary.start <= span.end;
        unit.ast.instructions().map(|(_, instruction)| instruction.span).find(|span| holds(*span))
    });
    if unit.is_some() && start.is_none() {
        return None;
    }
    let line = file.line_range(file.line_of(start.unwrap_or(d.primary).start as usize));
    let text = file.text.get(line.clone()).unwrap_or_default();
    let indent = text.get(..text.len() - text.trim_start().len()).unwrap_or_default();
    let at = asked.server.encoding.position(file, line.start);
    let comment = format!("{indent}# stacklint: ignore[{}]{}", d.rule, line_break(file));
    let edit = json!({"range": {"start": at, "end": at}, "newText": comment});
    let changes = json!({uri_of(&asked.folder.absolute(&file.path)): [edit]});
    Some(action(asked, d, &format!("silence `{}` here", d.rule), false, json!({"changes": changes})))
}

fn line_break(file: &SourceFile) -> &'static str {
    if file.text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// All safe fixes of the file, one after the other until nothing is left.
fn fix_all(asked: &Asked<'_>) -> Option<Value> {
    let texts = asked.folder.fix_all(&asked.shown, &asked.server.open);
    let mut changes = serde_json::Map::new();
    for (path, text) in &texts {
        let (_, file) = asked.checked.file(path)?;
        let (from, to, new) = changed(&file.text, text);
        let range = asked.server.encoding.range(file, Span::new(file.id, from, to));
        changes.insert(uri_of(&asked.folder.absolute(path)), json!([{"range": range, "newText": new}]));
    }
    (!changes.is_empty()).then(|| json!({"title": "apply all safe fixes", "kind": "source.fixAll", "edit": {"changes": changes}}))
}

/// What differs, in whole lines: the stretch of the old text, and what replaces it.
fn changed<'t>(old: &str, new: &'t str) -> (usize, usize, &'t str) {
    let same = |a: &[&str], b: &[&str]| a.iter().zip(b).take_while(|(a, b)| a == b).map(|(line, _)| line.len()).sum::<usize>();
    let lines = |text| str::split_inclusive(text, '\n').collect::<Vec<_>>();
    let (mut before, mut after) = (lines(old), lines(new));
    let head = same(&before, &after);
    before.reverse();
    after.reverse();
    let room = old.len().min(new.len()) - head;
    let tail = same(&before, &after).min(room);
    // A line that both ends would claim belongs to the head.
    let tail = if old.get(old.len() - tail..).is_some() && new.get(new.len() - tail..).is_some() { tail } else { 0 };
    (head, old.len() - tail, new.get(head..new.len() - tail).unwrap_or_default())
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "the texts are the tests' own")]
mod tests {
    use super::changed;

    #[test]
    fn only_what_differs_is_replaced() {
        for (old, new) in [
            ("a\nb\nc\n", "a\nx\nc\n"),
            ("a\n", "a\na\n"),
            ("a\na\n", "a\n"),
            ("", "é\n"),
            ("é", ""),
            ("x\ny", "x\nz"),
            ("same\n", "same\n"),
        ] {
            let (from, to, text) = changed(old, new);
            assert_eq!(format!("{}{text}{}", &old[..from], &old[to..]), new, "{old:?} {new:?}");
        }
        assert_eq!(changed("a\nb\nc\n", "a\nx\nc\n"), (2, 4, "x\n"));
    }
}
