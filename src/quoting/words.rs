//! What a shell makes of a word: expansions in the order in which shells do them, then splitting into fields.

use std::borrow::Cow;
use std::ops::Range;
use std::rc::Rc;

use super::arithmetic;
use super::flow::{Flow, Origin};
use super::interpret::Machine;
use super::status::{Status, Stopped};
use super::step::{Arg, Mark, Outcome, ShellKind};
use super::variables::{Environment, Setter, Value, set_by_shell};
use super::whole::Whole;
use crate::source::{FileId, Span};
use crate::syntax::shell::{Piece, PieceKind, Quote, Script, Word};

/// Words stand in each other at most this deep.
pub(super) const MAX_DEPTH: usize = 12;
/// Texts that grow beyond this are not followed.
pub(super) const MAX_TEXT: usize = 1 << 20;

/// Offsets of a layer's text, as spans that the shell parser hands back.
pub(super) fn local(range: Range<usize>) -> Span {
    Span::new(FileId(u32::MAX), range.start, range.end)
}

/// The state of a shell. Copies are cheap: it is kept at each branch, and at many commands.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) vars: Environment,
    /// `$1`, `$2` …; `None` where they are not known.
    pub(super) positional: Option<Rc<[Flow]>>,
    /// `$0`.
    pub(super) zero: Option<Flow>,
    /// IFS; `None` where it is not known.
    pub(super) ifs: Option<Cow<'static, str>>,
    /// `set -u`.
    pub(super) nounset: bool,
    /// `set -e`.
    pub(super) errexit: bool,
    /// Whether the shell has ended before this.
    pub(super) stopped: Stopped,
    /// `$?`.
    pub(super) status: Status,
    /// How the last substitution ended that stands in the words of the command.
    pub(super) substituted: Status,
}

impl State {
    pub(super) fn new(vars: Environment) -> State {
        State {
            vars,
            positional: Some(Rc::from([])),
            zero: None,
            ifs: Some(Cow::Borrowed(" \t\n")),
            nounset: false,
            errexit: false,
            stopped: Stopped::No,
            status: Status::Code(0),
            substituted: Status::Code(0),
        }
    }

    pub(super) fn assign(&mut self, name: &str, value: Value, set_by: Option<Setter>, export: bool) {
        if name == "IFS" {
            self.ifs = match &value {
                Value::Known(flow) => flow.known().map(|ifs| Cow::Owned(ifs.to_owned())),
                Value::Unset => Some(Cow::Borrowed(" \t\n")),
                Value::Unknown(_) => None,
            };
        }
        self.vars.assign(name, value, set_by, export);
    }

    pub(super) fn look_up(&self, name: &str) -> (Value, Option<Setter>) {
        if let Ok(n) = name.parse::<usize>() {
            let value = match (n, &self.positional) {
                (0, _) => self.zero.clone().map_or(Value::Unknown("the shell's own name".to_owned()), Value::Known),
                (_, None) => Value::Unknown("an argument that is given from outside".to_owned()),
                (n, Some(all)) => all.get(n - 1).cloned().map_or(Value::Unset, Value::Known),
            };
            return (value, None);
        }
        match set_by_shell(name) {
            Some(_) if name == "?" => (self.status.value(), None),
            Some(why) => (Value::Unknown(why.to_owned()), None),
            None if name == "IFS" => (Value::Unknown("the shell sets it".to_owned()), None),
            None => self.vars.look_up(name),
        }
    }
}

/// A part of a word after expansion, before splitting.
#[derive(Clone, Debug)]
pub(super) enum Frag {
    Text {
        flow: Flow,
        /// Quotes around it, even empty ones, make a word.
        quoted: bool,
        /// Blanks in it separate words.
        split: bool,
        /// It is matched against files.
        pattern: bool,
    },
    /// The end of one of the words of `"$@"`.
    Break,
    /// Stands before the words of `"$@"` in shells other than bash.
    All,
    /// `"$@"` without words: alone it is none; what else may stand in its quotes makes one in some shells.
    None,
}

impl Frag {
    pub(super) fn plain(flow: Flow, quoted: bool) -> Frag {
        Frag::Text { flow, quoted, split: false, pattern: false }
    }
}

