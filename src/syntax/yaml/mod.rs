//! YAML as a tree in which every node knows its bytes. The only module that names the YAML parser.

use granit_parser::{Options, Parser, options};

use crate::source::{SourceFile, Span};
use crate::syntax::SyntaxError;

mod build;
mod explain;
mod scalar;
pub mod tree;

pub use tree::*;

/// Nested blocks, and nested brackets, beyond this depth are an error: what walks the tree may then recurse.
const DEPTH: usize = 100;

/// A file that breaks more often than this is read up to the next break.
const RECOVERIES: usize = 8;

/// Reads a YAML file. A line that cannot be read is reported, blanked and the rest read again, so that one slip
/// does not hide the file.
pub fn parse(file: &SourceFile) -> Yaml {
    let bom = file.bom_len();
    let mut text = file.text.get(bom..).unwrap_or_default().to_owned();
    let mut errors: Vec<SyntaxError> = Vec::new();
    for round in 0..=RECOVERIES {
        let mut built = build::Builder::new(file, bom, round > 0);
        let failure = run(&text, &mut built);
        let Some((at, kind)) = failure else {
            return finish(built, errors);
        };
        let fault = explain::fault(file, &text, bom, at, &kind);
        let repaired = repair(&mut text, fault.repair);
        if errors.iter().all(|e| e.span != fault.error.span) {
            errors.push(fault.error);
        }
        if round == RECOVERIES || !repaired {
            return finish(built, errors);
        }
    }
    Yaml { file: file.id, documents: Vec::new(), comments: Vec::new(), errors }
}

fn finish(built: build::Builder<'_>, mut errors: Vec<SyntaxError>) -> Yaml {
    let (mut yaml, more) = built.finish();
    errors.extend(more);
    errors.sort_by_key(|e| (e.span.start, e.span.end));
    yaml.errors = errors;
    yaml
}

fn parser_options() -> Options {
    options! {
        emit_unresolved_aliases: true,
        emit_anchor_events: true,
        max_buffered_comment_events: 1_000_000,
        flow_nesting_limit: DEPTH,
        block_nesting_limit: DEPTH,
    }
}

/// Feeds the events to the builder; gives the byte and the kind of the error that ended it.
fn run(text: &str, built: &mut build::Builder<'_>) -> Option<(usize, granit_parser::ErrorKind)> {
    for event in Parser::new_from_str_with_options(text, parser_options()) {
        match event {
            Ok((event, span)) => built.event(event, span),
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                return Some((at, error.kind().clone()));
            }
        }
    }
    None
}

/// Changes the text without moving a byte. False where that changes nothing.
fn repair(text: &mut String, repair: explain::Repair) -> bool {
    match repair {
        explain::Repair::Stop => false,
        explain::Repair::Blank(range) => blank(text, range),
        explain::Repair::Mask(at) => {
            let ascii = text.as_bytes().get(at).is_some_and(u8::is_ascii);
            if ascii {
                text.replace_range(at..=at, "_");
            }
            ascii
        }
        explain::Repair::Tabs => {
            let mended: String = text.split_inclusive('\n').map(blank_tabs).collect();
            let changed = mended != *text;
            *text = mended;
            changed
        }
    }
}

fn blank_tabs(line: &str) -> String {
    let content = line.trim_start_matches([' ', '\t']);
    format!("{}{content}", " ".repeat(line.len() - content.len()))
}

/// Replaces a stretch by blanks of equal length. False where nothing but blanks stood there.
fn blank(text: &mut String, range: std::ops::Range<usize>) -> bool {
    let Some(old) = text.get(range.clone()) else { return false };
    if old.trim().is_empty() {
        return false;
    }
    let blanks: String = old.bytes().map(|b| if matches!(b, b'\n' | b'\r') { b as char } else { ' ' }).collect();
    text.replace_range(range, &blanks);
    true
}

pub(super) fn span_at(file: &SourceFile, bom: usize, start: usize, end: usize) -> Span {
    Span::new(file.id, start + bom, end + bom)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn read(text: &str) -> (Sources, Yaml) {
        let mut sources = Sources::new();
        let id = sources.add("compose.yaml", text.to_owned());
        let yaml = parse(sources.get(id));
        (sources, yaml)
    }

    fn dump(sources: &Sources, node: &Node, depth: usize, out: &mut String) {
        let pad = "  ".repeat(depth);
        let tag = node.tag.as_ref().map(|t| format!(" {}@{:?}", t.value, sources.slice(t.span))).unwrap_or_default();
        let anchor = node.anchor.as_ref().map(|t| format!(" &{}@{:?}", t.value, sources.slice(t.span))).unwrap_or_default();
        match &node.value {
            Value::Scalar(s) => out.push_str(&format!("{pad}{:?} {:?} <{:?}>{tag}{anchor}\n", s.style, s.text.value, sources.slice(node.span))),
            Value::Alias(name) => out.push_str(&format!("{pad}*{name} <{:?}>\n", sources.slice(node.span))),
            Value::Seq(items) => {
                out.push_str(&format!("{pad}seq <{:?}>{tag}{anchor}\n", sources.slice(node.span)));
                items.iter().for_each(|i| dump(sources, i, depth + 1, out));
            }
            Value::Map(entries) => {
                out.push_str(&format!("{pad}map <{:?}>{tag}{anchor}\n", sources.slice(node.span)));
                for e in entries {
                    dump(sources, &e.key, depth + 1, out);
                    dump(sources, &e.value, depth + 2, out);
                }
            }
        }
    }

    #[test]
    fn show() {
        let (s, y) = read("\u{feff}# c\r\na: &x !reset\r\n  b: 'it''s'\r\n  c: \"a\\tb\r\n    c\"\r\nd: *x\r\ne:\r\n- 1\r\n- two words # hi\r\nf: |-\r\n  echo a\r\n   b\r\n\r\n  c\r\ng: >\r\n  fold\r\n  ed\r\n\r\n  x\r\nh: !override {a: 1, b: [x, y]}\r\ni:\r\nj: plain\r\n  more\r\nk: *none\r\n");
        let mut out = String::new();
        y.documents.iter().for_each(|d| dump(&s, d, 0, &mut out));
        println!("{out}{:?} {:?}", y.errors, y.comments.iter().map(|c| s.slice(*c)).collect::<Vec<_>>());
        for t in ["a: 1\nb: c: d\ne: 2\n", "a:\n\tb: 1\n", "s:\n  a: \"x\n  b: 2\n  c: \"3\"\nd: 1\n", "a: [1,\nb: 2\n", "a: 1\n  b: 2\nc: 3\n", "a: *****\nb: *.x.y\nc: 1", "a: @x\nb: `y`\n", "- a\nb: 1\n", "a:\n  b:1\n  c: 2\n", "a: {{ x }}\nb: 2"] {
            let (s, y) = read(t);
            println!("---\n{t}");
            for e in &y.errors { println!("{:?} {} / {:?}", s.slice(e.span), e.message, e.help); }
            let mut out = String::new();
            y.documents.iter().for_each(|d| dump(&s, d, 0, &mut out));
            println!("{out}");
        }
        let (_, y) = read(&"[".repeat(10000));
        println!("{:?}", y.errors);
        let deep: String = (0..10000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
        let (_, y) = read(&deep);
        println!("{:?}", y.errors);
    }
}
