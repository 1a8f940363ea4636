//! Reads a word as the builder does: character by character, values put in on the way.

use std::ops::Range;

use super::pattern;

/// Operators nested deeper than this are refused.
const MAX_DEPTH: usize = 200;
/// An expansion that adds more than this to its word is refused: values can double on every line, and no process can be
/// given a longer variable.
const MAX_GROWTH: usize = 128 << 10;

/// Why a word cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpandError {
    /// One clause, without the word.
    pub message: String,
}

impl ExpandError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        ExpandError { message: message.into() }
    }
}

impl std::fmt::Display for ExpandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

/// How the value of a variable is found; `None` where it is not set.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Variants of the lexer.
#[derive(Clone, Copy)]
pub(super) struct Options {
    pub(super) escape: char,
    /// Quotes stay in the result.
    pub(super) raw_quotes: bool,
    /// Escapes stay in the result.
    pub(super) raw_escapes: bool,
    /// Quotes are plain characters.
    pub(super) keep_quotes: bool,
    /// Variables that are not set stay as written.
    pub(super) keep_unset: bool,
    /// Only names are wanted: no value, no failure for its sake.
    pub(super) walk: bool,
    /// The text is split into words, too.
    pub(super) split: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { escape: '\\', raw_quotes: false, raw_escapes: false, keep_quotes: false, keep_unset: false, walk: false, split: true }
    }
}

/// A variable that was looked up.
pub(super) struct Found {
    pub(super) name: (usize, usize),
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) operator: &'static str,
}

