//! Words.

use super::{Class, Read, Reader, class};
use crate::few::Few;
use crate::source::Span;
use crate::syntax::shell::lower::Context;
use crate::syntax::shell::model::{Piece, PieceKind, Quote, Word};
use crate::syntax::shell::words::{Mode, Special, closed, expansion_len, floor, special_piece};

/// Expansions are at most this long here.
const MAX_EXPANSION: usize = 1 << 16;
/// Brackets and braces are looked through this far, so that many open ones cost no more than their number.
const MAX_LOOK: usize = 200;

impl Reader<'_, '_> {
    /// The word that starts here.
    pub(super) fn word(&mut self, context: Context) -> Read<Word> {
        let start = self.at;
        self.at += self.plain_len();
        let ends = self.peek(0).is_none_or(|byte| class(byte) == Class::End && !self.is_process());
        // most are plain text that stands in one stretch of the source
        if ends && self.at > start && self.lower.map.run_end(start) >= self.at {
            let (span, text) = (self.span(start, self.at), self.lower.raw(start, self.at).to_owned());
            return Some(Word { span, pieces: Few::one(Piece { span, kind: PieceKind::Literal(text), quote: Quote::None }) });
        }
        let mut pieces = Few::new();
        self.word_from(start, &mut pieces, context)?;
        (self.at > start).then(|| Word { span: self.span(start, self.at), pieces })
    }

    /// How much plain text stands here.
    fn plain_len(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        rest.iter().position(|b| class(*b) != Class::Plain).unwrap_or(rest.len())
    }

    /// The regular expression that starts here, in which brackets and bars are plain.
    pub(super) fn regex(&mut self, context: Context) -> Read<Word> {
        let start = self.at;
        let mut pieces = Few::new();
        self.word_from(start, &mut pieces, context)?;
        while let Some(b'(' | b')' | b'|') = self.peek(0) {
            let kept = self.at;
            self.at += 1;
            self.word_from(kept, &mut pieces, context)?;
        }
        let plain = !self.lower.raw(start, self.at).contains(['{', '<', '>']);
        (plain && self.at > start).then(|| Word { span: self.span(start, self.at), pieces })
    }

    /// Reads on to the end of a word whose text from `kept` on is in no piece yet.
    pub(super) fn word_from(&mut self, mut kept: usize, pieces: &mut Few<Piece>, context: Context) -> Read<()> {
        let from = self.at;
        loop {
            self.at += self.plain_len();
            let Some(byte) = self.peek(0) else { break };
            match class(byte) {
                Class::Plain => {}
                Class::End if self.is_process() => {
                    let at = self.at;
                    self.lower.exact(kept, at, Quote::None, pieces);
                    self.at += 2;
                    self.substitution(at, context)?;
                    let text = self.lower.raw(at, self.at).to_owned();
                    self.lower.push(at, self.at, PieceKind::Other(text), Quote::None, pieces);
                    kept = self.at;
                }
                Class::End => break,
                Class::Odd => return None,
                Class::Special => {
                    let at = self.at;
                    if !self.starts_piece(byte)? {
                        self.at += 1;
                        continue;
                    }
                    self.lower.exact(kept, at, Quote::None, pieces);
                    self.special(byte, pieces, context)?;
                    kept = self.at;
                }
            }
        }
        self.lower.exact(kept, self.at, Quote::None, pieces);
        // the bodies of open heredocs would start within the word
        if !self.pending.is_empty() && self.lower.raw(from, self.at).contains('\n') {
            return None;
        }
        Some(())
    }

    /// Whether `<(` or `>(` stands here.
    pub(super) fn is_process(&self) -> bool {
        matches!((self.peek(0), self.peek(1)), (Some(b'<' | b'>'), Some(b'(')))
    }

