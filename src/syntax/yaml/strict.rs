//! What Compose's YAML library refuses and ours reads: tabs between the blanks of an indentation, directives.

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
    found
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
