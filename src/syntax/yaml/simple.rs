//! Reads what nearly all YAML files are made of: blocks, scalars of one line, literal blocks, brackets of one line with scalars in
//! them, names and references to them. A text that holds anything else, or a mistake, is left to the parser; it says the same of
//! what is read here, at several times the cost.

use super::build::Builder;
use super::tree::{Entry, Node, Scalar, Style, Value};
use super::{DEPTH, scalar, span_at};
use crate::source::{At, SourceFile, Span};
use crate::text::Text;

/// Longer keys are an error.
const MAX_KEY: usize = 500;

/// Reads a file into a builder that nothing was put into; `None` where the parser has to, with another builder.
pub(super) fn read<'a>(file: &'a SourceFile, bom: usize, built: &mut Builder<'a>) -> Option<()> {
    let text = file.text.get(bom..)?;
    if !is_plain(text) {
        return None;
    }
    let (entries, items, anchors) = (Vec::new(), Vec::new(), Vec::new());
    let mut reader = Reader { file, bom, text, line: None, end: 0, next: 0, entries, items, anchors, built };
    reader.turn();
    if reader.line.is_some_and(|line| line.indent == 0 && reader.rest(line.start) == "---") {
        reader.turn();
    }
    let first = reader.line.filter(|line| line.indent == 0)?;
    let document = reader.mapping(0, first.start, None, 0)?;
    reader.line.is_none().then(|| reader.built.put(document))
}

/// Whether a text holds nothing that means something else to somebody: line breaks of other kinds, tabs, marks that nobody sees.
fn is_plain(text: &str) -> bool {
    // in blocks, each without a branch
    let plain = |bytes: &[u8]| bytes.iter().fold(true, |plain, b| plain & matches!(b, b'\n' | b' '..=b'~'));
    let letter = |c: char| {
        let sign = matches!(c, '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}' | '\u{2010}'..='\u{2027}' | '\u{2190}'..='\u{2bff}');
        sign || c.is_alphanumeric() || matches!(c, '\u{3001}'..='\u{303f}' | '\u{ff01}'..='\u{ff5e}' | '\u{1f300}'..='\u{1faff}')
    };
    let is_letter = |c: char| if c.is_ascii() { matches!(c, '\n' | ' '..='~') } else { letter(c) };
    text.as_bytes().chunks(128).all(plain) || text.chars().all(is_letter)
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
    /// `,` or the bracket that closes.
    Bracket,
}

/// A scalar, where it ends, and what ends it: for a key the place of the `:`.
type Read = (Node, usize, End);

struct Reader<'a, 'b> {
    file: &'a SourceFile,
    bom: usize,
    text: &'a str,
    /// The line that comes next, or is being read.
    line: Option<Line>,
    /// Where it ends.
    end: usize,
    /// Where the line after it starts.
    next: usize,
    /// Entries of the mappings that are open, the innermost last.
    entries: Vec<Entry>,
    /// The same for lists.
    items: Vec<Node>,
    /// Names of nodes that were read.
    anchors: Vec<&'a str>,
    built: &'b mut Builder<'a>,
}

