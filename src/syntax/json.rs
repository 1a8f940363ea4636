//! JSON in which every value knows its bytes.

use crate::source::Span;
use crate::syntax::{SyntaxError, SyntaxErrorKind};
use crate::text::Text;

/// Values nest at most this deep; what lies deeper is an error.
const MAX_DEPTH: usize = 64;

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The whole value.
    pub span: Span,
    /// The value.
    pub value: Value,
}

/// A JSON value.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, and what could not be read.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number, as written.
    Number(String),
    /// A string.
    String(Text),
    /// An array.
    Array(Vec<Node>),
    /// An object, in source order; a repeated key stands in it twice.
    Object(Vec<(Text, Node)>),
}

impl Node {
    /// The value of a key; of the last one where it is repeated.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|(k, _)| k.value == key).map(|(_, v)| v)
    }

    /// The value of a key, whatever its letters' case.
    pub fn get_ignore_case(&self, key: &str) -> Option<&Node> {
        self.entries().iter().rev().find(|(k, _)| k.value.eq_ignore_ascii_case(key)).map(|(_, v)| v)
    }

    /// The entries of an object; none for other values.
    pub fn entries(&self) -> &[(Text, Node)] {
        match &self.value {
            Value::Object(entries) => entries,
            _ => &[],
        }
    }

    /// The items of an array; none for other values.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::Array(items) => items,
            _ => &[],
        }
    }

    /// The value where it is a string.
    pub fn text(&self) -> Option<&Text> {
        match &self.value {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// A string, number or boolean as text.
    pub fn scalar(&self) -> Option<Text> {
        match &self.value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(Text::verbatim(number.clone(), self.span)),
            Value::Bool(b) => Some(Text::verbatim(b.to_string(), self.span)),
            _ => None,
        }
    }
}

