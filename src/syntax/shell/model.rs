//! What the project knows of a shell script: its simple commands in order, each with its words and its place.
//! Compound commands are flattened; what matters of them is in [`Place`].

use std::borrow::Cow;

use super::wrappers::Start;
use crate::few::Few;
use crate::source::{At, Span};
use crate::syntax::SyntaxError;

/// The language of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// POSIX sh (dash, busybox ash).
    #[default]
    Posix,
    /// bash.
    Bash,
    /// Another shell that reads the same syntax well enough (zsh, ksh).
    Other,
    /// cmd or PowerShell: not parsed; the script has no commands.
    Windows,
}

/// A script, as far as it could be read.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Its language.
    pub dialect: Dialect,
    /// All simple commands in source order, those of `$(…)`, functions, groups and conditions included.
    pub commands: Vec<Command>,
    /// Groups, loops, conditions and functions, in source order; [`Place::group`] counts in here.
    pub groups: Vec<Group>,
    /// What could not be read.
    pub errors: Vec<SyntaxError>,
    /// What the commands start, those of nested scripts included.
    pub(super) programs: Programs,
    /// See [`Script::expands`].
    pub(super) expands: bool,
    /// See [`Script::quotes_dollars`].
    pub(super) quotes_dollars: bool,
}

/// A compound command or a function definition. What it holds stands in [`Script::commands`].
#[derive(Clone, Debug)]
pub struct Group {
    /// The whole, redirections not included.
    pub span: Span,
    /// What it is.
    pub kind: GroupKind,
    /// The words of `for x in …`, the subject of `case`.
    pub words: Vec<Word>,
    /// Redirections of the whole.
    pub redirects: Vec<Redirect>,
    /// The branches of `if` and `case`, in order.
    pub branches: Vec<Branch>,
    /// One of its branches always runs: an `if` with `else`, a `case` with `*`.
    pub exhaustive: bool,
    /// Where it stands itself.
    pub place: Place,
}

/// A branch of `if` or `case`.
#[derive(Clone, Debug)]
pub struct Branch {
    /// The patterns of `case`, as written.
    pub patterns: Vec<String>,
    /// The condition of `if` and `elif`; `None` for `else`.
    pub condition: Option<Span>,
    /// What it runs.
    pub body: Span,
}

/// Kinds of [`Group`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// `{ …; }`.
    Brace,
    /// `( … )`.
    Subshell,
    /// `if`.
    If,
    /// `while`, `until`.
    Loop,
    /// `for`, `select`; the variable.
    For(String),
    /// `case`.
    Case,
    /// A function definition; its name.
    Function(String),
    /// `$( … )`, backquotes, `<( … )`.
    Substitution,
    /// `time`, `coproc` and the like before a compound command.
    Other,
}

/// A simple command.
#[derive(Clone, Debug)]
pub struct Command {
    /// From the first to the last word, redirections included.
    pub span: Span,
    /// `A=1` before the name.
    pub assigns: Vec<Assign>,
    /// The words: the name first. Empty for a bare assignment or redirection.
    pub words: Vec<Word>,
    /// Redirections, heredocs included.
    pub redirects: Vec<Redirect>,
    /// Where in the script it stands.
    pub place: Place,
    /// The script that this command hands to another shell or runs itself: `sh -c '…'`, `bash -c`, `eval`, `su -c`,
    /// `bash <<EOF`. Wrappers that run their operands (`exec`, `env`, `sudo`, `time`, `nice`, `tini --`, `gosu user` …)
    /// are seen through by [`Command::effective`], not here.
    pub nested: Option<Box<Nested>>,
    /// Where its program stands among the words.
    pub(super) start: Start,
    /// What it starts: the program, and the wrapper before it.
    pub(super) programs: Programs,
}

/// Names of programs, as bits that names may share: a cheap look before the dear one, since nearly all rules are on certain
/// programs, and nearly no script runs them. Only the letters that a name starts with count: `python3.12` is `python`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Programs([u64; 2]);

impl Programs {
    /// These; a list that does not change is best kept in a constant.
    pub const fn of(mut names: &[&str]) -> Programs {
        let mut all = Programs([0, 0]);
        while let [name, rest @ ..] = names {
            all = all.and(Programs::one(name));
            names = rest;
        }
        all
    }