/// The state of reading one word.
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    options: Options,
    lookup: Lookup<'a>,
    /// The word being collected. Nested operators share it with the word around them, as they do in the builder.
    buffer: String,
    in_word: bool,
    pub(super) words: Vec<String>,
    /// Where the words stand.
    pub(super) places: Vec<Range<usize>>,
    /// Start of the character, quotation or variable that is being read, and of the word that it belongs to.
    token: usize,
    word_start: usize,
    /// The variables looked up, where only they are wanted.
    pub(super) found: Vec<Found>,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str, options: Options, lookup: Lookup<'a>) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Lexer {
            text,
            at,
            options,
            lookup,
            buffer: String::new(),
            in_word: false,
            words: Vec::new(),
            places: Vec::new(),
            token: at,
            word_start: at,
            found: Vec::new(),
        }
    }

    /// The expanded word, and the words that it splits into.
    pub(super) fn run(mut self) -> Result<(String, Vec<String>), ExpandError> {
        let result = self.stop_on(None, self.options.raw_escapes, 0)?;
        Ok((result, self.words))
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn add(&mut self, c: char) {
        if !self.options.split {
            return;
        }
        if !c.is_whitespace() {
            self.add_raw(c.encode_utf8(&mut [0; 4]));
        } else if self.in_word {
            self.finish_word(self.token);
        }
    }

    fn add_raw(&mut self, text: &str) {
        if !self.options.split {
            return;
        }
        if self.buffer.is_empty() {
            self.word_start = self.token;
        }
        self.buffer.push_str(text);
        self.in_word = true;
    }

    fn finish_word(&mut self, end: usize) {
        if !self.buffer.is_empty() {
            self.words.push(std::mem::take(&mut self.buffer));
            self.places.push(self.word_start..end);
            self.in_word = false;
        }
    }

    /// Reads up to `stop`, or to the end; at depth above 0 the words collected are not wanted.
    pub(super) fn stop_on(&mut self, stop: Option<char>, raw_escapes: bool, depth: usize) -> Result<String, ExpandError> {
        if depth > MAX_DEPTH {
            return Err(ExpandError::new(format!("operators are nested more than {MAX_DEPTH} deep")));
        }
        let outer_raw = std::mem::replace(&mut self.options.raw_escapes, raw_escapes);
        let outer_words = std::mem::take(&mut self.words);
        let outer_places = std::mem::take(&mut self.places);
        let outer_in_word = std::mem::replace(&mut self.in_word, false);
        let outer_token = self.token;
        self.buffer.clear();
        let result = self.read(stop, depth);
        if result.is_ok() {
            self.finish_word(self.at);
        }
        self.options.raw_escapes = outer_raw;
        if depth > 0 {
            self.words = outer_words;
            self.places = outer_places;
            self.in_word = outer_in_word;
            self.token = outer_token;
        }
        result
    }

    fn read(&mut self, stop: Option<char>, depth: usize) -> Result<String, ExpandError> {
        let mut result = String::new();
        while let Some(c) = self.peek() {
            if Some(c) == stop {
                self.next();
                return Ok(result);
            }
            self.token = self.at;
            match c {
                '$' => {
                    let value = self.dollar(depth)?;
                    value.chars().for_each(|c| self.add(c));
                    result.push_str(&value);
                }
                '<' => {
                    let part = self.angle();
                    self.add_raw(part);
                    result.push_str(part);
                }
                '\'' if !self.options.keep_quotes => {
                    let part = self.single_quoted()?;
                    self.add_raw(&part);
                    result.push_str(&part);
                }
                '"' if !self.options.keep_quotes => {
                    let part = self.double_quoted(depth)?;
                    self.add_raw(&part);
                    result.push_str(&part);
                }
                c if c == self.options.escape => {
                    self.next();
                    if self.options.raw_escapes {
                        self.add_raw(c.encode_utf8(&mut [0; 4]));
                        result.push(c);
                    }
                    let Some(escaped) = self.next() else { break };
                    self.add_raw(escaped.encode_utf8(&mut [0; 4]));
                    result.push(escaped);
                }
                c => {
                    let plain = self.plain(stop);
                    if plain.is_empty() {
                        self.next();
                        self.add(c);
                        result.push(c);
                    } else {
                        self.at += plain.len();
                        self.add_raw(plain);
                        result.push_str(plain);
                    }
                }
            }
            if result.len() > self.text.len() + MAX_GROWTH {
                return Err(ExpandError::new("the value grows by more than 128 KiB"));
            }
        }
        match stop {
            Some(stop) => Err(ExpandError::new(format!("a `{stop}` is missing"))),
            None => Ok(result),
        }
    }

    /// The characters here that mean themselves, whatever the escape.
    fn plain(&self, stop: Option<char>) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let means_itself = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'-' | b'_' | b':' | b'=' | b',' | b'@' | b'+');
        let len = rest.bytes().take_while(|b| means_itself(*b) && Some(char::from(*b)) != stop).count();
        rest.get(..len).unwrap_or_default()
    }

    fn single_quoted(&mut self) -> Result<String, ExpandError> {
        self.next();
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some((inner, _)) = rest.split_once('\'') else {
            self.at = self.text.len();
            return Err(ExpandError::new("a single quote is not closed"));
        };
        self.at += inner.len() + 1;
        Ok(if self.options.raw_quotes { format!("'{inner}'") } else { inner.to_owned() })
    }

    fn double_quoted(&mut self, depth: usize) -> Result<String, ExpandError> {
        self.next();
        let quote = if self.options.raw_quotes { "\"" } else { "" };
        let mut result = quote.to_owned();
        while let Some(c) = self.peek() {
            match c {
                '"' => {
                    self.next();
                    result.push_str(quote);
                    return Ok(result);
                }
                '$' => result.push_str(&self.dollar(depth)?),
                c if c == self.options.escape => {
                    self.next();
                    if self.options.raw_escapes {
                        result.push(c);
                    }
                    match self.peek() {
                        None => continue,
                        Some(next) if next == '"' || next == '$' || next == c => {
                            self.next();
                            result.push(next);
                        }
                        Some(_) => result.push(c),
                    }
                }
                c => {
                    self.next();
                    result.push(c);
                }
            }
        }
        Err(ExpandError::new("a double quote is not closed"))
    }

    /// `<`, or `<<` with the blanks after it, which stay in the word.
    fn angle(&mut self) -> &'a str {
        let text = self.text;
        let start = self.at;
        self.next();
        if self.peek() == Some('<') {
            self.next();
            while matches!(self.peek(), Some('\t' | '\r' | ' ')) {
                self.next();
            }
        }
        text.get(start..self.at).unwrap_or_default()
    }

    fn name(&mut self) -> (usize, usize) {
        let start = self.at;
        match self.peek() {
            Some(c) if c.is_ascii_digit() => {
                while self.peek().is_some_and(|c| c.is_ascii_digit()) {
                    self.next();
                }
            }
            Some('@' | '*' | '#' | '?' | '-' | '$' | '!') => {
                self.next();
            }
            _ => {
                while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
                    self.next();
                }
            }
        }
        (start, self.at)
    }

    fn slice(&self, range: (usize, usize)) -> &'a str {
        self.text.get(range.0..range.1).unwrap_or_default()
    }

    /// The value of a variable whose reference began at `start` and ends here.
    fn get(&mut self, name: (usize, usize), start: usize, operator: &'static str) -> Option<String> {
        if self.options.walk {
            self.found.push(Found { name, start, end: self.at, operator });
        }
        (self.lookup)(self.slice(name))
    }

    fn dollar(&mut self, depth: usize) -> Result<String, ExpandError> {
        let start = self.at;
        self.next();
        if self.peek() != Some('{') {
            let name = self.name();
            if name.0 == name.1 {
                return Ok("$".to_owned());
            }
            return Ok(match self.get(name, start, "") {
                None if self.options.keep_unset => format!("${}", self.slice(name)),
                value => value.unwrap_or_default(),
            });
        }
        self.next();
        match self.peek() {
            None => return Err(missing_brace()),
            Some('{' | '}' | ':') => return Err(ExpandError::new("`${` is not followed by a name")),
            _ => {}
        }
        let name = self.name();
        match self.next() {
            Some('}') => Ok(match self.get(name, start, "") {
                None if self.options.keep_unset => format!("${{{}}}", self.slice(name)),
                value => value.unwrap_or_default(),
            }),
            Some(':') => {
                let operator = match self.next() {
                    Some('-') => ":-",
                    Some('+') => ":+",
                    Some('?') => ":?",
                    Some(c) if self.options.keep_unset && c != '#' && c != '%' => {
                        let word = self.operand('}', false, depth)?;
                        return Ok(format!("${{{}:{c}{word}}}", self.slice(name)));
                    }
                    other => return Err(unsupported(&format!(":{}", other.map(String::from).unwrap_or_default()))),
                };
                self.conditional(name, start, operator, depth)
            }
            Some('-') => self.conditional(name, start, "-", depth),
            Some('+') => self.conditional(name, start, "+", depth),
            Some('?') => self.conditional(name, start, "?", depth),
            Some(c @ ('#' | '%')) => self.trim(name, start, c, depth),
            Some('/') => self.replace(name, start, depth),
            Some(c) => Err(unsupported(&c.to_string())),
            None => Err(missing_brace()),
        }
    }

    /// The text of an operator, up to `stop`.
    fn operand(&mut self, stop: char, raw: bool, depth: usize) -> Result<String, ExpandError> {
        self.stop_on(Some(stop), raw, depth + 1)
    }

    fn conditional(&mut self, name: (usize, usize), start: usize, operator: &'static str, depth: usize) -> Result<String, ExpandError> {
        let word = self.operand('}', false, depth)?;
        let value = self.get(name, start, operator);
        let name = self.slice(name);
        if value.is_none() && self.options.keep_unset {
            return Ok(format!("${{{name}{operator}{word}}}"));
        }
        let set = value.filter(|v| !(operator.starts_with(':') && v.is_empty()));
        Ok(match (operator.trim_start_matches(':'), set) {
            ("+", Some(_)) => word,
            ("+", None) => String::new(),
            (_, Some(value)) => value,
            ("-", None) => word,
            (_, None) if self.options.walk => String::new(),
            (_, None) => {
                let why = if operator == ":?" { "has to be set and not empty" } else { "has to be set" };
                return Err(ExpandError::new(if word.is_empty() { format!("`{name}` {why}") } else { format!("`{name}`: {word}") }));
            }
        })
    }

    fn trim(&mut self, name: (usize, usize), start: usize, sign: char, depth: usize) -> Result<String, ExpandError> {
        let word = self.operand('}', true, depth)?;
        let longest = word.strip_prefix(sign);
        let operator = match (sign, longest) {
            ('#', None) => "#",
            ('#', Some(_)) => "##",
            (_, None) => "%",
            (_, Some(_)) => "%%",
        };
        let value = self.get(name, start, operator);
        match value {
            None if self.options.keep_unset => Ok(format!("${{{}{sign}{word}}}", self.slice(name))),
            _ if self.options.walk => Ok(String::new()),
            value => {
                let value = value.unwrap_or_default();
                let pattern = longest.unwrap_or(&word);
                let cut = if sign == '#' { pattern::trim_prefix } else { pattern::trim_suffix };
                cut(pattern, &value, longest.is_some())
            }
        }
    }

    fn replace(&mut self, name: (usize, usize), start: usize, depth: usize) -> Result<String, ExpandError> {
        let all = self.peek() == Some('/');
        if all {
            self.next();
        }
        let pattern = self.operand('/', true, depth)?;
        let replacement = self.operand('}', true, depth)?;
        let value = self.get(name, start, if all { "//" } else { "/" });
        match value {
            None if self.options.keep_unset => Ok(format!("${{{}/{pattern}/{replacement}}}", self.slice(name))),
            _ if self.options.walk => Ok(String::new()),
            value => pattern::replace(&pattern, &replacement, &value.unwrap_or_default(), all),
        }
    }
}

fn missing_brace() -> ExpandError {
    ExpandError::new("a `}` is missing")
}

fn unsupported(operator: &str) -> ExpandError {
    ExpandError::new(format!("`{operator}` is no operator of `${{…}}`; there are `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//`"))
}
