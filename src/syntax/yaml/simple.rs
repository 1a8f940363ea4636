//! Reads what nearly all YAML files are made of: blocks, scalars of one line, brackets of one line with scalars in them. A text that
//! holds anything else, or a mistake, is left to the parser; it says the same of what is read here, at several times the cost.

use super::build::Builder;
use super::tree::{Node, Scalar, Style, Value};
use super::{DEPTH, scalar, span_at};
use crate::source::SourceFile;
use crate::text::Text;

/// Longer keys are an error.
const MAX_KEY: usize = 500;

/// Reads a file into a builder that nothing was put into; `None` where the parser has to, with another builder.
pub(super) fn read<'a>(file: &'a SourceFile, bom: usize, built: &mut Builder<'a>) -> Option<()> {
    let text = file.text.get(bom..)?;
    if !text.bytes().all(|b| matches!(b, b'\n' | b' '..=b'~')) {
        return None;
    }
    let mut reader = Reader { file, bom, text, line: None, next: 0, built };
    reader.turn();
    if reader.line.is_some_and(|line| line.indent == 0 && reader.rest(line.start) == "---") {
        reader.turn();
    }
    let first = reader.line.filter(|line| line.indent == 0)?;
    reader.mapping(0, first.start, 0)?;
    reader.line.is_none().then_some(())
}

/// A line with something else than a comment.
#[derive(Clone, Copy)]
struct Line {
    indent: usize,
    /// Its first character but blanks.
    start: usize,
}

/// What ends a scalar.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// `:`, the scalar is a key.
    Colon,
    /// The end of the line, or a comment.
    Line,
    /// `,` or `]`.
    Bracket,
}

struct Reader<'a, 'b> {
    file: &'a SourceFile,
    bom: usize,
    text: &'a str,
    /// The line that comes next, or is being read.
    line: Option<Line>,
    /// Where the line after it starts.
    next: usize,
    built: &'b mut Builder<'a>,
}