    /// Whether a special byte is more than itself here.
    fn starts_piece(&self, byte: u8) -> Read<bool> {
        Some(match byte {
            b'[' => self.bracket().is_some(),
            b'{' => self.brace()?.is_some(),
            b'$' => match self.peek(1)? {
                b'[' => return None,
                // what follows may join the dollar
                b'\\' if self.peek(2) == Some(b'\n') => return None,
                next => next.is_ascii_alphanumeric() || b"_@*#?$!-({'\"".contains(&next),
            },
            b'\\' => match self.peek(1)? {
                b'\r' => return None,
                _ => true,
            },
            b'*' | b'?' if self.peek(1) == Some(b'(') => return None,
            _ => true,
        })
    }

    fn special(&mut self, byte: u8, pieces: &mut Few<Piece>, context: Context) -> Read<()> {
        match (byte, self.peek(1)) {
            (b'"', _) => self.double(1, pieces, context),
            (b'$', Some(b'"')) => self.double(2, pieces, context),
            (b'$', Some(b'(' | b'{')) => self.expansion(Mode::Bare, pieces, context),
            (b'`', _) => self.backquoted(Mode::Bare, pieces, context),
            (b'[', _) => {
                let len = self.bracket()?;
                self.other(len, PieceKind::Glob, pieces)
            }
            (b'{', _) => {
                let len = self.brace()??;
                self.other(len, PieceKind::Other, pieces)
            }
            _ => {
                let (len, found) = special_piece(self.rest(), Mode::Bare)?;
                let at = self.at;
                self.at += len;
                let closed = match found {
                    Special::Single => len > 1 && self.bytes.get(self.at - 1) == Some(&b'\''),
                    Special::AnsiC => len > 2 && self.bytes.get(self.at - 1) == Some(&b'\''),
                    _ => true,
                };
                self.lower.special(at, len, found, Mode::Bare, pieces);
                closed.then_some(())
            }
        }
    }

    fn other(&mut self, len: usize, kind: fn(String) -> PieceKind, pieces: &mut Few<Piece>) -> Read<()> {
        let text = self.lower.raw(self.at, self.at + len).to_owned();
        self.lower.push(self.at, self.at + len, kind(text), Quote::None, pieces);
        self.at += len;
        Some(())
    }

    /// The length of `[…]` that is matched against files.
    fn bracket(&self) -> Option<usize> {
        let rest = self.bytes.get(self.at..)?;
        let end = rest.iter().take(MAX_LOOK).position(|b| class(*b) == Class::End).unwrap_or(rest.len().min(MAX_LOOK));
        let (len, _) = special_piece(self.lower.raw(self.at, self.at + floor(self.rest(), end)), Mode::Bare)?;
        Some(len)
    }

    /// The length of a brace expansion; `None` within where the brace is plain.
    fn brace(&self) -> Read<Option<usize>> {
        let rest = self.bytes.get(self.at..)?;
        let (mut depth, mut comma) = (0_usize, false);
        for (i, &byte) in rest.iter().enumerate() {
            match byte {
                _ if i > MAX_LOOK => return None,
                b'{' => depth += 1,
                b'}' => {
                    depth -= 1;
                    if depth == 0 {
                        let sequence = self.lower.raw(self.at, self.at + i).contains("..");
                        return if sequence && !comma { None } else { Some(comma.then_some(i + 1)) };
                    }
                }
                b',' => comma |= depth == 1,
                b'\\' | b'\'' | b'"' | b'$' | b'`' => return None,
                _ if class(byte) == Class::End => break,
                _ => {}
            }
        }
        // an open brace with a comma in it
        if comma { None } else { Some(None) }
    }

