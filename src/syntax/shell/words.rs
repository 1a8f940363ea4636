//! Words and their pieces.

use shuck_ast as ast;

use super::lower::Lower;
use super::map::Map;
use super::model::{Dialect, HeredocBody, Param, Piece, PieceKind, Quote, Word};
use crate::few::Few;
use crate::source::Span;

/// Character classes are at most this long; a longer `[` is text.
const MAX_CLASS: usize = 64;

/// Quotes and brackets stand in each other at most this deep.
const MAX_QUOTED: usize = 60;

/// How backslashes and quotes are read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Bare,
    Double,
    Heredoc,
    /// Inside `"${…}"`: double quotes may stand there, and a backslash frees a brace.
    Operand,
}

impl Mode {
    pub(super) fn quote(self) -> Quote {
        match self {
            Mode::Bare | Mode::Heredoc => Quote::None,
            Mode::Double | Mode::Operand => Quote::Double,
        }
    }
}

/// The pieces of the word inside `${name:-word}`, which stands at `base`; `quoted` where double quotes enclose the expansion.
pub fn operand(word: &str, base: Span, quoted: bool) -> Few<Piece> {
    let lower = Lower::new(word, Map::Base(base), Dialect::Posix, 0);
    let mut pieces = Few::new();
    lower.scan(0, word.len(), if quoted { Mode::Operand } else { Mode::Bare }, &mut pieces);
    pieces
}

pub(super) fn range(span: ast::Span) -> (usize, usize) {
    (span.start.offset(), span.end.offset().max(span.start.offset()))
}