/// Reads a JSON text of which `text[i]` stands at `base.start + i`. Comments and trailing commas are read past and reported.
pub fn parse(text: &str, base: Span) -> (Node, Vec<SyntaxError>) {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, base, errors: Vec::new() };
    if text.starts_with('\u{feff}') {
        reader.at = 3;
    }
    let node = reader.value(0);
    reader.blanks();
    if reader.at < text.len() && reader.errors.is_empty() {
        reader.error("expected the end of the file");
    }
    (node, reader.errors)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    base: Span,
    errors: Vec<SyntaxError>,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn span(&self, start: usize) -> Span {
        self.base.part(start, self.at)
    }

    /// Records the first error and those after it, up to a few.
    fn error(&mut self, message: &str) {
        if self.errors.len() < 8 {
            let end = (self.at + 1..=self.text.len()).find(|&i| self.text.is_char_boundary(i)).unwrap_or(self.at);
            let span = self.base.part(self.at, end);
            self.errors.push(SyntaxError { span, kind: SyntaxErrorKind::Syntax, message: message.to_owned(), help: None });
        }
    }

    fn blanks(&mut self) {
        loop {
            match (self.peek(), self.bytes.get(self.at + 1)) {
                (Some(b' ' | b'\t' | b'\n' | b'\r'), _) => self.at += 1,
                (Some(b'/'), Some(b'/')) => self.comment("\n", 0),
                (Some(b'/'), Some(b'*')) => self.comment("*/", 2),
                _ => return,
            }
        }
    }

    fn comment(&mut self, end: &str, skip: usize) {
        self.error("JSON has no comments");
        let rest = self.text.get(self.at + skip..).unwrap_or_default();
        self.at += skip + rest.find(end).map_or(rest.len(), |i| i + skip);
        self.at = self.at.min(self.text.len());
    }

    fn value(&mut self, depth: usize) -> Node {
        self.blanks();
        let start = self.at;
        let value = match self.peek() {
            _ if depth > MAX_DEPTH => {
                self.error("the values are nested too deeply");
                self.at = self.text.len();
                Value::Null
            }
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(b'"') => Value::String(self.string()),
            Some(_) => self.word(),
            None => {
                self.error("expected a value");
                Value::Null
            }
        };
        Node { span: self.span(start), value }
    }

    fn word(&mut self) -> Value {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_')) {
            self.at += 1;
        }
        match self.text.get(start..self.at).unwrap_or_default() {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            number if number.parse::<f64>().is_ok() => Value::Number(number.to_owned()),
            _ => {
                let after = std::mem::replace(&mut self.at, start);
                self.error("expected a value");
                self.at = after;
                Value::Null
            }
        }
    }

    fn array(&mut self, depth: usize) -> Value {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.blanks();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                None => {
                    self.error("expected ]");
                    break;
                }
                _ => {}
            }
            let before = self.at;
            items.push(self.value(depth + 1));
            if !self.separator(b']') || self.at == before {
                break;
            }
        }
        Value::Array(items)
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut entries = Vec::new();
        self.at += 1;
        loop {
            self.blanks();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    break;
                }
                Some(b'"') => {}
                _ => {
                    self.error("expected a key in double quotes, or }");
                    self.skip_line();
                    if self.peek().is_none() {
                        break;
                    }
                    continue;
                }
            }
            let key = self.string();
            self.blanks();
            if self.peek() == Some(b':') {
                self.at += 1;
            } else {
                self.error("expected : after the key");
            }
            let value = self.value(depth + 1);
            entries.push((key, value));
            if !self.separator(b'}') {
                self.skip_line();
            }
        }
        Value::Object(entries)
    }

    /// Reads `,` or sees the closing bracket; false where neither follows.
    fn separator(&mut self, close: u8) -> bool {
        self.blanks();
        match self.peek() {
            Some(b',') => {
                let comma = self.at;
                self.at += 1;
                self.blanks();
                if self.peek() == Some(close) {
                    let after = std::mem::replace(&mut self.at, comma);
                    self.error("JSON has no comma after the last item");
                    self.at = after;
                }
                true
            }
            Some(b) if b == close => true,
            Some(b'"') => {
                self.error("expected , before this");
                true
            }
            _ => {
                self.error("expected , or the closing bracket");
                false
            }
        }
    }

    fn skip_line(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += rest.find('\n').map_or(rest.len(), |i| i + 1);
    }

    /// A string; its span holds the quotes.
    fn string(&mut self) -> Text {
        let start = self.at;
        self.at += 1;
        let mut text = Text::builder(self.span(start));
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = rest.find(['"', '\\', '\n']).unwrap_or(rest.len());
            text.push(rest.get(..plain).unwrap_or_default(), self.base.part(self.at, self.at + plain));
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    break;
                }
                Some(b'\\') => {
                    let from = self.at;
                    let value = self.escape();
                    text.push(&value, self.span(from));
                }
                _ => {
                    self.error("expected a closing double quote");
                    break;
                }
            }
        }
        text.span = self.span(start);
        text
    }

    fn escape(&mut self) -> String {
        let code = self.bytes.get(self.at + 1).copied();
        let value = match code {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'u') => {
                let high = self.hex(self.at + 2);
                let low = self.text.get(self.at + 6..self.at + 8).filter(|s| *s == "\\u").and_then(|_| self.hex(self.at + 8));
                let (len, value) = match (high, low) {
                    (Some(h @ 0xd800..=0xdbff), Some(l @ 0xdc00..=0xdfff)) => (12, 0x10000 + ((h - 0xd800) << 10) + (l - 0xdc00)),
                    (Some(h), _) => (6, h),
                    (None, _) => (2, 0xfffd),
                };
                self.at += len;
                return char::from_u32(value).unwrap_or('\u{fffd}').to_string();
            }
            _ => {
                self.error("no such escape in JSON");
                self.at += 1;
                return "\\".to_owned();
            }
        };
        self.at += 2;
        value.to_string()
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.text.get(at..at + 4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "the texts are the tests' own")]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn read(text: &str) -> (Node, Vec<SyntaxError>) {
        parse(text, Span::new(FileId(0), 0, text.len()))
    }

    #[test]
    fn values_know_their_bytes() {
        let text = r#"{"a": [1, "x\n\u00e9y"], "b": {"c": true}}"#;
        let (node, errors) = read(text);
        assert!(errors.is_empty(), "{errors:?}");
        let x = node.get("a").unwrap().items()[1].text().unwrap();
        assert_eq!(x.value, "x\néy");
        assert_eq!(&text[x.span_of(4, 5).range()], "y");
        assert_eq!(&text[node.get("b").unwrap().get("c").unwrap().span.range()], "true");
    }

    #[test]
    fn what_follows_an_error_is_read() {
        for text in
            ["{\"a\": 1,\n \"b\": 2,\n}", "{\"a\": oops\n, \"b\": 2}", "// note\n{\"b\": 2}", "{\"a\" 1\n,\"b\": 2}", "{a: 1,\n\"b\": 2}"]
        {
            let (node, errors) = read(text);
            assert!(!errors.is_empty(), "{text}");
            assert!(matches!(node.get("b").map(|n| &n.value), Some(Value::Number(n)) if n == "2"), "{text}: {node:?}");
        }
    }

    #[test]
    fn deep_nesting_ends() {
        let (_, errors) = read(&"[".repeat(100_000));
        assert_eq!(errors[0].message, "the values are nested too deeply");
    }
}
