//! What Compose's YAML library refuses and ours reads: tabs between the blanks of an indentation, directives, line breaks
//! that no editor shows.

use crate::source::{SourceFile, Span};
use crate::syntax::{SyntaxError, SyntaxErrorKind};

/// `inner` are the brackets, quoted and block scalars of the file: inside them tabs are text.
pub(super) fn faults(file: &SourceFile, inner: &[Span]) -> Vec<SyntaxError> {
    let mut found = Vec::new();
    if file.text.trim_start_matches('\u{feff}').starts_with('%') {
        directives(file, &mut found);
    }
    if file.text.contains('\t') {
        tabs(file, inner, &mut found);
    }
    if !file.text.is_ascii() && file.text.contains(BREAKS) {
        breaks(file, inner, &mut found);
    }
    found
}

/// They end a line for Compose, and for nobody who reads it.
const BREAKS: [char; 3] = ['\u{85}', '\u{2028}', '\u{2029}'];

/// A line break that no editor shows, with text behind it. Between quotes and brackets it is as good as a blank.
fn breaks(file: &SourceFile, inner: &[Span], found: &mut Vec<SyntaxError>) {
    for (at, mark) in file.text.match_indices(BREAKS) {
        let behind = file.text.get(at + mark.len()..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        let within = |s: &&Span| (s.start as usize) < at && at < s.end as usize;
        let harmless = inner.iter().filter(within).any(|s| file.slice(*s).starts_with(['"', '\'', '[', '{']));
        if behind.trim_matches(|c: char| c.is_whitespace() || BREAKS.contains(&c)).is_empty() || harmless {
            continue;
        }
        let code = mark.chars().next().map_or(0, u32::from);
        let message = format!("an invisible line break (U+{code:04X}) stands here: Compose reads what follows as the next line");
        found.push(error(Span::new(file.id, at, at + mark.len()), &message, "delete it, or put the value in quotes"));
    }
}

fn error(span: Span, message: &str, help: &str) -> SyntaxError {
    SyntaxError { span, kind: SyntaxErrorKind::Syntax, message: message.to_owned(), help: Some(help.to_owned()) }
}

/// The lines from the top that start with `%`.
fn directives(file: &SourceFile, found: &mut Vec<SyntaxError>) {
    let mut start = file.bom_len();
    for line in file.text.get(start..).unwrap_or_default().split_inclusive('\n') {
        let content = line.trim_end();
        if content.starts_with('%') {
            let span = Span::new(file.id, start, start + content.len());
            let mut words = content.split_whitespace();
            match (words.next(), words.next()) {
                (Some("%TAG"), _) | (Some("%YAML"), Some("1.1")) => {}
                (Some("%YAML"), _) => found.push(error(span, "Compose refuses files that ask for this version of YAML", "remove the line")),
                _ => found.push(error(span, "this is no directive that Compose knows", "remove the line")),
            }
        } else if !content.is_empty() && !content.starts_with('#') {
            return;
        }
        start += line.len();
    }
}

/// A tab before the first word of a line, or after the `-` of an item, outside of what is text.
fn tabs(file: &SourceFile, inner: &[Span], found: &mut Vec<SyntaxError>) {
    let mut start = 0;
    for line in file.text.split_inclusive('\n') {
        if line.contains('\t')
            && let Some(at) = tab_before_word(line).map(|i| start + i)
            && !inner.iter().any(|s| (s.start as usize) < at && at < s.end as usize)
        {
            let span = Span::new(file.id, at, at + 1);
            found.push(error(span, "a tab indents this line, which YAML does not allow", "indent with blanks"));
        }
        start += line.len();
    }
}

fn tab_before_word(line: &str) -> Option<usize> {
    let mut after_mark = true;
    for (i, c) in line.char_indices() {
        match c {
            '\t' if after_mark => return Some(i),
            ' ' => {}
            '-' | '?' if line.get(i + 1..).is_some_and(|rest| rest.starts_with([' ', '\t'])) => after_mark = true,
            _ => return None,
        }
    }
    None
}