/// How the pieces of a word are read.
#[derive(Clone, Copy)]
pub(super) struct Cx {
    /// As if in double quotes: assignments, heredocs, targets of redirections.
    pub(super) whole: bool,
    /// Inside `${…}` without quotes, where literal blanks split, too.
    pub(super) operand: bool,
    /// A heredoc: quotes in it are plain characters.
    pub(super) heredoc: bool,
    /// One text, never several words, whatever `$@` holds.
    pub(super) single: bool,
    pub(super) depth: usize,
}

impl Cx {
    pub(super) const WORD: Cx = Cx { whole: false, operand: false, heredoc: false, single: false, depth: 0 };
    pub(super) const WHOLE: Cx = Cx { whole: true, single: true, ..Cx::WORD };
    pub(super) const HEREDOC: Cx = Cx { heredoc: true, ..Cx::WHOLE };
}

/// Where a parameter stands.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its value is not split.
    pub(super) quoted: bool,
    /// Double quotes enclose it, so that single quotes in its word are plain.
    pub(super) enclosed: bool,
    pub(super) cx: Cx,
}

/// Expands words of one text.
pub(super) struct Expander<'a> {
    pub(super) text: &'a Flow,
    pub(super) script: &'a Script,
    pub(super) kind: ShellKind,
    pub(super) machine: Machine,
    pub(super) level: usize,
    pub(super) substitutions: usize,
    pub(super) whole: &'a Rc<Whole<'a>>,
    pub(super) state: &'a mut State,
    pub(super) marks: &'a mut Vec<Mark>,
}

