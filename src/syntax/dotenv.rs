//! Env files, as Compose reads `.env` and `env_file`.

use std::collections::BTreeMap;

use super::interpolate::{Fault, Lookup, interpolate};
use super::{SyntaxError, SyntaxErrorKind};
use crate::source::{At, SourceFile, Span};
use crate::text::Text;

/// A variable of an env file.
#[derive(Clone, Debug)]
pub struct Variable {
    /// Its name.
    pub name: At<String>,
    /// Its value; `None` for a bare name that the environment does not have.
    pub value: Option<Text>,
    /// The value as written.
    pub raw: String,
    /// Name and value.
    pub span: Span,
}

/// An env file.
#[derive(Clone, Debug, Default)]
pub struct Dotenv {
    /// Its variables in order, repeated ones included: the last wins.
    pub variables: Vec<Variable>,
    /// What could not be read; Compose refuses the file for any of these.
    pub errors: Vec<SyntaxError>,
}

/// How an env file is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Quotes, escapes and variables mean something.
    Compose,
    /// `format: raw`: everything after `=` is the value.
    Raw,
}

/// Reads an env file. `lookup` is asked for variables before those that the file itself has set.
pub fn parse(file: &SourceFile, format: Format, lookup: Lookup<'_>) -> Dotenv {
    parse_after(file, format, lookup, BTreeMap::new())
}

/// Reads an env file after others, whose variables are `known`: those that it sets itself take their place.
pub fn parse_after(file: &SourceFile, format: Format, lookup: Lookup<'_>, known: BTreeMap<String, String>) -> Dotenv {
    let mut reader = Reader { file, text: &file.text, pos: file.bom_len(), lookup, known, out: Dotenv::default() };
    match format {
        Format::Compose => reader.compose(),
        Format::Raw => reader.raw(),
    }
    reader.out
}

