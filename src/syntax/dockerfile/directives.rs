//! Parser directives: `# syntax=`, `# escape=`, `# check=` at the head of the file.

use nom::bytes::complete::take_while;
use nom::character::complete::{char, satisfy};
use nom::combinator::recognize;
use nom::{IResult, Offset, Parser};

use super::ast::Directive;
use super::lines::{Physical, Physicals};
use crate::source::{At, SourceFile, Span};
use crate::syntax::{SyntaxError, SyntaxErrorKind};

/// What the head of the file says.
pub(super) struct Head {
    pub(super) escape: char,
    pub(super) directives: Vec<Directive>,
    pub(super) errors: Vec<SyntaxError>,
}

fn is_blank(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\x0c' | '\r' | ' ')
}

/// `name = value`, without the comment sign.
fn assignment(input: &str) -> IResult<&str, (&str, &str)> {
    let (rest, name) = recognize((satisfy(|c| c.is_ascii_alphabetic()), take_while(|c: char| c.is_ascii_alphanumeric()))).parse(input)?;
    let (value, _) = (take_while(is_blank), char('=')).parse(rest)?;
    let trimmed = value.trim_matches(is_blank);
    // A value of blanks only is its last blank, not nothing.
    let value = if trimmed.is_empty() { value.get(value.len().saturating_sub(1)..).unwrap_or_default() } else { trimmed };
    if value.is_empty() {
        return Err(nom::Err::Error(nom::error::Error::new(rest, nom::error::ErrorKind::NonEmpty)));
    }
    Ok(("", (name, value)))
}

/// The directive on a line that starts with `#`, by lower-case name; `None` for any other comment.
fn directive(line: &str) -> Option<(String, &str, &str)> {
    let body = line.strip_prefix('#')?.trim_start();
    let (_, (name, value)) = assignment(body).ok()?;
    let lower = name.to_ascii_lowercase();
    matches!(lower.as_str(), "syntax" | "escape" | "check").then_some((lower, name, value))
}

/// Reads the directives from the first line on. `escape` counts as the parser sees it (indented too, not after `#!`);
/// `syntax` and `check` as they are looked up (at column 1, after a `#!` line too).
pub(super) fn read(file: &SourceFile) -> Head {
    let mut head = Head { escape: '\\', directives: Vec::new(), errors: Vec::new() };
    parser_view(file, &mut head);
    lookup_view(file, &mut head);
    head.directives.sort_by_key(|d| d.span.start);
    head
}

fn parser_view(file: &SourceFile, head: &mut Head) {
    let mut seen: Vec<String> = Vec::new();
    let mut previous: Option<Physical> = None;
    let lines = Physicals::new(&file.text, file.bom_len());
    for line in lines {
        let content = lines.content(line).trim_start();
        let Some((name, as_written, value)) = directive(content) else { return };
        // The builder counts a line only after reading its directive, so it places these errors one line early.
        let place = previous.unwrap_or(line);
        let place = Span::new(file.id, place.start, place.end);
        if seen.contains(&name) {
            head.errors.push(SyntaxError {
                span: place,
                kind: SyntaxErrorKind::Syntax,
                message: format!("The parser directive `{name}` is given twice"),
                help: Some(format!("keep one `# {name}=` line")),
            });
        } else if name == "escape" {
            match value {
                "\\" | "`" => {
                    head.escape = if value == "`" { '`' } else { '\\' };
                    head.directives.push(build(file, line, as_written, value));
                }
                _ => head.errors.push(SyntaxError {
                    span: place,
                    kind: SyntaxErrorKind::Syntax,
                    message: format!("The escape directive is `{value}`, which is neither a backslash nor a backquote"),
                    help: Some("write `# escape=\\` or `# escape=` followed by a backquote".to_owned()),
                }),
            }
        }
        seen.push(name);
        previous = Some(line);
    }
}

fn lookup_view(file: &SourceFile, head: &mut Head) {
    let mut seen: Vec<String> = Vec::new();
    let lines = Physicals::new(&file.text, file.bom_len());
    for (n, line) in lines.enumerate() {
        let content = lines.content(line);
        if n == 0 && content.starts_with("#!") {
            continue;
        }
        let Some((name, as_written, value)) = directive(content) else { return };
        if seen.contains(&name) {
            return;
        }
        if name != "escape" {
            head.directives.push(build(file, line, as_written, value));
        }
        seen.push(name);
    }
}

fn build(file: &SourceFile, line: Physical, name: &str, value: &str) -> Directive {
    let place = |part: &str| {
        let start = file.text.offset(part);
        Span::new(file.id, start, start + part.len())
    };
    Directive {
        span: Span::new(file.id, line.start, line.end),
        name: At::new(name.to_ascii_lowercase(), place(name)),
        value: At::new(value.to_owned(), place(value)),
    }
}
