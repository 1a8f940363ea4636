//! The assignments of a `gunicorn.conf.py`. Python is never run: only literal values are read.

use crate::source::{At, Span};
use crate::text::Text;

/// The settings of a gunicorn configuration, in order.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// All assignments of the top level.
    pub settings: Vec<Setting>,
}

/// `name = value`.
#[derive(Clone, Debug)]
pub struct Setting {
    /// The whole assignment.
    pub span: Span,
    /// The name.
    pub name: At<String>,
    /// The value.
    pub value: Value,
    /// The value's source.
    pub value_span: Span,
}

/// A literal value.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    String(Text),
    /// A list or tuple of strings.
    List(Vec<Text>),
    /// A number, `True`, `False` or `None`, as written.
    Plain(String),
    /// Anything that Python would have to compute, as written.
    Expression(String),
}

impl Settings {
    /// The last assignment of a name: the one in effect.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().rev().find(|s| s.name.value == name)
    }

    /// The strings of a setting: one, or those of a list; none where it is computed.
    pub fn strings(&self, name: &str) -> Vec<&Text> {
        match self.get(name).map(|s| &s.value) {
            Some(Value::String(text)) => vec![text],
            Some(Value::List(texts)) => texts.iter().collect(),
            _ => Vec::new(),
        }
    }
}

/// Reads a configuration of which `text[i]` stands at `base.start + i`.
pub fn parse(text: &str, base: Span) -> Settings {
    let reader = Reader { text, base };
    let mut settings = Vec::new();
    let mut at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    while at < text.len() {
        let end = reader.statement_end(at);
        settings.extend(reader.assignment(at, end));
        at = end.max(at + 1);
    }
    Settings { settings }
}

struct Reader<'a> {
    text: &'a str,
    base: Span,
}

impl Reader<'_> {
    fn raw(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Where the logical line that starts at `at` ends: behind a line break outside brackets and strings.
    fn statement_end(&self, start: usize) -> usize {
        let bytes = self.text.as_bytes();
        let (mut at, mut depth) = (start, 0usize);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'#' => at += self.raw(at, self.text.len()).find('\n').unwrap_or(self.text.len() - at),
                b'"' | b'\'' => at = self.string_end(at),
                b'(' | b'[' | b'{' => {
                    depth += 1;
                    at += 1;
                }
                b')' | b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    at += 1;
                }
                b'\\' => at += 2,
                b'\n' if depth == 0 => return at + 1,
                _ => at += 1,
            }
        }
        self.text.len()
    }

    /// The end of the string literal whose quote stands at `at`.
    fn string_end(&self, at: usize) -> usize {
        let rest = self.raw(at, self.text.len());
        let single = rest.get(..1).unwrap_or_default();
        let triple = rest.get(..3).filter(|t| *t == single.repeat(3));
        let quote = triple.unwrap_or(single);
        let mut from = quote.len();
        while let Some(found) = rest.get(from..).and_then(|r| r.find(['\\', '\n', '"', '\''])) {
            from += found;
            let here = rest.get(from..).unwrap_or_default();
            if here.starts_with(quote) {
                return at + from + quote.len();
            }
            match here.as_bytes() {
                [b'\n', ..] if triple.is_none() => return at + from,
                [b'\\', next, ..] if next.is_ascii() => from += 2,
                _ => from += 1,
            }
        }
        self.text.len()
    }

    fn assignment(&self, start: usize, end: usize) -> Option<Setting> {
        let line = self.raw(start, end);
        let len = line.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let name = line.get(..len).filter(|n| n.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))?;
        let mut rest = line.get(len..)?.trim_start_matches([' ', '\t']);
        if let Some(annotated) = rest.strip_prefix(':') {
            rest = annotated.get(annotated.find('=')?..)?;
        }
        let value = rest.strip_prefix('=').filter(|v| !v.starts_with('='))?;
        let from = start + (line.len() - value.len()) + (value.len() - value.trim_start().len());
        let to = self.value_end(from, end);
        let name_span = self.base.part(start, start + len);
        let value_span = self.base.part(from, to);
        let value = self.value(from, to);
        Some(Setting { span: name_span.to(value_span), name: At::new(name.to_owned(), name_span), value, value_span })
    }

    /// The end of a value: before blanks and a comment.
    fn value_end(&self, start: usize, end: usize) -> usize {
        let (mut at, mut last) = (start, start);
        while at < end {
            match self.text.as_bytes().get(at) {
                Some(b'#') => at += self.raw(at, end).find('\n').unwrap_or(end - at),
                Some(b'"' | b'\'') => {
                    at = self.string_end(at).min(end);
                    last = at;
                }
                Some(b) => {
                    at += 1;
                    if !b.is_ascii_whitespace() && *b != b';' {
                        last = at;
                    }
                }
                None => break,
            }
        }
        last
    }

    fn value(&self, start: usize, end: usize) -> Value {
        let raw = self.raw(start, end);
        if let Some((text, rest)) = self.strings(start, end)
            && rest == end
        {
            return Value::String(text);
        }
        let number = raw.replace('_', "").parse::<f64>().is_ok();
        if number || matches!(raw, "True" | "False" | "None") {
            return Value::Plain(raw.to_owned());
        }
        let list = raw.starts_with(['[', '(']).then(|| self.list(start + 1, end.saturating_sub(1))).flatten();
        match list {
            Some(mut texts) if raw.starts_with('(') && texts.len() == 1 && !raw.contains(',') => {
                texts.pop().map_or_else(|| Value::Expression(raw.to_owned()), Value::String)
            }
            Some(texts) => Value::List(texts),
            None => Value::Expression(raw.to_owned()),
        }
    }

    /// String literals with commas between them.
    fn list(&self, start: usize, end: usize) -> Option<Vec<Text>> {
        let (mut texts, mut at) = (Vec::new(), self.blanks(start, end));
        while at < end {
            let (text, after) = self.strings(at, end)?;
            texts.push(text);
            at = self.blanks(after, end);
            if at < end {
                if self.raw(at, at + 1) != "," {
                    return None;
                }
                at = self.blanks(at + 1, end);
            }
        }
        Some(texts)
    }

    /// Skips blanks and comments.
    fn blanks(&self, start: usize, end: usize) -> usize {
        let mut at = start;
        while let Some(byte) = self.text.as_bytes().get(at).filter(|_| at < end) {
            match byte {
                b'#' => at += self.raw(at, end).find('\n').unwrap_or(end - at),
                b if b.is_ascii_whitespace() => at += 1,
                _ => break,
            }
        }
        at
    }

    /// One or more string literals side by side, which Python joins; `None` where there is anything else or an f-string that computes.
    fn strings(&self, start: usize, end: usize) -> Option<(Text, usize)> {
        let mut joined = Text::builder(self.base.part(start, start));
        let (mut at, mut last) = (start, None);
        loop {
            let prefix = self.raw(at, end).bytes().take_while(u8::is_ascii_alphabetic).take(3).count();
            let letters = self.raw(at, at + prefix).to_ascii_lowercase();
            let quoted = matches!(self.text.as_bytes().get(at + prefix), Some(b'"' | b'\'')) && at + prefix < end;
            if !quoted || !matches!(letters.as_str(), "" | "r" | "b" | "u" | "f" | "br" | "rb" | "fr" | "rf") {
                break;
            }
            let after = self.string_end(at + prefix);
            let body = self.raw(at + prefix, after);
            let width = if body.len() >= 6 && (body.starts_with("\"\"\"") || body.starts_with("'''")) { 3 } else { 1 };
            if after > end || body.len() < 2 * width || letters.contains('f') && body.contains('{') {
                return None;
            }
            self.decode(at + prefix + width, after - width, letters.contains('r'), &mut joined);
            last = Some(after);
            at = self.blanks(after, end);
        }
        let last = last?;
        joined.span = self.base.part(start, last);
        Some((joined, last))
    }

    fn decode(&self, start: usize, end: usize, raw: bool, out: &mut Text) {
        let mut at = start;
        while at < end {
            let rest = self.raw(at, end);
            let plain = if raw { rest.len() } else { rest.find('\\').unwrap_or(rest.len()) };
            out.push(rest.get(..plain).unwrap_or_default(), self.base.part(at, at + plain));
            at += plain;
            if at >= end {
                break;
            }
            let next = self.raw(at + 1, end).chars().next();
            let len = 1 + next.map_or(0, char::len_utf8);
            let value = match next {
                Some('n') => "\n".to_owned(),
                Some('t') => "\t".to_owned(),
                Some('r') => "\r".to_owned(),
                Some('\n') => String::new(),
                Some(c @ ('\\' | '\'' | '"')) => c.to_string(),
                _ => self.raw(at, at + len).to_owned(),
            };
            out.push(&value, self.base.part(at, at + len));
            at += len;
        }
    }
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "the texts are the tests' own")]
mod tests {
    use super::*;
    use crate::source::FileId;