impl Lower<'_> {
    /// A word of the tree; `None` for the empty name of a bare assignment.
    pub(super) fn word(&self, word: &ast::Word) -> Option<Word> {
        let (start, end) = range(word.span);
        if start == end {
            return None;
        }
        let mut pieces = Few::new();
        self.parts(word, &mut pieces);
        Some(Word { span: self.map.span(start, end), pieces })
    }

    /// A stretch of text as a word without further structure.
    pub(super) fn plain(&self, span: ast::Span) -> Word {
        let (start, end) = range(span);
        let mut pieces = Few::new();
        self.exact(start, end, Quote::None, &mut pieces);
        Word { span: self.map.span(start, end), pieces }
    }

    /// A stretch of text that the shell computes.
    pub(super) fn other(&self, span: ast::Span) -> Word {
        let (start, end) = range(span);
        let place = self.map.span(start, end);
        Word {
            span: place,
            pieces: Few::one(Piece { span: place, kind: PieceKind::Other(self.raw(start, end).to_owned()), quote: Quote::None }),
        }
    }

    /// The pieces of a word.
    pub(super) fn parts(&self, word: &ast::Word, pieces: &mut Few<Piece>) {
        let braces: Vec<(usize, usize)> = word.brace_syntax.iter().filter(|b| b.expands()).map(|b| range(b.span)).collect();
        let (mut at, end) = range(word.span);
        if braces.is_empty() {
            let (start, before) = (at, pieces.len());
            for part in &word.parts {
                let (from, to) = range(part.span);
                if from < at {
                    // behind a heredoc that the end cuts off, the parser's parts lie over one another
                    pieces.truncate(before);
                    return self.scan(start, end, Mode::Bare, pieces);
                }
                self.part(part, Mode::Bare, pieces);
                at = to;
            }
            return;
        }
        for (from, to) in braces {
            if from >= at && to <= end {
                self.scan(at, from, Mode::Bare, pieces);
                self.push(from, to, PieceKind::Other(self.raw(from, to).to_owned()), Quote::None, pieces);
                at = to;
            }
        }
        self.scan(at, end, Mode::Bare, pieces);
    }

    fn part(&self, part: &ast::WordPartNode, mode: Mode, pieces: &mut Few<Piece>) {
        let (start, end) = range(part.span);
        match &part.kind {
            ast::WordPart::DoubleQuoted { parts, dollar } => {
                let open = start + 1 + usize::from(*dollar);
                let before = pieces.len();
                let mut at = open;
                // the parser's offsets of literal parts are off where escapes meet expansions; those of commands hold
                for inner in parts.iter().filter(|p| runs_commands(&p.kind)) {
                    let (from, to) = range(inner.span);
                    if from >= at && to <= end {
                        self.scan(at, from, Mode::Double, pieces);
                        self.part(inner, Mode::Double, pieces);
                        at = to;
                    }
                }
                let close = end - usize::from(self.raw(at, end).ends_with('"'));
                self.scan(at, close, Mode::Double, pieces);
                if pieces.len() == before {
                    self.push(open, open, PieceKind::Literal(String::new()), Quote::Double, pieces);
                }
            }
            ast::WordPart::CommandSubstitution { syntax, .. } => {
                let backquotes = *syntax == ast::CommandSubstitutionSyntax::Backtick;
                let raw = self.raw(start, end);
                let text = if backquotes { raw.trim_matches('`') } else { raw.strip_prefix("$(").unwrap_or(raw) };
                let text = if backquotes { text } else { text.strip_suffix(')').unwrap_or(text) }.to_owned();
                self.push(start, end, PieceKind::Command { backquotes, text }, mode.quote(), pieces);
            }
            ast::WordPart::ProcessSubstitution { .. } => {
                self.push(start, end, PieceKind::Other(self.raw(start, end).to_owned()), mode.quote(), pieces);
            }
            _ => self.scan(start, end, mode, pieces),
        }
    }

    /// Reads `text[start..end]` into pieces.
    fn scan(&self, start: usize, end: usize, mode: Mode, pieces: &mut Few<Piece>) {
        let raw = self.raw(start, end).as_bytes();
        let (mut at, mut kept) = (0, 0);
        while let Some(&byte) = raw.get(at) {
            let special = match byte {
                b'\\' | b'$' | b'`' => true,
                b'"' if mode == Mode::Operand => true,
                b'\'' | b'"' | b'*' | b'?' | b'[' | b'<' | b'>' | b'+' | b'@' | b'!' => mode == Mode::Bare,
                _ => false,
            };
            if !special {
                at += 1;
                continue;
            }
            let rest = self.raw(start + at, end);
            let Some((len, found)) = special_piece(rest, mode) else {
                at += 1;
                continue;
            };
            self.exact(start + kept, start + at, mode.quote(), pieces);
            self.special(start + at, len, found, mode, pieces);
            at += len;
            kept = at;
        }
        self.exact(start + kept, end, mode.quote(), pieces);
    }

    pub(super) fn special(&self, at: usize, len: usize, found: Special, mode: Mode, pieces: &mut Few<Piece>) {
        match found {
            Special::Nothing => {}
            Special::Escape(text) => self.push(at, at + len, PieceKind::Literal(text), mode.quote(), pieces),
            Special::Single => {
                if len == 2 {
                    self.push(at + 1, at + 1, PieceKind::Literal(String::new()), Quote::Single, pieces);
                }
                self.exact(at + 1, at + len - 1, Quote::Single, pieces);
            }
            Special::AnsiC => self.ansi_c(at + 2, at + len - 1, pieces),
            Special::Double(skip) => {
                if len == skip + 1 {
                    self.push(at + skip, at + skip, PieceKind::Literal(String::new()), Quote::Double, pieces);
                }
                self.scan(at + skip, (at + len).saturating_sub(1).max(at + skip), Mode::Double, pieces);
            }
            Special::Piece(kind) => self.push(at, at + len, kind, mode.quote(), pieces),
        }
    }

    fn ansi_c(&self, start: usize, end: usize, pieces: &mut Few<Piece>) {
        let text = self.raw(start, end);
        if text.is_empty() {
            self.push(start, start, PieceKind::Literal(String::new()), Quote::Single, pieces);
        }
        let (mut at, mut kept) = (0, 0);
        while let Some(found) = text.get(at..).and_then(|rest| rest.find('\\')) {
            at += found;
            let (len, value) = super::escapes::ansi_c(text.get(at..).unwrap_or_default());
            self.exact(start + kept, start + at, Quote::Single, pieces);
            self.push(start + at, start + at + len, PieceKind::Literal(value), Quote::Single, pieces);
            at += len;
            kept = at;
        }
        self.exact(start + kept, end, Quote::Single, pieces);
    }

    /// Literal text that is its own source, cut where the source does not follow on.
    pub(super) fn exact(&self, start: usize, end: usize, quote: Quote, pieces: &mut Few<Piece>) {
        let mut at = start;
        while at < end {
            let mut stop = self.map.run_end(at).min(end);
            while stop < end && !self.text.is_char_boundary(stop) {
                stop += 1;
            }
            self.literal(at, stop, quote, pieces);
            at = stop.max(at + 1);
        }
    }

    /// Adds literal text, to the piece before it where that ends here.
    fn literal(&self, start: usize, end: usize, quote: Quote, pieces: &mut Few<Piece>) {
        let (span, text) = (self.map.span(start, end), self.raw(start, end));
        if let Some(Piece { span: before, kind: PieceKind::Literal(value), quote: same }) = pieces.last_mut()
            && *same == quote
            && before.len() == value.len()
            && span.len() == text.len()
            && (before.file, before.end) == (span.file, span.start)
            && !value.is_empty()
        {
            value.push_str(text);
            *before = before.to(span);
            return;
        }
        pieces.push(Piece { span, kind: PieceKind::Literal(text.to_owned()), quote });
    }

    pub(super) fn push(&self, start: usize, end: usize, kind: PieceKind, quote: Quote, pieces: &mut Few<Piece>) {
        pieces.push(Piece { span: self.map.span(start, end), kind, quote });
    }

    /// `text[start..end]`; empty where that is no stretch of text.
    pub(super) fn raw(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The body of a heredoc.
    pub(super) fn heredoc(&self, heredoc: &ast::Heredoc) -> HeredocBody {
        let (start, end) = range(heredoc.body.span);
        self.heredoc_body(start, end, heredoc.delimiter.expands_body, heredoc.delimiter.strip_tabs)
    }

    pub(super) fn heredoc_body(&self, start: usize, end: usize, expand: bool, strip_tabs: bool) -> HeredocBody {
        let mut pieces = Few::new();
        if strip_tabs {
            let mut at = start;
            for line in self.raw(start, end).split_inclusive('\n') {
                let tabs = line.len() - line.trim_start_matches('\t').len();
                self.heredoc_pieces(at + tabs, at + line.len(), expand, &mut pieces);
                at += line.len();
            }
        } else {
            self.heredoc_pieces(start, end, expand, &mut pieces);
        }
        HeredocBody { span: self.map.span(start, end), text: self.raw(start, end).to_owned(), expand, pieces }
    }

    fn heredoc_pieces(&self, start: usize, end: usize, expand: bool, pieces: &mut Few<Piece>) {
        if expand {
            self.scan(start, end, Mode::Heredoc, pieces);
        } else {
            self.exact(start, end, Quote::Single, pieces);
        }
    }
}

