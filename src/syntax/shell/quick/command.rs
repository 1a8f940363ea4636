//! Simple commands and function definitions.

use super::{Class, Element, Read, Reader, class};
use crate::few::Few;
use crate::source::Span;
use crate::syntax::shell::lower::Context;
use crate::syntax::shell::model::{Assign, Command, Dialect, GroupKind, Piece, PieceKind, Place, Programs, Quote, Redirect, Word};
use crate::syntax::shell::wrappers::Start;

/// The parts of simple commands, the outermost first.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) assigns: Vec<Assign>,
    pub(super) words: Vec<Word>,
    pub(super) redirects: Vec<Redirect>,
}

/// Where the parts of a command start.
#[derive(Clone, Copy)]
pub(super) struct Begin {
    assigns: usize,
    words: usize,
    redirects: usize,
}

impl Parts {
    pub(super) fn begin(&self) -> Begin {
        Begin { assigns: self.assigns.len(), words: self.words.len(), redirects: self.redirects.len() }
    }
}

impl Reader<'_, '_> {
    /// The command here, whatever its kind.
    pub(super) fn command(&mut self, place: Place, context: Context) -> Read<Element> {
        match self.keyword() {
            b"" if self.peek(0) == Some(b'(') => self.subshell(place, context),
            b"" => self.simple(place, context),
            b"{" => self.brace_group(place, context),
            b"if" => self.branches(place, context),
            b"while" | b"until" => self.repeated(place, context),
            b"for" => self.each(place, context),
            b"case" => self.case(place, context),
            b"[[" => self.test(place, context),
            b"function" => self.function_keyword(place, context),
            b"!" | b"time" | b"coproc" | b"select" | b"}" | b"]]" | b"then" | b"elif" | b"else" | b"fi" | b"do" | b"done" | b"esac"
            | b"in" | b"foreach" | b"repeat" | b"end" | b"always" | b"nocorrect" | b"noglob" => None,
            _ => self.simple(place, context),
        }
    }

    fn simple(&mut self, place: Place, context: Context) -> Read<Element> {
        let (at, heredocs, start) = (self.open(place), self.pending.len(), self.at);
        let from = self.parts.begin();
        let mut declares = false;
        loop {
            self.blanks();
            let Some(byte) = self.peek(0) else { break };
            match byte {
                b'(' => {
                    // behind a first word it could open a function; behind these it could be a pattern, or the elements of an array
                    let before = self.at.checked_sub(1).and_then(|before| self.bytes.get(before));
                    let opens = before.is_some_and(|b| matches!(b, b'?' | b'*' | b'+' | b'@' | b'!' | b'='));
                    self.refused = (!opens && self.parts.words.len() > from.words + 1).then_some(self.at);
                    return self.function(at, start, from, place, context);
                }
                b'#' => {
                    self.comment();
                    break;
                }
                _ if (class(byte) == Class::End || byte.is_ascii_digit()) && self.redirects() => {
                    self.add_redirect(from, context)?;
                }
                _ if class(byte) == Class::End && !self.is_process() => break,
                _ => declares = self.operand(from, declares, context)?,
            }
        }
        self.complete(at, from, heredocs)
    }

    /// A word or an assignment; gives whether the words that follow are declarations.
    fn operand(&mut self, from: Begin, declares: bool, context: Context) -> Read<bool> {
        let first = self.parts.words.len() == from.words;
        let name = if first || declares { self.assigned() } else { None };
        if first && let Some((name, value)) = name {
            let assign = self.assignment(name, value, context)?;
            self.parts.assigns.push(assign);
            return Some(false);
        }
        if let Some((_, value)) = name
            && self.bytes.get(value) == Some(&b'(')
        {
            let word = self.declared_array(value, context)?;
            self.parts.words.push(word);
            return Some(true);
        }
        let start = self.at;
        let word = self.word(context)?;
        let whole = self.lower.raw(start, self.at);
        // `{fd}>file`, and assignments to elements
        if whole.starts_with('{') && matches!(self.peek(0), Some(b'<' | b'>')) || first && is_element(whole) {
            return None;
        }
        self.parts.words.push(word);
        Some(if first { matches!(whole, "export" | "readonly" | "local" | "declare" | "typeset") } else { declares })
    }

    /// `NAME=` or `NAME+=` here: where the name ends and the value starts.
    fn assigned(&self) -> Option<(usize, usize)> {
        let rest = self.bytes.get(self.at..)?;
        let len = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        if len == 0 || rest.first()?.is_ascii_digit() {
            return None;
        }
        match (rest.get(len)?, rest.get(len + 1)) {
            (b'=', _) => Some((self.at + len, self.at + len + 1)),
            (b'+', Some(b'=')) => Some((self.at + len, self.at + len + 2)),
            _ => None,
        }
    }

    fn assignment(&mut self, name: usize, value: usize, context: Context) -> Read<Assign> {
        let start = self.at;
        let name = self.lower.raw(start, name).to_owned();
        self.at = value;
        if self.peek(0) == Some(b'(') {
            self.array(context)?;
            return Some(Assign { span: self.span(start, self.at), name, value: None });
        }
        let mut pieces = Few::new();
        self.word_from(value, &mut pieces, context)?;
        let word = Word { span: self.span(value, self.at), pieces };
        Some(Assign { span: self.span(start, self.at), name, value: Some(word) })
    }