impl Expander<'_> {
    /// Adds the fields that a word becomes.
    pub(super) fn fields(&mut self, word: &Word, args: &mut Vec<Arg>) {
        let range = word.span.range();
        if self.unreadable(word) {
            let flow = Flow::unknown(self.raw(range.clone()), self.text.span_of(range.clone()));
            return args.push(Arg { text: flow, pattern: false, splits: true, range });
        }
        if let Some(text) = self.verbatim(word) {
            return args.push(Arg { text, range, ..Arg::default() });
        }
        let frags = self.frags(&word.pieces, Cx::WORD);
        let fields = split(&frags, self.state.ifs.as_deref());
        args.extend(fields.into_iter().map(|field| Arg { range: range.clone(), ..field }));
    }

    /// The text of a word that stays what it is, as most do: seen without taking it apart.
    fn verbatim(&self, word: &Word) -> Option<Flow> {
        let [Piece { kind: PieceKind::Literal(text), span, .. }] = word.pieces.as_slice() else { return None };
        let range = span.range();
        let tilde = text.as_bytes().contains(&b'~') && (text.starts_with('~') || text.contains("=~"));
        let plain = !text.is_empty() && !tilde && self.raw(range.clone()) == &**text;
        plain.then(|| self.text.slice(range)).filter(Flow::is_known)
    }

    /// The text that a word becomes where it is not split.
    pub(super) fn whole(&mut self, word: &Word) -> Arg {
        let range = word.span.range();
        if self.unreadable(word) {
            let flow = Flow::unknown(self.raw(range.clone()), self.text.span_of(range.clone()));
            return Arg { text: flow, range, ..Arg::default() };
        }
        let frags = self.frags(&word.pieces, Cx::WHOLE);
        Arg { text: joined(&frags), range, ..Arg::default() }
    }

    /// The text that a heredoc becomes.
    pub(super) fn text_of(&mut self, pieces: &[Piece]) -> Flow {
        let frags = self.frags(pieces, Cx::HEREDOC);
        joined(&frags)
    }

    /// `$'…'` and `$"…"` are read differently by the shells that are called `sh`.
    fn unreadable(&self, word: &Word) -> bool {
        if self.kind.dialect() == crate::syntax::shell::Dialect::Bash {
            return false;
        }
        let mut end = word.span.range().start;
        word.pieces.iter().any(|piece| {
            let before = self.raw(end..piece.span.range().start);
            end = piece.span.range().end;
            before.contains("$'") || before.contains("$\"")
        })
    }

    pub(super) fn raw(&self, range: Range<usize>) -> &str {
        self.text.text().get(range).unwrap_or_default()
    }

    pub(super) fn hole(&self, range: Range<usize>) -> Flow {
        Flow::unknown(self.raw(range.clone()), self.text.span_of(range))
    }

    pub(super) fn number(&self, range: Range<usize>) -> Flow {
        Flow::number(self.raw(range.clone()), self.text.span_of(range))
    }

    pub(super) fn mark(&mut self, range: Range<usize>, name: &str, outcome: Outcome) {
        self.marks.push(Mark { range, name: name.to_owned(), outcome });
    }

    pub(super) fn frags(&mut self, pieces: &[Piece], cx: Cx) -> Vec<Frag> {
        let mut frags = Vec::with_capacity(pieces.len());
        if cx.depth > MAX_DEPTH {
            let range = pieces.first().zip(pieces.last()).map_or(0..0, |(a, b)| a.span.range().start..b.span.range().end);
            return vec![Frag::Text { flow: self.hole(range), quoted: false, split: true, pattern: false }];
        }
        for (n, piece) in pieces.iter().enumerate() {
            let range = piece.span.range();
            let quoted = cx.whole || piece.quote != Quote::None;
            let loose = |flow, split, pattern| Frag::Text { flow, quoted, split: split && !quoted, pattern: pattern && !quoted };
            match &piece.kind {
                PieceKind::Literal(text) => self.literal(pieces, n, text, cx, &mut frags),
                PieceKind::Glob(_) => frags.push(loose(self.text.slice(range), cx.operand, true)),
                PieceKind::Param(_) => {
                    let at = Place { quoted, enclosed: cx.heredoc || piece.quote == Quote::Double, cx };
                    self.param(range, at, &mut frags);
                }
                PieceKind::Command { .. } if let Some((text, status)) = self.substituted(&range) => {
                    let flow = Flow::value(&text, self.text.span_of(range.clone()), false);
                    let written = self.raw(range.clone()).to_owned();
                    self.mark(range, &written, Outcome::Known { value: flow.clone(), set_by: None });
                    self.substitution_ends(status);
                    let pattern = text.contains(['*', '?', '[']);
                    frags.push(loose(flow, true, pattern));
                }
                PieceKind::Command { .. } => {
                    self.substitution_ends(Status::Unknown);
                    self.mark(
                        range.clone(),
                        self.raw(range.clone()).to_owned().as_str(),
                        Outcome::Unknown("what the command prints".to_owned()),
                    );
                    frags.push(loose(self.hole(range), true, false));
                }
                PieceKind::Arithmetic(sum) if let Some(value) = self.computed(sum, &range) => {
                    let flow = Flow::value(&value.to_string(), self.text.span_of(range.clone()), false);
                    let written = self.raw(range.clone()).to_owned();
                    self.mark(range, &written, Outcome::Known { value: flow.clone(), set_by: None });
                    frags.push(loose(flow, true, false));
                }
                PieceKind::Arithmetic(sum) => {
                    self.fails_perhaps(sum);
                    self.forget_assigned(sum);
                    self.mark(
                        range.clone(),
                        self.raw(range.clone()).to_owned().as_str(),
                        Outcome::Unknown("the shell computes it".to_owned()),
                    );
                    frags.push(loose(self.hole(range), true, false));
                }
                PieceKind::Other(_) => frags.push(loose(self.hole(range), true, false)),
            }
        }
        frags
    }

    fn literal(&mut self, pieces: &[Piece], n: usize, text: &str, cx: Cx, frags: &mut Vec<Frag>) {
        let Some(piece) = pieces.get(n) else { return };
        let range = piece.span.range();
        let raw = self.raw(range.clone());
        // what is not known was blotted out for the parser
        let exact = raw == text || raw.len() == text.len() && !self.text.slice(range.clone()).is_known();
        let bare = piece.quote == Quote::None && exact;
        // what an outer layer could not know may hold anything: quotes, blanks, commands
        let flow = if exact { self.text.slice(range.clone()) } else { self.text.decoded(range.clone(), text) };
        if bare && n == 0 && !cx.operand && text.starts_with('~') && flow.parts().next().is_some_and(|(_, p)| p.origin != Origin::Unknown) {
            self.tilde(text, range, pieces.len() == 1, frags);
            return;
        }
        let hidden =
            bare && (cx.whole && text.contains(":~") || self.kind.dialect() != crate::syntax::shell::Dialect::Posix && text.contains("=~"));
        let flow = if hidden && pieces.len() == 1 { self.hole(range) } else { flow };
        if !bare {
            frags.push(Frag::plain(flow, true));
            return;
        }
        let split = cx.operand && !cx.whole || !flow.is_readable();
        frags.push(Frag::Text { flow, quoted: cx.whole, split: split && !cx.whole, pattern: false });
    }

    /// `~` at the start of a word.
    fn tilde(&mut self, text: &str, range: Range<usize>, alone: bool, frags: &mut Vec<Frag>) {
        let len = text.find('/').unwrap_or(text.len());
        let home = range.start..range.start + len;
        let rest = self.text.slice(home.end..range.end);
        if len == text.len() && !alone {
            // an expansion follows: shells differ in what they take for the name
            frags.push(Frag::plain(self.hole(range), true));
            return;
        }
        let (value, set_by) = if len == 1 { self.state.look_up("HOME") } else { (Value::Unknown("a user's home folder".to_owned()), None) };
        let span = self.text.span_of(home.clone());
        match value {
            Value::Known(value) => {
                let mut flow = Flow::default();
                flow.append_value(&value, span);
                self.mark(home, "HOME", Outcome::Known { value, set_by });
                frags.push(Frag::plain(flow, true));
            }
            Value::Unset | Value::Unknown(_) => {
                self.mark(home.clone(), "HOME", Outcome::Unknown("the user's home folder".to_owned()));
                frags.push(Frag::plain(self.hole(home), true));
            }
        }
        frags.push(Frag::plain(rest, false));
    }

    /// In bash `$?` is what a substitution that stands before it in the same command ended with.
    fn substitution_ends(&mut self, status: Status) {
        self.state.substituted = status;
        self.state.status = match self.kind {
            ShellKind::Bash => status,
            ShellKind::Dash | ShellKind::Ash => self.state.status,
            ShellKind::Sh | ShellKind::Other => Status::Unknown,
        };
    }

    /// `$((…))` of what is known.
    fn computed(&self, sum: &str, range: &Range<usize>) -> Option<i64> {
        let known = self.text.slice(range.clone()).is_known();
        let strict = self.state.nounset;
        let look_up = |name: &str| match self.state.look_up(name).0 {
            Value::Unset if strict => Value::Unknown("`set -u` stops the shell here".to_owned()),
            value => value,
        };
        known.then(|| arithmetic::evaluate(sum, &look_up))?
    }

    /// A sum with the value of a variable that holds no number ends the shell.
    fn fails_perhaps(&mut self, sum: &str) {
        let odd = |text: &str| text.contains(['{', '}', '"', '\'', '`', '\\', ';', '.', '@', '#']);
        if names(sum).any(|name| matches!(self.state.look_up(name).0, Value::Known(value) if odd(value.text()))) {
            self.state.stopped = self.state.stopped.max(Stopped::Perhaps);
        }
    }

    /// `$((n = 1))` and `$((n++))` set variables.
    fn forget_assigned(&mut self, sum: &str) {
        if !(sum.contains('=') || sum.contains("++") || sum.contains("--")) {
            return;
        }
        names(sum).for_each(|name| self.state.vars.forget(name, "the shell computes it"));
    }
}