fn runs_commands(part: &ast::WordPart) -> bool {
    matches!(part, ast::WordPart::CommandSubstitution { .. } | ast::WordPart::ProcessSubstitution { .. })
}

/// What a special character starts.
pub(super) enum Special {
    Nothing,
    Escape(String),
    Single,
    AnsiC,
    /// Double quotes; the length of the opening.
    Double(usize),
    Piece(PieceKind),
}

/// What stands at the start of `rest` and how long it is; `None` where the character is plain there.
pub(super) fn special_piece(rest: &str, mode: Mode) -> Option<(usize, Special)> {
    let bytes = rest.as_bytes();
    match (bytes.first()?, bytes.get(1)) {
        (b'\\', next) => escape(rest, next.copied(), mode),
        (b'"', _) if mode == Mode::Operand => Some((1, Special::Nothing)),
        (b'\'', _) => Some((1 + quoted(bytes.get(1..)?, b'\'', false), Special::Single)),
        (b'"', _) => Some((double_len(bytes), Special::Double(1))),
        (b'$', Some(b'\'')) if mode == Mode::Bare => Some((2 + quoted(bytes.get(2..)?, b'\'', true), Special::AnsiC)),
        (b'$', Some(b'"')) if mode == Mode::Bare => Some((1 + double_len(bytes.get(1..)?), Special::Double(2))),
        (b'$', _) => dollar(rest, mode),
        (b'`', _) => {
            let len = 1 + quoted(bytes.get(1..)?, b'`', true);
            let text = rest.get(1..len - 1).unwrap_or_default().to_owned();
            Some((len, Special::Piece(PieceKind::Command { backquotes: true, text })))
        }
        (b'<' | b'>', Some(b'(')) => bracketed(rest, 1, PieceKind::Other),
        (b'*' | b'?' | b'+' | b'@' | b'!', Some(b'(')) => bracketed(rest, 1, PieceKind::Glob),
        (b'*' | b'?', _) => Some((1, Special::Piece(PieceKind::Glob(rest.get(..1)?.to_owned())))),
        (b'[', _) => {
            let skip = if matches!(bytes.get(1), Some(b'!' | b'^')) { 2 } else { 1 };
            let close = skip + 1 + bytes.get(skip + 1..)?.iter().take(MAX_CLASS).position(|&b| b == b']')?;
            let text = rest.get(..=close)?;
            if text.contains(['"', '\'', '$', '`']) {
                return None;
            }
            Some((close + 1, Special::Piece(PieceKind::Glob(text.to_owned()))))
        }
        _ => None,
    }
}