    /// `NAME=(a b c)` as the operand of `local` and the like, in one piece; the value starts at `value`.
    fn declared_array(&mut self, value: usize, context: Context) -> Read<Word> {
        let start = self.at;
        self.at = value;
        self.array(context)?;
        let ends = self.peek(0).is_none_or(|byte| class(byte) == Class::End);
        // other shells have none
        if !ends || self.lower.script.dialect != Dialect::Bash {
            return None;
        }
        let (span, kind) = (self.span(start, self.at), PieceKind::Other(self.lower.raw(start, self.at).to_owned()));
        Some(Word { span, pieces: Few::one(Piece { span, kind, quote: Quote::None }) })
    }

    /// `(a b c)`; only its substitutions are kept.
    fn array(&mut self, context: Context) -> Read<()> {
        self.at += 1;
        loop {
            self.lines()?;
            match self.peek(0)? {
                b')' => break,
                b'[' => self.element(context)?,
                byte if class(byte) == Class::End => return None,
                _ => drop(self.word(context)?),
            };
        }
        self.at += 1;
        Some(())
    }

    /// `[key]=value` in an array.
    fn element(&mut self, context: Context) -> Read<()> {
        let rest = self.bytes.get(self.at + 1..)?;
        let len = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.')).count();
        if len == 0 || self.lower.script.dialect != Dialect::Bash {
            return None;
        }
        self.at += 1 + len;
        self.expect_byte(b']')?;
        self.expect_byte(b'=')?;
        if class(self.peek(0)?) != Class::End {
            self.word(context)?;
        }
        Some(())
    }

    /// Makes room for a command, so that it stands before those of its substitutions.
    pub(super) fn open(&mut self, place: Place) -> usize {
        let span = self.span(self.at, self.at);
        let (assigns, words, redirects) = (Vec::new(), Vec::new(), Vec::new());
        let (start, programs) = (Start::default(), Programs::default());
        self.lower.script.commands.push(Command { span, assigns, words, redirects, place, nested: None, start, programs });
        self.lower.script.commands.len() - 1
    }

    /// Reads a redirection of the command whose parts start here.
    pub(super) fn add_redirect(&mut self, from: Begin, context: Context) -> Read<()> {
        let redirect = self.redirect(self.parts.redirects.len() - from.redirects, context)?;
        self.parts.redirects.push(redirect);
        Some(())
    }

    pub(super) fn complete(&mut self, at: usize, from: Begin, heredocs: usize) -> Read<Element> {
        let Parts { assigns, words, redirects } = &mut self.parts;
        let assigns: Vec<Assign> = assigns.drain(from.assigns..).collect();
        let words: Vec<Word> = words.drain(from.words..).collect();
        let redirects: Vec<Redirect> = redirects.drain(from.redirects..).collect();
        let spans = assigns.iter().map(|a| a.span).chain(words.iter().map(|w| w.span)).chain(redirects.iter().map(|r| r.span));
        let span = spans.reduce(Span::to)?;
        let command = self.lower.script.commands.get_mut(at)?;
        command.start = Start::of(&words);
        (command.span, command.assigns, command.words, command.redirects) = (span, assigns, words, redirects);
        self.own_heredocs(heredocs, Element::Command(at));
        Some(Element::Command(at))
    }

    /// `name() …`; the parts read so far must be the name alone.
    fn function(&mut self, at: usize, start: usize, from: Begin, place: Place, context: Context) -> Read<Element> {
        let [Word { pieces, .. }] = self.parts.words.get(from.words..)? else { return None };
        let [piece] = pieces.as_slice() else { return None };
        let PieceKind::Literal(name) = &piece.kind else { return None };
        let alone = self.parts.assigns.len() == from.assigns && self.parts.redirects.len() == from.redirects && piece.quote == Quote::None;
        if !alone || piece.span.len() != name.len() || at + 1 != self.lower.script.commands.len() {
            return None;
        }
        let name = name.clone();
        self.lower.script.commands.pop();
        self.parts.words.truncate(from.words);
        self.at += 1;
        self.blanks();
        self.expect_byte(b')')?;
        self.function_body(name, start, place, context)
    }

    /// `function name …`.
    fn function_keyword(&mut self, place: Place, context: Context) -> Read<Element> {
        let start = self.at;
        self.at += b"function".len();
        self.blanks();
        let from = self.at;
        while self.peek(0).is_some_and(|b| class(b) == Class::Plain) {
            self.at += 1;
        }
        let name = self.lower.raw(from, self.at).to_owned();
        self.blanks();
        if self.peek(0) == Some(b'(') {
            self.at += 1;
            self.blanks();
            self.expect_byte(b')')?;
        }
        if name.is_empty() { None } else { self.function_body(name, start, place, context) }
    }

    fn function_body(&mut self, name: String, start: usize, place: Place, context: Context) -> Read<Element> {
        self.lines()?;
        let (group, inner) = self.group(GroupKind::Function(name), start, place, context)?;
        let inner = Context { function: true, conditional: false, condition: false, ..inner };
        let body = self.command(inner.place(), inner)?;
        if !body.is_group() {
            return None;
        }
        self.runs_last(Some(body));
        self.close(group, start)?;
        Some(Element::Group(group))
    }
}

/// Whether a word starts like an assignment to an element: `name[…`.
fn is_element(word: &str) -> bool {
    word.bytes().find(|b| !b.is_ascii_alphanumeric() && *b != b'_') == Some(b'[') && !word.starts_with('[')
}