    const CONF: &str = r#"
"""bind = 'not this'"""
import os  # bind = "nor this"

bind = "127.0.0.1:8000"
bind: str = '0.0.0.0:' "80"
bind = ["0.0.0.0:8000", 'unix:/run/a.sock',  # both
]
workers = 4
wsgi_app = ("app.wsgi"
            ":application")
accesslog = "-"
port = os.environ.get("PORT", "80")
host = f"0.0.0.0:{port}"
def on_starting(server):
    bind = "never"
if True:
    timeout = 3
x == 3
"#;

    fn read(text: &str) -> Settings {
        parse(text, Span::new(FileId(0), 0, text.len()))
    }

    #[test]
    fn literal_assignments_of_the_top_level_are_read() {
        let conf = read(CONF);
        let names: Vec<_> = conf.settings.iter().map(|s| s.name.value.as_str()).collect();
        assert_eq!(names, ["bind", "bind", "bind", "workers", "wsgi_app", "accesslog", "port", "host"]);
        let bind: Vec<_> = conf.strings("bind").into_iter().map(|t| (t.value.as_str(), &CONF[t.span.range()])).collect();
        assert_eq!(bind, [("0.0.0.0:8000", "\"0.0.0.0:8000\""), ("unix:/run/a.sock", "'unix:/run/a.sock'")]);
        assert!(matches!(&conf.settings[1].value, Value::String(t) if t.value == "0.0.0.0:80"));
        assert!(matches!(&conf.get("workers").unwrap().value, Value::Plain(n) if n == "4"));
        assert_eq!(conf.strings("wsgi_app")[0].value, "app.wsgi:application");
        assert!(matches!(&conf.get("host").unwrap().value, Value::Expression(_)));
        assert!(conf.strings("port").is_empty());
    }

    #[test]
    fn broken_files_end() {
        for text in
            ["bind = \"", "bind = [", "bind = '''a", "bind = (\"a\" + \n", "bind = \"a\\", "a = 'é\\é", "x = [\"a\" \"b\", 3]", "b = ["]
        {
            read(text);
        }
    }
}