    pub(super) const fn one(name: &str) -> Programs {
        let mut hash = 0_u32;
        let mut bytes = name.as_bytes();
        while let [byte, rest @ ..] = bytes {
            if hash != 0 && !byte.is_ascii_alphabetic() {
                break;
            }
            hash = hash.wrapping_mul(31).wrapping_add(*byte as u32);
            bytes = rest;
        }
        let bit = hash.wrapping_mul(0x9E37_79B9) >> 25;
        if bit < 64 { Programs([1 << bit, 0]) } else { Programs([0, 1 << (bit - 64)]) }
    }

    /// These and others.
    pub const fn and(self, others: Programs) -> Programs {
        let ([a, b], [c, d]) = (self.0, others.0);
        Programs([a | c, b | d])
    }

    /// Whether a program of this name may be among them; `false` is certain.
    pub fn may_hold(self, name: &str) -> bool {
        self.meet(Programs::one(name))
    }

    /// Whether one program may be among both; `false` is certain.
    const fn meet(self, others: Programs) -> bool {
        let ([a, b], [c, d]) = (self.0, others.0);
        (a & c) | (b & d) != 0
    }
}

/// A script inside a command.
#[derive(Clone, Debug)]
pub struct Nested {
    /// The program that runs it: `sh`, `bash`, `eval`, `su`.
    pub by: String,
    /// The script. Text that an outer layer expands stands in it as written.
    pub script: Script,
    /// The word (or heredoc body) that holds it.
    pub span: Span,
    /// Parameters that the *outer* shell expands before the inner one sees the text.
    pub expanded_outside: Vec<At<String>>,
}

/// How a command is joined to the one before it in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Join {
    /// The first of its list.
    First,
    /// After `;` or a new line.
    Then,
    /// After `&&`.
    And,
    /// After `||`.
    Or,
    /// After `&`: the command before it runs in the background.
    Background,
    /// After `|` or `|&`.
    Pipe,
}

/// Where in a script a command stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// How it is joined to the command before it.
    pub join: Join,
    /// Its number in its pipeline, from 0.
    pub pipe_index: u32,
    /// Length of its pipeline.
    pub pipe_len: u32,
    /// How many groups, subshells, loops, conditions, functions and substitutions hold it.
    pub depth: u32,
    /// Inside `( … )`.
    pub subshell: bool,
    /// Inside `$( … )` or backquotes.
    pub substitution: bool,
    /// Inside the body of a function.
    pub function: bool,
    /// Inside `if`/`while`/`until`/`for`/`case` bodies.
    pub conditional: bool,
    /// It is the condition of `if`, `while` or `until`.
    pub condition: bool,
    /// `! command`.
    pub negated: bool,
    /// Followed by `&`.
    pub background: bool,
    /// It stands in tail position: no command of the script can run after it. The last command of each branch of a
    /// final `if` or `case` is last; one in a loop, a function or a substitution never is.
    pub last: bool,
    /// The same within the body of a function: nothing of the function runs after it. Equal to `last` outside functions.
    pub tail: bool,
    /// The innermost group that holds it, by its place in [`Script::groups`].
    pub group: Option<usize>,
}

/// `NAME=value`.
#[derive(Clone, Debug)]
pub struct Assign {
    /// Name and value.
    pub span: Span,
    /// The name.
    pub name: String,
    /// The value; `None` for array values and the like.
    pub value: Option<Word>,
}

/// A redirection.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// Operator and target.
    pub span: Span,
    /// `>`, `>>`, `<`, `2>&1`'s `>&`, `<<`, `<<-`, `<<<`, `&>` …
    pub operator: &'static str,
    /// The descriptor written before the operator.
    pub fd: Option<u32>,
    /// The file, or the heredoc's delimiter.
    pub target: Option<Word>,
    /// For heredocs: the body.
    pub heredoc: Option<Box<HeredocBody>>,
}

