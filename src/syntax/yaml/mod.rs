//! YAML as a tree in which every node knows its bytes. The only module that names the YAML parser.

use granit_parser::{Options, Parser, options};

use crate::source::{SourceFile, Span};
use crate::syntax::SyntaxError;

mod build;
mod explain;
mod scalar;
mod simple;
mod strict;
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
    let mut built = build::Builder::new(file, bom, false);
    if simple::read(file, bom, &mut built).is_some() {
        return finish(file, built, Vec::new());
    }
    parsed(file, bom)
}

fn parsed(file: &SourceFile, bom: usize) -> Yaml {
    let mut text = file.text.get(bom..).unwrap_or_default().to_owned();
    let mut errors: Vec<SyntaxError> = Vec::new();
    for round in 0..=RECOVERIES {
        let mut built = build::Builder::new(file, bom, round > 0);
        let failure = run(&text, &mut built);
        let Some((at, kind)) = failure else {
            return finish(file, built, errors);
        };
        let fault = explain::fault(file, &text, bom, at, &kind);
        let repaired = repair(&mut text, fault.repair);
        let at = fault.error.span.start as usize;
        if !errors.iter().any(|e| follows(&file.text, e.span.start as usize, at)) {
            errors.push(fault.error);
        }
        if round == RECOVERIES || !repaired {
            return finish(file, built, errors);
        }
    }
    Yaml { file: file.id, documents: Vec::new(), comments: Vec::new(), errors }
}

/// Whether what is wrong at `next` only follows from what is wrong at `first`: it stands on the same line, or on one that
/// belongs to that line by its indentation.
fn follows(text: &str, first: usize, next: usize) -> bool {
    let line_start = |at: usize| text.get(..at).and_then(|t| t.rfind('\n')).map_or(0, |i| i + 1);
    let (from, to) = (line_start(first), line_start(next));
    if from >= to {
        return from == to;
    }
    let indent = |line: &str| line.len() - line.trim_start().len();
    let above = text.get(from..to).unwrap_or_default();
    let outer = above.lines().next().map_or(0, indent);
    let below = text.get(to..).and_then(|t| t.lines().next()).unwrap_or_default();
    let deeper = |line: &str| line.trim().is_empty() || indent(line) > outer;
    above.lines().skip(1).all(deeper) && deeper(below)
}