impl<'a> Reader<'a, '_> {
    /// Goes to the next line with content; notes the comments on the way.
    fn turn(&mut self) {
        self.line = None;
        while self.next < self.text.len() {
            let from = self.next;
            let rest = self.text.get(from..).unwrap_or_default();
            let len = rest.bytes().position(|b| b == b'\n').unwrap_or(rest.len());
            self.next = (from + len + 1).min(self.text.len());
            let indent = rest.bytes().take_while(|b| *b == b' ').count();
            match rest.as_bytes().get(indent) {
                None | Some(b'\n') => {}
                Some(b'#') => self.comment(from + indent),
                Some(_) => {
                    self.line = Some(Line { indent, start: from + indent });
                    return;
                }
            }
        }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// What stands from here to the end of the line.
    fn rest(&self, at: usize) -> &'a str {
        let rest = self.text.get(at..).unwrap_or_default();
        rest.bytes().position(|b| b == b'\n').and_then(|end| rest.get(..end)).unwrap_or(rest)
    }

    fn past_blanks(&self, at: usize) -> usize {
        at + self.text.bytes().skip(at).take_while(|b| *b == b' ').count()
    }

    fn comment(&mut self, at: usize) {
        let end = at + self.rest(at).len();
        self.built.comment(span_at(self.file, self.bom, at, end));
    }

    /// After a value nothing may stand but a comment, apart from the value by a blank.
    fn ends(&mut self, at: usize) -> Option<()> {
        let next = self.past_blanks(at);
        match self.byte(next) {
            None | Some(b'\n') => {}
            Some(b'#') if next > at => self.comment(next),
            Some(_) => return None,
        }
        self.turn();
        Some(())
    }

    fn is_item(&self, at: usize) -> bool {
        self.byte(at) == Some(b'-') && matches!(self.byte(at + 1), None | Some(b' ' | b'\n'))
    }

    /// A mapping whose first key stands at `at`.
    fn mapping(&mut self, indent: usize, mut at: usize, depth: usize) -> Option<()> {
        if depth > DEPTH / 2 {
            return None;
        }
        self.built.open(Value::Map(Vec::new()), span_at(self.file, self.bom, at, at));
        loop {
            let (key, end, stop) = self.scalar(at, false)?;
            let short = end - at < MAX_KEY && !(indent == 0 && matches!(self.text.get(at..at + 3), Some("---" | "...")));
            if stop != End::Colon || !short {
                return None;
            }
            self.built.put(key);
            self.value(indent, end, depth)?;
            match self.line {
                Some(line) if line.indent == indent && !self.is_item(line.start) => at = line.start,
                Some(line) if line.indent > indent => return None,
                _ => break,
            }
        }
        self.built.close_last();
        Some(())
    }

    /// What stands after the `:` at `colon`.
    fn value(&mut self, indent: usize, colon: usize, depth: usize) -> Option<()> {
        let at = self.past_blanks(colon + 1);
        if !matches!(self.byte(at), None | Some(b'\n' | b'#')) {
            return self.alone(indent, at);
        }
        self.ends(colon + 1)?;
        match self.line {
            Some(line) if self.is_item(line.start) && line.indent >= indent => self.sequence(line.indent, depth + 1),
            Some(line) if line.indent > indent => self.mapping(line.indent, line.start, depth + 1),
            _ => {
                self.built.put(scalar_node(Text::builder(span_at(self.file, self.bom, colon, colon)), Style::Plain));
                Some(())
            }
        }
    }

    /// A value that ends with its line; what goes on below it is left alone.
    fn alone(&mut self, indent: usize, at: usize) -> Option<()> {
        let end = match self.byte(at) {
            Some(b'[') => self.brackets(at)?,
            Some(b'{') if self.byte(at + 1) == Some(b'}') => {
                self.built.put_flow(Value::Map(Vec::new()), span_at(self.file, self.bom, at, at + 2));
                at + 2
            }
            _ => {
                let (node, end, stop) = self.scalar(at, false)?;
                self.built.put(node);
                if stop != End::Line {
                    return None;
                }
                end
            }
        };
        self.ends(end)?;
        self.line.is_none_or(|line| line.indent <= indent).then_some(())
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Option<()> {
        let mut dash = self.line?.start;
        self.built.open(Value::Seq(Vec::new()), span_at(self.file, self.bom, dash, dash));
        loop {
            let at = self.past_blanks(dash + 1);
            if matches!(self.byte(at), None | Some(b'\n' | b'#')) || self.is_item(at) {
                return None;
            }
            let is_key = !matches!(self.byte(at), Some(b'[' | b'{')) && self.scalar(at, false)?.2 == End::Colon;
            if is_key {
                self.mapping(indent + at - dash, at, depth + 1)?
            } else {
                self.alone(indent, at)?
            }
            match self.line {
                Some(line) if line.indent == indent && self.is_item(line.start) => dash = line.start,
                Some(line) if line.indent > indent => return None,
                _ => break,
            }
        }
        self.built.close_last();
        Some(())
    }

    /// `[a, "b"]`; gives the place behind it.
    fn brackets(&mut self, open: usize) -> Option<usize> {
        let mut items = Vec::new();
        let mut at = self.past_blanks(open + 1);
        while self.byte(at)? != b']' || !items.is_empty() {
            let (node, end, stop) = self.scalar(at, true)?;
            items.push(node);
            if stop != End::Bracket {
                return None;
            }
            at = self.past_blanks(end);
            match self.byte(at)? {
                b',' => at = self.past_blanks(at + 1),
                b']' => break,
                _ => return None,
            }
        }
        self.built.put_flow(Value::Seq(items), span_at(self.file, self.bom, open, at + 1));
        Some(at + 1)
    }

    /// A scalar, where it ends, and what ends it: for a key the place of the `:`.
    fn scalar(&self, at: usize, flow: bool) -> Option<(Node, usize, End)> {
        match self.byte(at)? {
            b'"' | b'\'' => self.quoted(at, flow),
            _ => self.plain(at, flow),
        }
    }

    fn plain(&self, at: usize, flow: bool) -> Option<(Node, usize, End)> {
        let rest = self.rest(at);
        let bytes = rest.as_bytes();
        let first = *bytes.first()?;
        if b",[]{}#&*!|>'\"%@`?:".contains(&first)
            || first == b'-' && matches!(bytes.get(1), None | Some(b' ' | b',' | b'[' | b']' | b'{' | b'}'))
        {
            return None;
        }
        let mut len = bytes.len();
        let mut end = End::Line;
        for (n, byte) in bytes.iter().enumerate() {
            match byte {
                b':' if matches!(bytes.get(n + 1), None | Some(b' ')) => end = End::Colon,
                b'#' if n.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b' ') => {}
                b',' | b']' if flow => end = End::Bracket,
                b'[' | b'{' | b'}' if flow => return None,
                b':' if flow && matches!(bytes.get(n + 1), Some(b',' | b'[' | b']' | b'{' | b'}')) => return None,
                _ => continue,
            }
            len = n;
            break;
        }
        let value = rest.get(..len)?.trim_end_matches(' ');
        if end == End::Colon && value.len() < len {
            return None;
        }
        let span = span_at(self.file, self.bom, at, at + value.len());
        Some((scalar_node(Text::verbatim(value, span), Style::Plain), at + value.len(), end))
    }

    fn quoted(&self, at: usize, flow: bool) -> Option<(Node, usize, End)> {
        let rest = self.rest(at);
        let bytes = rest.as_bytes();
        let quote = *bytes.first()?;
        let mut n = 1;
        loop {
            match *bytes.get(n)? {
                b'\\' if quote == b'"' => match bytes.get(n + 1)? {
                    b'"' | b'\\' | b'n' => n += 1,
                    _ => return None,
                },
                b'\'' if quote == b'\'' && bytes.get(n + 1) == Some(&b'\'') => n += 1,
                byte if byte == quote => break,
                _ => {}
            }
            n += 1;
        }
        let after = at + n + 1;
        let end = match self.byte(after) {
            Some(b':') if !flow && matches!(self.byte(after + 1), None | Some(b' ' | b'\n')) => End::Colon,
            _ if flow => End::Bracket,
            _ => End::Line,
        };
        let style = if quote == b'"' { Style::Double } else { Style::Single };
        let span = span_at(self.file, self.bom, at, after);
        let text = scalar::flow(self.file, span, Some(char::from(quote)))?;
        Some((scalar_node(text, style), after, end))
    }
}

fn scalar_node(text: Text, style: Style) -> Node {
    Node { span: text.span, tag: None, anchor: None, value: Value::Scalar(Scalar { text, style }) }
}