/// The body of a shell heredoc.
#[derive(Clone, Debug)]
pub struct HeredocBody {
    /// Its source, without the terminator line.
    pub span: Span,
    /// Its text as written.
    pub text: String,
    /// Whether the shell expands variables in it (unquoted delimiter).
    pub expand: bool,
    /// What the reader of the heredoc gets: leading tabs of `<<-` and escapes taken out, expansions as pieces of their own.
    pub pieces: Few<Piece>,
}

/// A word: pieces that are joined without blanks.
#[derive(Clone, Debug, PartialEq)]
pub struct Word {
    /// The word as written, quotes included.
    pub span: Span,
    /// Its parts.
    pub pieces: Few<Piece>,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its source, without the quotes around it.
    pub span: Span,
    /// What it is.
    pub kind: PieceKind,
    /// The quotes that it stands in.
    pub quote: Quote,
}

/// Quotes around a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quote {
    /// None.
    None,
    /// `'…'` or `$'…'`.
    Single,
    /// `"…"`.
    Double,
}

/// What a piece is.
#[derive(Clone, Debug, PartialEq)]
pub enum PieceKind {
    /// Text, escapes taken out. A piece whose text is not byte for byte its source is one escape: literals are cut there,
    /// so that every other offset in them maps exactly.
    Literal(String),
    /// `$name`, `${name…}`, `$1`, `$@`.
    Param(Box<Param>),
    /// `$(…)` or backquotes; its commands are in [`Script::commands`] too. `backquotes` says which.
    Command {
        /// Written with backquotes.
        backquotes: bool,
        /// What stands inside, as written.
        text: String,
    },
    /// `$((…))`.
    Arithmetic(String),
    /// `*`, `?`, `[…]` that the shell matches against files.
    Glob(String),
    /// `<(…)`, brace expansion and whatever else the shell computes; as written.
    Other(String),
}

/// A parameter expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The name, without `$` and braces.
    pub name: String,
    /// Written with braces.
    pub braced: bool,
    /// What follows the name inside the braces: `:-x`, `%%/*` …; empty for none. `${#name}` and `${!name}` have `#` and `!` here.
    pub modifier: String,
}

impl Piece {
    /// The piece's text where it is known without running anything.
    pub fn literal(&self) -> Option<&str> {
        match &self.kind {
            PieceKind::Literal(text) | PieceKind::Glob(text) => Some(text),
            _ => None,
        }
    }

    /// Adds the piece as [`Word::lossy`] shows it.
    pub(super) fn push_lossy(&self, value: &mut String) {
        match &self.kind {
            PieceKind::Literal(text) | PieceKind::Glob(text) | PieceKind::Other(text) => value.push_str(text),
            PieceKind::Param(p) if p.braced => {
                value.push_str("${");
                value.push_str(&p.name);
                value.push_str(&p.modifier);
                value.push('}');
            }
            PieceKind::Param(p) => {
                value.push('$');
                value.push_str(&p.name);
            }
            PieceKind::Command { text, .. } => {
                value.push_str("$(");
                value.push_str(text);
                value.push(')');
            }
            PieceKind::Arithmetic(text) => {
                value.push_str("$((");
                value.push_str(text);
                value.push_str("))");
            }
        }
    }
}