struct Reader<'a> {
    file: &'a SourceFile,
    text: &'a str,
    pos: usize,
    lookup: Lookup<'a>,
    known: BTreeMap<String, String>,
    out: Dotenv,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.file.id, start, end)
    }

    fn line_end(&self, from: usize) -> usize {
        self.text.get(from..).and_then(|t| t.find('\n')).map_or(self.text.len(), |i| from + i)
    }

    fn error(&mut self, span: Span, message: String, help: &str) {
        let help = Some(help.to_owned());
        self.out.errors.push(SyntaxError { span, kind: SyntaxErrorKind::Syntax, message, help });
    }

    fn compose(&mut self) {
        loop {
            let rest = self.rest();
            self.pos += rest.len() - rest.trim_start().len();
            let rest = self.rest();
            if rest.is_empty() {
                return;
            }
            if rest.starts_with('#') {
                self.pos = self.line_end(self.pos);
                continue;
            }
            self.statement();
        }
    }

    fn statement(&mut self) {
        let first = self.pos;
        if let Some(after) = self.rest().strip_prefix("export").filter(|r| r.starts_with(char::is_whitespace)) {
            self.pos = self.text.len() - after.trim_start_matches(blank).len();
        }
        let start = self.pos;
        let line_end = self.line_end(start);
        let stop = self.rest().find(|c: char| !(blank(c) || c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '[' | ']')));
        let end = stop.map_or(self.text.len(), |i| start + i);
        let separator = self.text.get(end..).and_then(|t| t.chars().next());
        let written = self.text.get(start..end).unwrap_or_default();
        let name = written.trim_end().to_owned();
        if !matches!(separator, Some('=' | ':' | '\n') | None) {
            let at = self.span(end, end + separator.map_or(0, char::len_utf8));
            self.error(at, format!("`{}` cannot stand in a variable's name", separator.unwrap_or(' ')), "a line has the form NAME=value");
            self.pos = line_end;
            return;
        }
        if separator.is_none() && !name.is_empty() {
            // Compose takes a last line without a line break for the value of a variable without a name
            self.pos = start;
            self.value(At::new(String::new(), self.span(start, start)), first);
            return;
        }
        if name.contains(' ') {
            self.error(
                self.span(start, start + name.len()),
                "a variable's name has a blank in it".to_owned(),
                "a line has the form NAME=value",
            );
            self.pos = line_end;
            return;
        }
        let name = At::new(name.clone(), self.span(start, start + name.len()));
        if !matches!(separator, Some('=' | ':')) {
            self.pos = end;
            self.inherited(name);
            return;
        }
        self.pos = end + 1;
        self.value(name, first);
    }

    /// A bare name takes its value from the environment.
    fn inherited(&mut self, name: At<String>) {
        if name.value.is_empty() {
            return;
        }
        let value = self.find(&name.value).map(|v| {
            let mut text = Text::builder(name.span);
            text.push(&v, name.span);
            text
        });
        let span = name.span;
        self.add(Variable { name, value, raw: String::new(), span });
    }

    fn find(&self, name: &str) -> Option<String> {
        (self.lookup)(name).or_else(|| self.known.get(name).cloned())
    }

    fn add(&mut self, variable: Variable) {
        if let Some(value) = &variable.value {
            self.known.insert(variable.name.value.clone(), value.value.clone());
        }
        self.out.variables.push(variable);
    }

    fn value(&mut self, name: At<String>, first: usize) {
        let rest = self.rest();
        self.pos += rest.len() - rest.trim_start_matches(blank).len();
        match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(name, quote, first),
            _ => self.unquoted(name, first),
        }
    }

    fn unquoted(&mut self, name: At<String>, first: usize) {
        let start = self.pos;
        let line_end = self.line_end(start);
        let line = self.text.get(start..line_end).unwrap_or_default();
        let value = line.split(" #").next().unwrap_or_default().trim_end();
        let text = Text::verbatim(value, self.span(start, start + value.len()));
        self.pos = line_end;
        self.expanded(name, text, value.to_owned(), first, start + value.len());
    }

    fn quoted(&mut self, name: At<String>, quote: char, first: usize) {
        let start = self.pos;
        let mut escaped = false;
        let body = self.text.get(start + 1..).unwrap_or_default();
        let close = body.char_indices().find(|&(_, c)| {
            let closes = c == quote && !escaped;
            escaped = !escaped && c == '\\';
            closes
        });
        let Some((len, _)) = close else {
            let line_end = self.line_end(start);
            self.error(self.span(start, start + 1), "this quote is never closed".to_owned(), "close it at the end of the value");
            self.pos = line_end;
            return;
        };
        let end = start + 1 + len + 1;
        let inner = body.get(..len).unwrap_or_default();
        let mut text = unescape(inner, quote, Span::new(self.file.id, start, end));
        if quote == '"' {
            text = escapes(&text);
        }
        self.pos = end;
        let raw = inner.to_owned();
        if quote == '"' {
            self.expanded(name, text, raw, first, end);
        } else {
            self.add(Variable { name, value: Some(text), raw, span: self.span(first, end) });
        }
    }

    fn expanded(&mut self, name: At<String>, text: Text, raw: String, first: usize, end: usize) {
        let outcome = interpolate(&text, &|wanted| self.find(wanted));
        if let Some(fault) = &outcome.fault {
            let (span, message) = match fault {
                Fault::Invalid { span } => (*span, "this `$` starts no variable".to_owned()),
                Fault::Required { span, name, .. } => (*span, format!("`{name}` is required and not set")),
            };
            self.error(span, message, "write `$$` for a dollar sign");
        }
        let span = self.span(first, end);
        self.add(Variable { name, value: Some(outcome.text), raw, span });
    }

    fn raw(&mut self) {
        let mut start = self.pos;
        while start < self.text.len() {
            let end = self.line_end(start);
            let line = self.text.get(start..end).unwrap_or_default().trim_end_matches('\r');
            self.raw_line(line, start);
            start = end + 1;
        }
    }

    fn raw_line(&mut self, line: &str, start: usize) {
        let start = start + line.len() - line.trim_start().len();
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            return;
        }
        let (name, value) = line.split_once('=').map_or((line, None), |(name, value)| (name, Some(value)));
        let named = self.span(start, start + name.len());
        if name.is_empty() || name.contains([' ', '\t']) {
            let message = if name.is_empty() { "this line names no variable" } else { "a variable's name has a blank in it" };
            self.error(self.span(start, start + line.len()), message.to_owned(), "a line has the form NAME=value");
            return;
        }
        let name = At::new(name.to_owned(), named);
        let Some(value) = value else { return self.inherited(name) };
        let from = start + line.len() - value.len();
        let text = Text::verbatim(value, self.span(from, from + value.len()));
        self.add(Variable { name, value: Some(text), raw: value.to_owned(), span: self.span(start, start + line.len()) });
    }
}

fn blank(c: char) -> bool {
    matches!(c, '\t' | '\u{b}' | '\u{c}' | '\r' | ' ' | '\u{85}' | '\u{a0}')
}

/// A backslash before the quote hides it; any other stays.
fn unescape(inner: &str, quote: char, span: Span) -> Text {
    let mut out = Text::builder(span);
    let start = span.start as usize + 1;
    let mut from = 0;
    let mut chars = inner.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        if c != '\\' {
            continue;
        }
        if let Some((j, next)) = chars.next()
            && next == quote
        {
            push(&mut out, inner, from, i, start);
            from = j;
        }
    }
    push(&mut out, inner, from, inner.len(), start);
    out
}