    /// `"…"`; the length of its opening.
    fn double(&mut self, open: usize, pieces: &mut Few<Piece>, context: Context) -> Read<()> {
        self.at += open;
        let (before, start) = (pieces.len(), self.at);
        let mut kept = self.at;
        loop {
            let byte = self.peek(0)?;
            match byte {
                b'"' => break,
                b'\\' | b'$' | b'`' => {
                    let at = self.at;
                    let piece = match (byte, self.peek(1)?) {
                        (b'$', b'(' | b'{') | (b'`', _) => None,
                        (b'$', b'[') => return None,
                        (b'$', b'\\') if self.peek(2) == Some(b'\n') => return None,
                        _ => match special_piece(self.rest(), Mode::Double) {
                            Some(found) => Some(found),
                            None => {
                                self.at += 1;
                                // a backslash that stays does not free what it stands before
                                continue;
                            }
                        },
                    };
                    self.lower.exact(kept, at, Quote::Double, pieces);
                    match piece {
                        Some((len, found)) => {
                            self.lower.special(at, len, found, Mode::Double, pieces);
                            self.at += len;
                        }
                        None if byte == b'`' => self.backquoted(Mode::Double, pieces, context)?,
                        None => self.expansion(Mode::Double, pieces, context)?,
                    }
                    kept = self.at;
                }
                _ => self.at += 1,
            }
        }
        self.lower.exact(kept, self.at, Quote::Double, pieces);
        if pieces.len() == before {
            self.lower.push(start, start, PieceKind::Literal(String::new()), Quote::Double, pieces);
        }
        self.at += 1;
        Some(())
    }

    fn backquoted(&mut self, mode: Mode, pieces: &mut Few<Piece>, context: Context) -> Read<()> {
        let start = self.at;
        self.backquotes(context, mode != Mode::Bare)?;
        let text = self.lower.raw(start + 1, self.at - 1).to_owned();
        self.lower.push(start, self.at, PieceKind::Command { backquotes: true, text }, mode.quote(), pieces);
        Some(())
    }

    /// `$(…)`, `$((…))` and `${…}`.
    fn expansion(&mut self, mode: Mode, pieces: &mut Few<Piece>, context: Context) -> Read<()> {
        let start = self.at;
        let rest = self.bytes.get(start..self.bytes.len().min(start + MAX_EXPANSION))?;
        if rest.get(1) == Some(&b'{') {
            let len = expansion_len(self.lower.raw(start, start + rest.len()), mode)??;
            return self.computed(start, len, mode, pieces, context);
        }
        if rest.get(2) == Some(&b'(') {
            let len = 1 + closed(rest.get(1..)?)?;
            return if rest.get(..len)?.ends_with(b"))") { self.computed(start, len, mode, pieces, context) } else { None };
        }
        self.at += 2;
        self.substitution(start, context)?;
        let text = self.lower.raw(start + 2, self.at - 1).to_owned();
        self.lower.push(start, self.at, PieceKind::Command { backquotes: false, text }, mode.quote(), pieces);
        Some(())
    }

    fn computed(&mut self, start: usize, len: usize, mode: Mode, pieces: &mut Few<Piece>, context: Context) -> Read<()> {
        let whole = self.lower.raw(start, start + len);
        if whole.len() < 4 {
            return None;
        }
        let (read, found) = special_piece(whole, mode)?;
        if read != len || matches!(&found, Special::Piece(PieceKind::Param(p)) if !known(&p.name, &p.modifier)) {
            return None;
        }
        self.lower.special(start, len, found, mode, pieces);
        self.inside(start + 2, start + len - 1, context, mode == Mode::Bare)?;
        self.at = start + len;
        Some(())
    }

    /// A stretch of text as one word that means what it says.
    pub(super) fn plain(&self, start: usize, end: usize) -> Word {
        let mut pieces = Few::new();
        self.lower.exact(start, end, Quote::None, &mut pieces);
        Word { span: self.span(start, end), pieces }
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.lower.map.span(start, end)
    }
}

/// Whether this is a parameter, and an operator that shells know.
fn known(name: &str, modifier: &str) -> bool {
    let special = matches!(name, "@" | "*" | "#" | "?" | "-" | "$" | "!");
    let named = special || !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    named && (modifier.is_empty() || modifier.starts_with([':', '-', '+', '=', '?', '#', '%', '/', '^', ',', '@', '[', '*', '!']))
}