impl Word {
    /// The word's value where it is known without running anything. Every rule asks this of nearly every word, so the
    /// common word of one piece is lent, not copied.
    pub fn literal(&self) -> Option<Cow<'_, str>> {
        if let [piece] = self.pieces.as_slice() {
            return piece.literal().map(Cow::Borrowed);
        }
        if self.pieces.iter().any(|piece| piece.literal().is_none()) {
            return None;
        }
        let mut value = String::with_capacity(self.span.len());
        self.pieces.iter().filter_map(Piece::literal).for_each(|text| value.push_str(text));
        Some(Cow::Owned(value))
    }

    /// Whether the word's value is known without running anything.
    pub fn is_literal(&self) -> bool {
        self.pieces.iter().all(|p| p.literal().is_some())
    }

    /// The word's value with expansions kept as `$name`, `$(…)`: good enough to look at, never to compare secrets with.
    pub fn lossy(&self) -> Cow<'_, str> {
        if let [Piece { kind: PieceKind::Literal(text) | PieceKind::Glob(text) | PieceKind::Other(text), .. }] = self.pieces.as_slice() {
            return Cow::Borrowed(text);
        }
        let mut value = String::with_capacity(self.span.len());
        for piece in &self.pieces {
            piece.push_lossy(&mut value);
        }
        Cow::Owned(value)
    }

    /// Whether [`Word::lossy`] begins with a dash, as options do.
    pub(super) fn starts_with_dash(&self) -> bool {
        let texts = self.pieces.iter().map(|piece| match &piece.kind {
            PieceKind::Literal(text) | PieceKind::Glob(text) | PieceKind::Other(text) => text.as_str(),
            _ => "$",
        });
        texts.into_iter().find_map(|text| text.bytes().next()) == Some(b'-')
    }

    /// The word's value, with variables looked up by `lookup`; `None` where one of its parts is unknown.
    pub fn evaluate(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        let mut value = String::with_capacity(self.span.len());
        for piece in &self.pieces {
            match &piece.kind {
                PieceKind::Literal(text) | PieceKind::Glob(text) => value.push_str(text),
                PieceKind::Param(p) => match (lookup(&p.name), p.modifier.strip_prefix(":-").or_else(|| p.modifier.strip_prefix('-'))) {
                    (Some(v), None) if p.modifier.is_empty() => value.push_str(&v),
                    (Some(v), Some(_)) if !v.is_empty() => value.push_str(&v),
                    (_, Some(default)) if !default.contains(['$', '`', '"', '\'', '\\']) => value.push_str(default),
                    _ => return None,
                },
                _ => return None,
            }
        }
        Some(value)
    }

    /// All parameters that the word expands.
    pub fn params(&self) -> impl Iterator<Item = (&Param, &Piece)> {
        self.pieces.iter().filter_map(|piece| match &piece.kind {
            PieceKind::Param(p) => Some((p.as_ref(), piece)),
            _ => None,
        })
    }
}

impl Command {
    /// The command's name where it is literal, without its folder: `/usr/bin/apt-get` is `apt-get`.
    pub fn name(&self) -> Option<Cow<'_, str>> {
        self.start.first.name(&self.words)
    }

    /// The words after the name.
    pub fn args(&self) -> &[Word] {
        self.words.get(1..).unwrap_or_default()
    }

    /// Whether it may start one of these programs, directly or behind a wrapper: `false` is certain.
    pub fn may_start(&self, programs: Programs) -> bool {
        self.programs.meet(programs)
    }
}

/// A word's value without its folder, where it is literal.
pub fn base_name(word: &Word) -> Option<Cow<'_, str>> {
    Some(match word.literal()? {
        Cow::Borrowed(path) => Cow::Borrowed(file_name(path)),
        Cow::Owned(path) => Cow::Owned(file_name(&path).to_owned()),
    })
}

/// Where the name of a program begins in its word, after the folder, if the word is a single piece of text as nearly all are.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Base {
    at: Option<u32>,
    /// No character of the name says that it comes out of an expansion.
    plain: bool,
}

impl Base {
    pub(super) fn of_first(words: &[Word]) -> Base {
        let [Word { pieces, .. }, ..] = words else { return Base::default() };
        let [piece] = pieces.as_slice() else { return Base::default() };
        let at = piece.literal().map(base_at);
        let name = piece.literal().zip(at).and_then(|(text, at)| text.get(at..));
        Base { at: at.and_then(|at| u32::try_from(at).ok()), plain: name.is_some_and(is_plain) }
    }

    /// The name, of the words that this was told of.
    pub(super) fn name(self, words: &[Word]) -> Option<Cow<'_, str>> {
        let word = words.first()?;
        match (self.at, word.pieces.as_slice()) {
            (Some(at), [piece]) => piece.literal()?.get(at as usize..).map(Cow::Borrowed),
            _ => base_name(word),
        }
    }

    /// The name, also where a variable holds the folder.
    pub(super) fn program(self, words: &[Word]) -> Option<Cow<'_, str>> {
        if self.plain {
            return self.name(words);
        }
        let name = file_name(&words.first()?.lossy()).to_owned();
        is_plain(&name).then_some(Cow::Owned(name))
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && !name.bytes().any(|b| matches!(b, b'$' | b'`' | b'(' | b'='))
}

