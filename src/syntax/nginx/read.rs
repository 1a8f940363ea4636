//! The reader: words, `;` and braces.

use super::{Config, Directive, error};
use crate::source::Span;
use crate::syntax::SyntaxError;
use crate::text::Text;

/// Blocks nest at most this deep; what lies deeper is read as if it were not nested.
const MAX_DEPTH: usize = 64;

/// Reads a configuration of which `text[i]` stands at `base.start + i`.
pub fn parse(text: &str, base: Span) -> Config {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, base, errors: Vec::new() };
    let mut open: Vec<Frame> = vec![Frame::default()];
    while let Some(token) = reader.token() {
        let Some(frame) = open.last_mut() else { break };
        match token {
            Token::Word(word) => frame.words.push(word),
            Token::End => frame.finish(None, reader.here(), &mut reader.errors),
            Token::Open if frame.words.first().is_some_and(|w| w.value.ends_with("_by_lua_block")) => {
                reader.raw_block();
                frame.finish(Some(Vec::new()), reader.here(), &mut reader.errors);
            }
            Token::Open if open.len() <= MAX_DEPTH => open.push(Frame { start: reader.at - 1, ..Frame::default() }),
            Token::Open => reader.error_at(reader.at - 1, "the blocks are nested too deeply"),
            Token::Close => close(&mut open, &mut reader),
        }
    }
    while open.len() > 1 {
        let start = open.last().map_or(0, |f| f.start);
        reader.error_at(start, "the block that starts here is not closed");
        close(&mut open, &mut reader);
    }
    let mut top = open.pop().unwrap_or_default();
    top.unfinished(&mut reader.errors);
    Config { directives: top.done, errors: reader.errors }
}

/// A block that is being read.
#[derive(Default)]
struct Frame {
    start: usize,
    done: Vec<Directive>,
    words: Vec<Text>,
}

impl Frame {
    /// Ends the directive whose words are read; `here` is what ends it.
    fn finish(&mut self, block: Option<Vec<Directive>>, here: Span, errors: &mut Vec<SyntaxError>) {
        let mut words = std::mem::take(&mut self.words).into_iter();
        let Some(name) = words.next() else {
            if block.is_some() {
                errors.push(error(here, "a block needs a name before it"));
            }
            return;
        };
        self.done.push(Directive { span: name.span.to(here), name, args: words.collect(), block });
    }

    /// Words that no `;` ends.
    fn unfinished(&mut self, errors: &mut Vec<SyntaxError>) {
        if let Some(last) = self.words.last().map(|word| word.span) {
            errors.push(error(last, "expected ; after this"));
            self.finish(None, last, errors);
        }
    }
}

fn close(open: &mut Vec<Frame>, reader: &mut Reader<'_>) {
    if open.len() < 2 {
        reader.error_at(reader.at.saturating_sub(1), "this } closes nothing");
        return;
    }
    let Some(mut frame) = open.pop() else { return };
    frame.unfinished(&mut reader.errors);
    if let Some(outer) = open.last_mut() {
        outer.finish(Some(frame.done), reader.here(), &mut reader.errors);
    }
}

enum Token {
    Word(Text),
    End,
    Open,
    Close,
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

    /// The byte that was just read; the empty span at the end of a text that ends in no ASCII character.
    fn here(&self) -> Span {
        let start = self.at.saturating_sub(1);
        self.base.part(if self.text.is_char_boundary(start) { start } else { self.at }, self.at)
    }

    fn error_at(&mut self, at: usize, message: &str) {
        let at = if self.text.is_char_boundary(at) { at } else { self.text.len() };
        let end = self.text.get(at..).and_then(|t| t.chars().next()).map_or(at, |c| at + c.len_utf8());
        self.errors.push(error(self.base.part(at, end), message));
    }

    fn token(&mut self) -> Option<Token> {
        loop {
            match self.peek()? {
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                0xef if self.text.get(self.at..).is_some_and(|t| t.starts_with('\u{feff}')) => self.at += 3,
                b'#' => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    self.at += rest.find('\n').unwrap_or(rest.len());
                }
                _ => break,
            }
        }
        let simple = match self.peek()? {
            b';' => Token::End,
            b'{' => Token::Open,
            b'}' => Token::Close,
            quote @ (b'"' | b'\'') => return Some(Token::Word(self.quoted(quote))),
            _ => return Some(Token::Word(self.bare())),
        };
        self.at += 1;
        Some(simple)
    }

    fn bare(&mut self) -> Text {
        let start = self.at;
        let mut kept = start;
        let mut text = Text::builder(self.base.part(start, start));
        while let Some(byte) = self.peek() {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' => break,
                b'{' if self.at == start || self.bytes.get(self.at - 1) != Some(&b'$') => break,
                b'{' => {
                    let rest = self.text.get(self.at..).unwrap_or_default();
                    self.at += rest.find(['}', '\n', ';']).map_or(1, |i| i + usize::from(rest.as_bytes().get(i) == Some(&b'}')));
                }
                b'\\' if matches!(self.bytes.get(self.at + 1), Some(b'"' | b'\'' | b'\\' | b' ' | b';' | b't' | b'r' | b'n')) => {
                    self.escape(&mut text, &mut kept);
                }
                _ => self.at += 1,
            }
        }
        self.push(&mut text, kept);
        text.span = self.base.part(start, self.at);
        text
    }

    fn quoted(&mut self, quote: u8) -> Text {
        let start = self.at;
        self.at += 1;
        let mut kept = self.at;
        let mut text = Text::builder(self.base.part(start, start));
        loop {
            match self.peek() {
                Some(byte) if byte == quote => break,
                Some(b'\\') if self.at + 1 < self.bytes.len() => self.escape(&mut text, &mut kept),
                Some(_) => self.at += 1,
                None => {
                    self.error_at(start, "the quotes that start here are not closed");
                    break;
                }
            }
        }
        self.push(&mut text, kept);
        self.at = (self.at + 1).min(self.bytes.len());
        text.span = self.base.part(start, self.at);
        text
    }

    /// A backslash: with quotes, blanks and itself it is taken out; before anything else (a regular expression) it stays.
    fn escape(&mut self, text: &mut Text, kept: &mut usize) {
        let value = match self.bytes.get(self.at + 1) {
            Some(b'n') => "\n",
            Some(b't') => "\t",
            Some(b'r') => "\r",
            Some(b'"') => "\"",
            Some(b'\'') => "'",
            Some(b'\\') => "\\",
            Some(b' ') => "\\ ",
            Some(b';') => "\\;",
            _ => {
                self.at += 2;
                return;
            }
        };
        self.push(text, *kept);
        text.push(value, self.base.part(self.at, self.at + 2));
        self.at += 2;
        *kept = self.at;
    }

    fn push(&self, text: &mut Text, from: usize) {
        text.push(self.text.get(from..self.at).unwrap_or_default(), self.base.part(from, self.at));
    }

    /// Skips code of another language up to its closing brace.
    fn raw_block(&mut self) {
        let mut depth = 1usize;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return;
            }
        }
        self.error_at(self.at.saturating_sub(1), "the block is not closed");
    }
}