fn escape(rest: &str, next: Option<u8>, mode: Mode) -> Option<(usize, Special)> {
    match (next?, mode) {
        (b'\n', _) => Some((2, Special::Nothing)),
        (b'"', Mode::Heredoc) => None,
        (b'}', Mode::Operand) => Some((2, Special::Escape("}".to_owned()))),
        (b'$' | b'`' | b'"' | b'\\', _) | (_, Mode::Bare) => {
            let c = rest.get(1..)?.chars().next()?;
            Some((1 + c.len_utf8(), Special::Escape(c.to_string())))
        }
        _ => None,
    }
}

/// Bytes up to and including `close`, all of them where it is missing.
fn quoted(bytes: &[u8], close: u8, escapes: bool) -> usize {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == close {
            return at + 1;
        }
        at += if escapes && byte == b'\\' { 2 } else { 1 };
    }
    bytes.len()
}

/// Length of `"…"` at the start of `bytes`.
fn double_len(bytes: &[u8]) -> usize {
    closed_quotes(bytes, 0).unwrap_or(bytes.len())
}

/// The same; `None` where the quotes are not closed.
fn closed_quotes(bytes: &[u8], depth: usize) -> Option<usize> {
    let mut at = 1;
    loop {
        let rest = bytes.get(at..)?;
        at += match rest {
            [b'"', ..] => return Some(at + 1),
            [b'\\', ..] => 2,
            [b'`', after @ ..] => 1 + quoted(after, b'`', true),
            [b'$', b'(' | b'{', ..] => 1 + closed_brackets(rest.get(1..)?, depth + 1)?,
            [_, ..] => 1,
            [] => return None,
        };
    }
}

/// Length of the bracketed text at the start of `bytes`, quotes seen; all of it where the bracket is not closed.
fn balanced(bytes: &[u8]) -> usize {
    closed(bytes).unwrap_or(bytes.len())
}

/// The same; `None` where the bracket is not closed.
pub(super) fn closed(bytes: &[u8]) -> Option<usize> {
    closed_brackets(bytes, 0)
}

fn closed_brackets(bytes: &[u8], depth: usize) -> Option<usize> {
    if depth > MAX_QUOTED {
        return None;
    }
    let (open, close) = match bytes.first() {
        Some(b'{') => (b'{', b'}'),
        Some(b'[') => (b'[', b']'),
        _ => (b'(', b')'),
    };
    let (mut at, mut nested) = (0, 0usize);
    while let Some(&byte) = bytes.get(at) {
        at += match byte {
            b'\\' => 2,
            b'"' => closed_quotes(bytes.get(at..)?, depth + 1)?,
            b'\'' => 1 + quoted(bytes.get(at + 1..)?, b'\'', false),
            _ => 1,
        };
        if byte == open {
            nested += 1;
        } else if byte == close {
            nested = nested.saturating_sub(1);
            if nested == 0 {
                return Some(at);
            }
        }
    }
    None
}

/// The same for `{…}` in double quotes, where single quotes are plain characters; double ones are not where `quotes` says so.
fn closed_in_quotes(bytes: &[u8], quotes: bool) -> Option<usize> {
    let (mut at, mut depth) = (0, 0usize);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'\\' => at += 1,
            b'"' if quotes => at += closed_quotes(bytes.get(at..)?, 0)? - 1,
            b'`' => at += quoted(bytes.get(at + 1..).unwrap_or_default(), b'`', true),
            b'$' if bytes.get(at + 1) == Some(&b'(') => at += balanced(bytes.get(at + 1..).unwrap_or_default()),
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                depth += 1;
                at += 1;
            }
            b'{' if depth == 0 => depth = 1,
            b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Whether what stands after `${` matches a pattern, in which quotes count.