/// The variables that a sum names.
fn names(sum: &str) -> impl Iterator<Item = &str> {
    sum.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|n| n.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// The text of fragments without any splitting; the words of `$@` are joined by blanks.
pub(super) fn joined(frags: &[Frag]) -> Flow {
    let mut flow = Flow::default();
    for frag in frags {
        match frag {
            Frag::Text { flow: part, .. } => flow.append(part),
            Frag::None | Frag::All => {}
            Frag::Break => {
                let span = flow.span_of(flow.len()..flow.len());
                flow.push(" ", span, Origin::Decoded);
            }
        }
    }
    flow
}

/// Splits fragments into fields.
pub(super) fn split(frags: &[Frag], ifs: Option<&str>) -> Vec<Arg> {
    let mut fields = Fields { done: Vec::new(), open: None, after_blank: false };
    for frag in frags {
        match frag {
            Frag::None | Frag::All => {}
            Frag::Break => {
                fields.close();
                fields.after_blank = false;
            }
            Frag::Text { flow, quoted, split: false, pattern } => {
                if *quoted || !flow.is_empty() {
                    let open = fields.opened();
                    open.text.append(flow);
                    open.pattern |= pattern;
                    fields.after_blank = false;
                }
            }
            Frag::Text { flow, pattern, .. } => fields.loose(flow, *pattern, ifs),
        }
    }
    fields.close();
    // dash miscounts the blanks of values that stand in one word with `"$@"`
    let blank =
        |f: &Frag| matches!(f, Frag::Text { split: true, flow, .. } if flow.text().contains(|c| ifs.is_none_or(|ifs| ifs.contains(c))));
    if frags.iter().any(|f| matches!(f, Frag::All)) && frags.iter().any(blank) {
        fields.done.iter_mut().for_each(|a| a.splits = true);
    }
    // one more empty word, in some shells
    let ends_blank = |f: &Frag| matches!(f, Frag::Text { split: true, flow, .. } if flow.text().ends_with([' ', '\t', '\n']));
    if frags.iter().filter(|f| matches!(f, Frag::None)).count() > 1 && frags.iter().any(ends_blank) {
        fields.done.iter_mut().for_each(|a| a.splits = true);
    }
    if frags.len() > 1 && frags.iter().any(|f| matches!(f, Frag::None)) {
        fields.done.iter_mut().filter(|a| a.text.is_empty()).for_each(|a| a.splits = true);
        if fields.done.is_empty() {
            fields.done.push(Arg { splits: true, ..Arg::default() });
        }
    }
    fields.done
}

struct Fields {
    done: Vec<Arg>,
    open: Option<Arg>,
    /// The last field was ended by blanks alone, which a separator that follows belongs to.
    after_blank: bool,
}

impl Fields {
    fn opened(&mut self) -> &mut Arg {
        self.open.get_or_insert_with(Arg::default)
    }

    fn close(&mut self) {
        self.done.extend(self.open.take());
    }

    fn loose(&mut self, flow: &Flow, pattern: bool, ifs: Option<&str>) {
        for (range, part) in flow.parts() {
            let text = flow.text().get(range.clone()).unwrap_or_default();
            let number = part.origin == Origin::Number;
            let splits = |ifs: &str| number && ifs.contains(|c: char| c.is_ascii_digit() || c == '-');
            let Some(ifs) = ifs.filter(|ifs| part.origin != Origin::Unknown && !splits(ifs)) else {
                let open = self.opened();
                open.text.append_range(flow, range);
                open.splits = true;
                self.after_blank = false;
                continue;
            };
            let mut kept = range.start;
            for (at, c) in text.char_indices().take_while(|_| !number) {
                if !ifs.contains(c) {
                    continue;
                }
                self.take(flow, kept..range.start + at, pattern);
                kept = range.start + at + c.len_utf8();
                self.separator(matches!(c, ' ' | '\t' | '\n'));
            }
            self.take(flow, kept..range.end, pattern);
        }
    }

    fn take(&mut self, flow: &Flow, range: Range<usize>, pattern: bool) {
        if range.is_empty() {
            return;
        }
        let open = self.opened();
        open.pattern |= pattern;
        open.text.append_range(flow, range);
        self.after_blank = false;
    }

    fn separator(&mut self, blank: bool) {
        match (blank, self.open.is_some()) {
            (true, true) => {
                self.close();
                self.after_blank = true;
            }
            (true, false) => {}
            (false, true) => self.close(),
            (false, false) if self.after_blank => self.after_blank = false,
            (false, false) => self.done.push(Arg::default()),
        }
    }
}