impl<'a> Reader<'a, '_> {
    /// Goes to the next line with content; notes the comments on the way.
    fn turn(&mut self) {
        self.line = None;
        while self.next < self.text.len() {
            let from = self.next;
            let rest = self.text.as_bytes().get(from..).unwrap_or_default();
            let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            self.end = from + len;
            self.next = (self.end + 1).min(self.text.len());
            let indent = rest.iter().position(|b| *b != b' ').unwrap_or(rest.len());
            match rest.get(indent) {
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
        self.text.get(at..self.end).unwrap_or_default()
    }

    fn past_blanks(&self, mut at: usize) -> usize {
        while self.byte(at) == Some(b' ') {
            at += 1;
        }
        at
    }

    fn span(&self, from: usize, to: usize) -> Span {
        span_at(self.file, self.bom, from, to)
    }

    fn comment(&mut self, at: usize) {
        self.built.comment(self.span(at, self.end));
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

    /// The same for a value that nothing below may go on.
    fn ends_alone(&mut self, indent: usize, at: usize) -> Option<()> {
        self.ends(at)?;
        self.line.is_none_or(|line| line.indent <= indent).then_some(())
    }

    fn is_item(&self, at: usize) -> bool {
        self.byte(at) == Some(b'-') && matches!(self.byte(at + 1), None | Some(b' ' | b'\n'))
    }

    /// A mapping whose first key stands at `at`, and may have been read already.
    fn mapping(&mut self, indent: usize, mut at: usize, mut first: Option<Read>, depth: usize) -> Option<Node> {
        if depth > DEPTH / 2 {
            return None;
        }
        let (from, start) = (self.entries.len(), self.span(at, at));
        loop {
            let (key, end, stop) = match first.take() {
                Some(read) => read,
                None => self.scalar(at, false)?,
            };
            let short = end - at < MAX_KEY && !(indent == 0 && matches!(self.text.get(at..at + 3), Some("---" | "...")));
            if stop != End::Colon || !short {
                return None;
            }
            let value = self.value(indent, end, depth)?;
            self.entries.push(Entry { key, value });
            match self.line {
                Some(line) if line.indent == indent && !self.is_item(line.start) => at = line.start,
                Some(line) if line.indent > indent => return None,
                _ => break,
            }
        }
        let entries = self.entries.split_off(from);
        Some(self.built.block(Value::Map(entries), start))
    }

    /// What stands after the `:` at `colon`.
    fn value(&mut self, indent: usize, colon: usize, depth: usize) -> Option<Node> {
        let mut from = colon + 1;
        let mut at = self.past_blanks(from);
        let anchor = if self.byte(at) == Some(b'&') { Some(self.name(at)?) } else { None };
        if let Some(name) = anchor {
            from = at + 1 + name.len();
            at = self.past_blanks(from);
        }
        let mut node = match self.byte(at) {
            None | Some(b'\n' | b'#') => {
                self.ends(from)?;
                match self.line {
                    Some(line) if self.is_item(line.start) && line.indent >= indent => self.sequence(line.indent, depth + 1)?,
                    Some(line) if line.indent > indent && matches!(self.byte(line.start), Some(b'[' | b'{')) => {
                        self.alone(indent, line.start)?
                    }
                    Some(line) if line.indent > indent => self.mapping(line.indent, line.start, None, depth + 1)?,
                    _ if anchor.is_some() => return None,
                    _ => scalar_node(Text::builder(self.span(colon, colon)), Style::Plain),
                }
            }
            Some(b'*') if anchor.is_some() => return None,
            Some(_) => self.alone(indent, at)?,
        };
        if let Some(name) = anchor {
            let end = from + self.bom;
            node.anchor = Some(Box::new(At::new(name.to_owned(), Span::new(self.file.id, end - name.len() - 1, end))));
            self.anchors.push(name);
        }
        Some(node)
    }

    /// The name behind a `&` or `*`, apart from what follows.
    fn name(&self, at: usize) -> Option<&'a str> {
        let rest = self.rest(at + 1);
        let len = rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))).unwrap_or(rest.len());
        let apart = matches!(rest.as_bytes().get(len), None | Some(b' '));
        rest.get(..len).filter(|name| !name.is_empty() && apart)
    }

    /// A value that ends with its line; what goes on below it is left alone, unless it is a block of lines.
    fn alone(&mut self, indent: usize, at: usize) -> Option<Node> {
        let (node, end) = match self.byte(at) {
            Some(b'[') => self.brackets(indent, at)?,
            Some(b'{') => self.braces(indent, at)?,
            Some(mark @ (b'|' | b'>')) => return self.lines(indent, at, mark == b'>'),
            Some(b'*') => {
                let name = self.name(at).filter(|name| self.anchors.contains(name))?;
                let end = at + 1 + name.len();
                (Node { span: self.span(at, end), tag: None, anchor: None, value: Value::Alias(name.to_owned()) }, end)
            }
            _ => match self.scalar(at, false)? {
                (node, end, End::Line) => (node, end),
                _ => return None,
            },
        };
        self.ends_alone(indent, end)?;
        Some(node)
    }

    fn sequence(&mut self, indent: usize, depth: usize) -> Option<Node> {
        let mut dash = self.line?.start;
        let (from, start) = (self.items.len(), self.span(dash, dash));
        loop {
            let at = self.past_blanks(dash + 1);
            let node = match self.byte(at) {
                None | Some(b'\n' | b'#') => return None,
                Some(b'-') if self.is_item(at) => return None,
                Some(b'[' | b'{' | b'|' | b'>' | b'*') => self.alone(indent, at)?,
                Some(_) => match self.scalar(at, false)? {
                    key @ (_, _, End::Colon) => self.mapping(indent + at - dash, at, Some(key), depth + 1)?,
                    (node, end, End::Line) => {
                        self.ends_alone(indent, end)?;
                        node
                    }
                    (_, _, End::Bracket) => return None,
                },
            };
            self.items.push(node);
            match self.line {
                Some(line) if line.indent == indent && self.is_item(line.start) => dash = line.start,
                Some(line) if line.indent > indent => return None,
                _ => break,
            }
        }
        let items = self.items.split_off(from);
        Some(self.built.block(Value::Seq(items), start))
    }

    /// The next character between brackets, whose lines are indented further than what they belong to.
    fn inside(&mut self, indent: usize, at: usize) -> Option<usize> {
        let mut at = self.past_blanks(at);
        while self.byte(at)? == b'\n' {
            let (from, rest) = (at + 1, self.text.as_bytes().get(at + 1..)?);
            at = self.past_blanks(from);
            self.end = from + memchr::memchr(b'\n', rest)?;
            self.next = self.end + 1;
            let closes = at - from == indent && matches!(self.byte(at)?, b']' | b'}');
            if self.byte(at)? != b'\n' && at - from <= indent && !closes {
                return None;
            }
        }
        Some(at)
    }

    /// `[a, "b"]`; and the place behind it.
    fn brackets(&mut self, indent: usize, open: usize) -> Option<(Node, usize)> {
        let mut items = Vec::new();
        let mut at = self.inside(indent, open + 1)?;
        while self.byte(at)? != b']' || !items.is_empty() {
            let (node, end, stop) = self.scalar(at, true)?;
            items.push(node);
            if stop == End::Colon {
                return None;
            }
            at = self.inside(indent, end)?;
            match self.byte(at)? {
                b',' => at = self.inside(indent, at + 1)?,
                b']' => break,
                _ => return None,
            }
        }
        Some((self.flow(Value::Seq(items), open, at + 1), at + 1))
    }

    /// `{a: b}`; and the place behind it.
    fn braces(&mut self, indent: usize, open: usize) -> Option<(Node, usize)> {
        let mut entries = Vec::new();
        let mut at = self.inside(indent, open + 1)?;
        while self.byte(at)? != b'}' || !entries.is_empty() {
            let (key, colon, _) = self.scalar(at, true)?;
            if (self.byte(colon)?, self.byte(colon + 1)?) != (b':', b' ') || colon - at >= MAX_KEY {
                return None;
            }
            let (value, end, stop) = self.scalar(self.past_blanks(colon + 1), true)?;
            entries.push(Entry { key, value });
            if stop == End::Colon {
                return None;
            }
            at = self.inside(indent, end)?;
            match self.byte(at)? {
                b',' => at = self.inside(indent, at + 1)?,
                b'}' => break,
                _ => return None,
            }
        }
        Some((self.flow(Value::Map(entries), open, at + 1), at + 1))
    }

    fn flow(&mut self, value: Value, from: usize, to: usize) -> Node {
        let node = Node { span: self.span(from, to), tag: None, anchor: None, value };
        self.built.duplicates(&node);
        node
    }

    /// `|` or `|-`, and the lines below it; `folded` where they start with `>`.
    fn lines(&mut self, indent: usize, at: usize, folded: bool) -> Option<Node> {
        let chomped = match self.rest(at + 1).trim_ascii_end() {
            "" => false,
            "-" => true,
            _ => return None,
        };
        let from = self.next;
        let rest = self.text.as_bytes().get(from..)?;
        let inner = rest.iter().position(|b| *b != b' ')?;
        if inner <= indent || rest.get(inner) == Some(&b'\n') {
            return None;
        }
        let (mut value, mut blank, mut end) = (String::new(), 0, from);
        while self.next < self.text.len() {
            // the last line has to end as well
            let len = memchr::memchr(b'\n', self.text.as_bytes().get(self.next..)?)?;
            let line = self.text.get(self.next..self.next + len)?;
            let blanks = line.bytes().position(|b| b != b' ').unwrap_or(len);
            match blanks == len {
                true if blanks > inner => return None,
                true => blank += 1,
                false if blanks < inner => break,
                // what is indented further, or stands apart, is not folded
                false if folded && (blanks > inner || blank > 0) => return None,
                false => {
                    if folded && !value.is_empty() {
                        value.pop();
                        value.push(' ');
                    }
                    (0..blank).for_each(|_| value.push('\n'));
                    blank = 0;
                    value.push_str(line.get(inner..)?);
                    value.push('\n');
                    end = self.next + len + 1;
                }
            }
            self.next += len + 1;
        }
        if chomped {
            value.pop();
        }
        self.turn();
        self.line.is_none_or(|line| line.indent <= indent).then_some(())?;
        let style = if folded { Style::Folded } else { Style::Literal };
        Some(scalar_node(scalar::decode(self.file, &value, style, self.span(from + inner, end), false), style))
    }

    fn scalar(&self, at: usize, flow: bool) -> Option<Read> {
        match self.byte(at)? {
            b'"' | b'\'' => self.quoted(at, flow),
            _ => self.plain(at, flow),
        }
    }

    fn plain(&self, at: usize, flow: bool) -> Option<Read> {
        let rest = self.rest(at);
        let bytes = rest.as_bytes();
        let first = *bytes.first()?;
        if matches!(
            first,
            b',' | b'[' | b']' | b'{' | b'}' | b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' | b'?' | b':'
        ) || first == b'-' && matches!(bytes.get(1), None | Some(b' ' | b',' | b'[' | b']' | b'{' | b'}'))
        {
            return None;
        }
        let mut len = bytes.len();
        let mut end = End::Line;
        let mut before = 0;
        for (n, &byte) in bytes.iter().enumerate() {
            let last = std::mem::replace(&mut before, byte);
            match byte {
                b':' if matches!(bytes.get(n + 1), None | Some(b' ')) => end = End::Colon,
                b'#' if last == b' ' => {}
                b',' | b']' | b'}' if flow => end = End::Bracket,
                b'[' | b'{' if flow => return None,
                b':' if flow && matches!(bytes.get(n + 1), Some(b',' | b'[' | b']' | b'{' | b'}')) => return None,
                _ => continue,
            }
            len = n;
            break;
        }
        let value = rest.get(..len)?.trim_ascii_end();
        if end == End::Colon && value.len() < len {
            return None;
        }
        let to = at + value.len();
        Some((scalar_node(Text::verbatim(value, self.span(at, to)), Style::Plain), to, end))
    }

    fn quoted(&self, at: usize, flow: bool) -> Option<Read> {
        let rest = self.rest(at);
        let bytes = rest.as_bytes();
        let quote = *bytes.first()?;
        let mut n = 1;
        let mut escaped = false;
        loop {
            match *bytes.get(n)? {
                b'\\' if quote == b'"' => match bytes.get(n + 1)? {
                    b'"' | b'\\' | b'n' => (n, escaped) = (n + 1, true),
                    _ => return None,
                },
                b'\'' if quote == b'\'' && bytes.get(n + 1) == Some(&b'\'') => (n, escaped) = (n + 1, true),
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
        let span = self.span(at, after);
        let text = match escaped {
            true => scalar::flow(self.file, span, Some(char::from(quote)))?,
            false => {
                let mut text = Text::builder(span);
                text.push(rest.get(1..n)?, self.span(at + 1, after - 1));
                text
            }
        };
        Some((scalar_node(text, style), after, end))
    }
}

fn scalar_node(text: Text, style: Style) -> Node {
    Node { span: text.span, tag: None, anchor: None, value: Value::Scalar(Scalar { text, style }) }
}