fn matches_pattern(inner: &str) -> bool {
    let name = inner.strip_prefix(['#', '!']).unwrap_or(inner);
    let len = match name_len(name) {
        0 => name.chars().next().map_or(0, char::len_utf8),
        n => n,
    };
    name.get(len..).is_some_and(|rest| rest.starts_with(['#', '%', '/']))
}

fn bracketed(rest: &str, skip: usize, kind: fn(String) -> PieceKind) -> Option<(usize, Special)> {
    let len = floor(rest, skip + balanced(rest.as_bytes().get(skip..)?));
    Some((len, Special::Piece(kind(rest.get(..len)?.to_owned()))))
}

pub(super) fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&i| text.is_char_boundary(i)).unwrap_or(0)
}

/// The length of the `${…}` at the start of `rest`; `None` within where the brace is not closed.
pub(super) fn expansion_len(rest: &str, mode: Mode) -> Option<Option<usize>> {
    let bytes = rest.as_bytes().get(1..)?;
    let plain = mode != Mode::Bare && !matches_pattern(rest.get(2..)?);
    let len = if plain { closed_in_quotes(bytes, mode != Mode::Heredoc) } else { closed(bytes) };
    Some(len.map(|len| floor(rest, 1 + len)))
}

fn dollar(rest: &str, mode: Mode) -> Option<(usize, Special)> {
    let bytes = rest.as_bytes();
    match *bytes.get(1)? {
        b'(' if bytes.get(2) == Some(&b'(') && rest.get(1..1 + balanced(bytes.get(1..)?)).is_some_and(|t| t.ends_with("))")) => {
            let len = 1 + balanced(bytes.get(1..)?);
            Some((len, Special::Piece(PieceKind::Arithmetic(rest.get(3..len - 2)?.to_owned()))))
        }
        b'(' => {
            let len = floor(rest, 1 + balanced(bytes.get(1..)?));
            let text = rest.get(2..len)?;
            let text = text.strip_suffix(')').unwrap_or(text).to_owned();
            Some((len, Special::Piece(PieceKind::Command { backquotes: false, text })))
        }
        b'[' => {
            let len = floor(rest, 1 + balanced(bytes.get(1..)?));
            let text = rest.get(2..len)?;
            Some((len, Special::Piece(PieceKind::Arithmetic(text.strip_suffix(']').unwrap_or(text).to_owned()))))
        }
        b'{' => {
            let len = expansion_len(rest, mode)?.unwrap_or(rest.len());
            let body = rest.get(2..len)?;
            Some((len, Special::Piece(PieceKind::Param(braced(body.strip_suffix('}').unwrap_or(body))))))
        }
        b if b.is_ascii_alphabetic() || b == b'_' => {
            let name = name_len(rest.get(1..)?);
            Some((1 + name, Special::Piece(PieceKind::Param(param(rest.get(1..1 + name)?, false, "")))))
        }
        b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'$' | b'!' | b'-' => {
            Some((2, Special::Piece(PieceKind::Param(param(rest.get(1..2)?, false, "")))))
        }
        _ => None,
    }
}

fn name_len(text: &str) -> usize {
    text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count()
}

fn param(name: &str, braced: bool, modifier: &str) -> Box<Param> {
    Box::new(Param { name: name.to_owned(), braced, modifier: modifier.to_owned() })
}

fn braced(body: &str) -> Box<Param> {
    for prefix in ["#", "!"] {
        if let Some(name) = body.strip_prefix(prefix).filter(|rest| name_len(rest) > 0) {
            let (name, rest) = name.split_at_checked(name_len(name)).unwrap_or((name, ""));
            return param(name, true, &format!("{prefix}{rest}"));
        }
    }
    let len = match name_len(body) {
        0 => body.chars().next().map_or(0, char::len_utf8),
        n => n,
    };
    let (name, rest) = body.split_at_checked(len).unwrap_or((body, ""));
    param(name, true, rest)
}