fn base_at(path: &str) -> usize {
    // by bytes: names are short, and a search by character costs more than it saves
    path.bytes().rposition(|b| b == b'/').map_or(0, |slash| slash + 1)
}

/// A path without its folder.
pub fn file_name(path: &str) -> &str {
    path.get(base_at(path)..).unwrap_or(path)
}

/// The program that words start; where its name is not known, what it looks like.
fn program(words: &[Word], name: Option<Cow<'_, str>>) -> Programs {
    match (name, words.first()) {
        (Some(name), _) => Programs::one(&name),
        (None, Some(word)) => Programs::one(file_name(&word.lossy())),
        (None, None) => Programs::default(),
    }
}

impl Script {
    /// Whether one of these programs may be run here: `false` is certain.
    pub fn may_run(&self, programs: Programs) -> bool {
        self.programs.meet(programs)
    }

    /// Whether a word, a redirection or a heredoc holds anything that a shell puts another text for, here or in a nested script.
    pub fn expands(&self) -> bool {
        self.expands
    }

    /// Whether a `$` stands in the single quotes of a command's words, here or in a nested script.
    pub fn quotes_dollars(&self) -> bool {
        self.quotes_dollars
    }

    /// Notes what the rules ask first, since the answer is mostly no: what the commands start, and what stands in their words.
    pub(super) fn note(&mut self) {
        self.note_programs();
        let expands = |pieces: &[Piece]| pieces.iter().any(|p| p.literal().is_none());
        let redirected = |r: &Redirect| {
            r.target.as_ref().is_some_and(|w| expands(&w.pieces)) || r.heredoc.as_ref().is_some_and(|body| expands(&body.pieces))
        };
        for command in &self.commands {
            for piece in command.words.iter().flat_map(|w| &w.pieces) {
                self.expands |= piece.literal().is_none();
                self.quotes_dollars |= piece.quote == Quote::Single && piece.literal().is_some_and(|text| text.contains('$'));
            }
            self.expands |= command.assigns.iter().any(|a| a.value.as_ref().is_none_or(|w| expands(&w.pieces)));
            self.expands |= command.redirects.iter().any(redirected);
            if let Some(nested) = &command.nested {
                self.expands |= nested.script.expands;
                self.quotes_dollars |= nested.script.quotes_dollars;
            }
        }
        for group in &self.groups {
            self.expands |= group.words.iter().any(|w| expands(&w.pieces)) || group.redirects.iter().any(redirected);
        }
    }

    fn note_programs(&mut self) {
        for command in &mut self.commands {
            command.programs = started(command);
            let nested = command.nested.as_ref().map_or(Programs::default(), |nested| nested.script.programs);
            self.programs = self.programs.and(command.programs).and(nested);
        }
    }

    /// All commands, those of nested scripts included, outermost first, each with how many shells it is away from this script.
    pub fn walk(&self) -> Walk<'_> {
        Walk { commands: self.commands.iter(), outer: Vec::new() }
    }
}

/// What a command starts, directly and behind its wrappers.
pub(super) fn started(command: &Command) -> Programs {
    let seen = command.effective();
    let programs = program(&command.words, command.name());
    if seen.words.len() < command.words.len() { programs.and(program(seen.words, seen.name())) } else { programs }
}

/// Scripts nest at most this deep; what lies deeper is not read.
pub const MAX_NESTING: usize = 8;

/// See [`Script::walk`].
#[derive(Clone, Debug)]
pub struct Walk<'a> {
    commands: std::slice::Iter<'a, Command>,
    outer: Vec<std::slice::Iter<'a, Command>>,
}

impl<'a> Iterator for Walk<'a> {
    type Item = (usize, &'a Command);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let Some(command) = self.commands.next() else {
                self.commands = self.outer.pop()?;
                continue;
            };
            let level = self.outer.len();
            if let (Some(nested), true) = (&command.nested, level < MAX_NESTING) {
                self.outer.push(std::mem::replace(&mut self.commands, nested.script.commands.iter()));
            }
            return Some((level, command));
        }
    }
}