fn finish(file: &SourceFile, built: build::Builder<'_>, mut errors: Vec<SyntaxError>) -> Yaml {
    let strict = strict::faults(file, &built.inner);
    let (mut yaml, more) = built.finish();
    errors.extend(more);
    let start = |e: &SyntaxError| e.span.start as usize;
    errors.retain(|e| !strict.iter().any(|f| start(f) < start(e) && follows(&file.text, start(f), start(e))));
    errors.extend(strict.into_iter().filter(|f| errors.iter().all(|e| e.span != f.span)).collect::<Vec<_>>());
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

    /// Path, source and decoded text of each scalar.
    fn scalars(sources: &Sources, node: &Node, path: &str, out: &mut Vec<(String, String, String)>) {
        match &node.value {
            Value::Scalar(s) => out.push((path.to_owned(), sources.slice(node.span).to_owned(), s.text.value.clone())),
            Value::Alias(name) => out.push((path.to_owned(), sources.slice(node.span).to_owned(), format!("*{name}"))),
            Value::Seq(items) => items.iter().for_each(|i| scalars(sources, i, &format!("{path}[]"), out)),
            Value::Map(entries) => {
                entries.iter().for_each(|e| scalars(sources, &e.value, &format!("{path}.{}", e.key.as_str().unwrap_or("?")), out));
            }
        }
    }

    #[test]
    fn scalars_decode_and_point_at_their_source() {
        let text = "\u{feff}a: &x !reset\r\n  b: 'it''s'\r\n  c: \"a\\tb\r\n    c\"\r\nd: *x\r\ne:\r\n- two words # hi\r\nf: |-\r\n  echo a\r\n   b\r\n\r\n  c\r\n\
            g: >\r\n  fold\r\n  ed\r\n\r\n  x\r\nh: {b: [x]}\r\ni:\r\n";
        let (sources, yaml) = read(text);
        assert_eq!(yaml.errors, []);
        let root = yaml.documents.first().expect("a document");
        let mut got = Vec::new();
        scalars(&sources, root, "", &mut got);
        let want = [
            (".a.b", "'it''s'", "it's"),
            (".a.c", "\"a\\tb\r\n    c\"", "a\tb c"),
            (".d", "*x", "*x"),
            (".e[]", "two words", "two words"),
            (".f", "|-\r\n  echo a\r\n   b\r\n\r\n  c", "echo a\n b\n\nc"),
            (".g", ">\r\n  fold\r\n  ed\r\n\r\n  x", "fold ed\nx\n"),
            (".h.b[]", "x", "x"),
            (".i", "", ""),
        ];
        assert_eq!(got, want.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
        let a = root.get("a").expect("a");
        assert_eq!(a.tag.as_ref().map(|t| t.value.as_str()), Some("!reset"));
        assert_eq!(a.anchor.as_ref().map(|t| sources.slice(t.span)), Some("&x"));
        let f = root.get("f").and_then(Node::as_text).expect("f");
        assert_eq!(sources.slice(f.span_of(5, 6)), "a");
        assert_eq!(sources.slice(f.span_of(8, 9)), "b");
        assert_eq!(yaml.comments.iter().map(|&c| sources.slice(c)).collect::<Vec<_>>(), ["# hi"]);
    }

    /// The tree, comments and mistakes of a text where [`simple`] reads it, and those that the parser gives.
    fn both(text: &str) -> Option<(String, String)> {
        let mut sources = Sources::new();
        let id = sources.add("compose.yaml", text.to_owned());
        let file = sources.get(id);
        let mut built = build::Builder::new(file, file.bom_len(), false);
        simple::read(file, file.bom_len(), &mut built)?;
        Some((format!("{:#?}", finish(file, built, Vec::new())), format!("{:#?}", parsed(file, file.bom_len()))))
    }

    #[test]
    fn what_is_read_without_the_parser_reads_the_same() {
        let text = "---\n# top\na: b # c\nlist:\n- x\n- k: \"v\\\"w\"\n  'l''m': [a, 'b', \"c: d\"]\n  n:\n\n  # in\n    - o\n    - p:q\n  #\n'e': {}\nz:\n\
            \x20 y: -1\n  w:\n    u: http://a#b:c\n  t: []\nné: \"ü → x\"\nlit: |\n  one\n    two: x # y\n\n  three\n\nstrip:\n  - |-\n   a\n   b\n\
            \x20 - {a: b, \"c\": 'd'}\nanc: &one\n  k: v\nseq: &two # c\n  - 1\nsc: &s x\nfold: >-\n  one\n  two\nmany: [\n  a b, \"c\",\n\n   d\n  ]\nbelow:\n  in: # x\n    [a,\n     b] # y\n  as: {\n    c: d\n  }\n  to: [\n    e\n  ]\nuse:\n  <<: *one\n  y: *s\n  z:\n  - *two\nlast:\n";
        let (simple, parsed) = both(text).expect("nothing special");
        assert_eq!(simple, parsed);
        // wherever something else is put in or left out
        for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
            let (before, after) = text.split_at(at);
            let puts = [
                "é", ">", "|-\n", "\u{a0}", "\u{2028}", "*one", "&s ", ":", "#", "-", "[", "]", "{", "}", ",", "'", "\"", " ", "\n", "  ",
                ": ", " #", "- ", "\\", "&", "*", "!", "|", "?", "a", "\na: 1",
            ];
            let mut changed: Vec<String> = puts.iter().map(|put| format!("{before}{put}{after}")).collect();
            changed.push(format!("{before}{}", after.chars().skip(1).collect::<String>()));
            for changed in changed {
                let differs = both(&changed).filter(|(simple, parsed)| simple != parsed);
                assert_eq!(differs.map(|(simple, parsed)| format!("{changed}\n{simple}\n{parsed}")), None);
            }
        }
    }

    #[test]
    fn one_broken_line_hides_no_other() {
        for (text, path, value) in [
            ("a: 1\nb: c: d\ne: 2\n", ".b", "c: d"),
            ("a:\n\tb: 1\n\tc: 2\n", ".a.c", "2"),
            ("s:\n  a: \"x\n  b: 2\n  c: \"3\"\nd: 1\n", ".s.c", "3"),
            ("a: 1\n  b: 2\nc: 3\n", ".c", "3"),
            ("a: *****\nb: *.x.y\nc: 1", ".b", "*.x.y"),
            ("a: @x\nb: `y`\n", ".b", "`y`"),
            ("a:\n  b:1\n  c: 2\n", ".a.c", "2"),
        ] {
            let (sources, yaml) = read(text);
            assert!(!yaml.errors.is_empty(), "{text:?}");
            let mut got = Vec::new();
            yaml.documents.iter().for_each(|d| scalars(&sources, d, "", &mut got));
            assert!(got.iter().any(|(p, _, v)| p == path && v == value), "{text:?}: {got:?}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let blocks: String = (0..10_000).map(|i| format!("{}a:\n", " ".repeat(i))).collect();
        for text in ["[".repeat(10_000), "{a: ".repeat(10_000), "- ".repeat(10_000), blocks] {
            assert_eq!(read(&text).1.errors.len(), 1);
        }
    }
}