fn push(out: &mut Text, inner: &str, from: usize, to: usize, start: usize) {
    let file = out.span.file;
    out.push(inner.get(from..to).unwrap_or_default(), Span::new(file, start + from, start + to));
}

/// `\n` and the like in double quotes; `\$` becomes `$$`, which then stands for a dollar sign.
fn escapes(text: &Text) -> Text {
    let mut out = Text::builder(text.span);
    let mut at = 0;
    while let Some(found) = text.value.get(at..).and_then(|t| t.find('\\')) {
        let slash = at + found;
        let Some(next) = text.value.get(slash + 1..).and_then(|t| t.chars().next()) else { break };
        let end = slash + 1 + next.len_utf8();
        if next == '0' {
            let digits = text.value.get(end..).map_or(0, |t| t.bytes().take(3).take_while(u8::is_ascii_digit).count());
            let octal = text.value.get(end..end + digits).filter(|d| d.len() == 3).and_then(|d| u32::from_str_radix(d, 8).ok());
            let c = octal.filter(|&n| n < 256).and_then(char::from_u32);
            let shown = c.map_or_else(|| text.value.get(slash..end + digits).unwrap_or_default().to_owned(), String::from);
            out.append_range(text, at, slash);
            out.push(&shown, text.span_of(slash, end + digits));
            at = end + digits;
            continue;
        }
        let decoded = match next {
            'a' => "\u{7}",
            'b' => "\u{8}",
            'f' => "\u{c}",
            'n' => "\n",
            'r' => "\r",
            't' => "\t",
            'v' => "\u{b}",
            '$' => "$$",
            '"' => "\"",
            '\\' => "\\",
            _ => text.value.get(slash..end).unwrap_or_default(),
        };
        out.append_range(text, at, slash);
        out.push(decoded, text.span_of(slash, end));
        at = end;
    }
    out.append_range(text, at, text.value.len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    fn read(text: &str) -> (Vec<(String, Option<String>)>, usize) {
        let mut sources = Sources::new();
        let id = sources.add(".env", text.to_owned());
        let got = parse(sources.get(id), Format::Compose, &|n| (n == "OUT").then(|| "out".to_owned()));
        (got.variables.into_iter().map(|v| (v.name.value, v.value.map(|t| t.value))).collect(), got.errors.len())
    }

    #[test]
    fn values_are_read_as_compose_reads_them() {
        let text = "# c\nA=1\r\nexport B = two words # no\nC='$A' # x\nD=\"$A\\n${OUT}\"\nE=${NO:-d}\nOUT\nF: yaml\nG=a#b\nH=\n";
        let some = |s: &str| Some(s.to_owned());
        let want = [
            ("A", some("1")),
            ("B", some("two words")),
            ("C", some("$A")),
            ("D", some("1\nout")),
            ("E", some("d")),
            ("OUT", some("out")),
            ("F", some("yaml")),
            ("G", some("a#b")),
            ("H", some("")),
        ];
        let (got, errors) = read(text);
        assert_eq!(errors, 0);
        assert_eq!(got, want.map(|(k, v)| (k.to_owned(), v)));
    }

    #[test]
    fn later_files_see_earlier_ones_and_themselves_first() {
        let mut sources = Sources::new();
        let id = sources.add("b.env", "B=$A\nA=2\nC=$A\nLAST".to_owned());
        let known = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
        let got = parse_after(sources.get(id), Format::Compose, &|_| None, known);
        let got: Vec<(String, Option<String>)> = got.variables.into_iter().map(|v| (v.name.value, v.value.map(|t| t.value))).collect();
        let want = [("B", "1"), ("A", "2"), ("C", "2"), ("", "LAST")];
        assert_eq!(got, want.map(|(k, v)| (k.to_owned(), Some(v.to_owned()))));
    }

    #[test]
    fn raw_files_are_taken_as_they_stand() {
        let mut sources = Sources::new();
        let id = sources.add("r.env", " A='x' # y \n# c\nOUT\nB C=1\n=d\n".to_owned());
        let got = parse(sources.get(id), Format::Raw, &|n| (n == "OUT").then(|| "out".to_owned()));
        let values: Vec<(String, Option<String>)> = got.variables.into_iter().map(|v| (v.name.value, v.value.map(|t| t.value))).collect();
        assert_eq!(values, [("A", "'x' # y "), ("OUT", "out")].map(|(k, v)| (k.to_owned(), Some(v.to_owned()))));
        assert_eq!(got.errors.len(), 2);
    }

    #[test]
    fn slips_are_errors() {
        for text in ["A B=1\n", "A='x\n", "A=${\n", "A*B=1\n"] {
            assert_eq!(read(text).1, 1, "{text}");
        }
    }
}
