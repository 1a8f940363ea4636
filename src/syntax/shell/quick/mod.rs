//! Reads a script in one pass, straight into the model. Only what is certain is read here: at the first thing that is rare or
//! wrong the script is left to the parser behind [`super::lower`], which knows the corners of the language and says what is
//! wrong. Both must give the same; the tests hold them to it.

mod command;
mod compound;
mod list;
mod redirect;
mod test;
mod word;

#[cfg(test)]
mod agreement;

use super::lower::{Context, Lower};
use super::model::{Group, GroupKind, Place};
use command::Parts;
use redirect::Pending;

/// Groups nest at most this deep here.
const MAX_DEPTH: u32 = 30;

/// Room for this many commands is made before any is read.
const MAX_RESERVED: usize = 256;

/// A script that is not for this reader.
pub(super) struct Left {
    /// A bracket that no shell takes, where one was met.
    pub(super) refused: Option<usize>,
}

/// Reads the text of `lower` into its script, which is as it was where the text is not for this reader.
pub(super) fn read(lower: &mut Lower<'_>) -> Result<(), Left> {
    let text = lower.text;
    // about as many as there are
    let ends: usize = [b'\n', b';', b'&'].iter().map(|end| memchr::memchr_iter(*end, text.as_bytes()).count()).sum();
    lower.script.commands.reserve_exact((ends + 1).min(MAX_RESERVED));
    let mut reader = Reader {
        lower,
        bytes: text.as_bytes(),
        at: 0,
        pending: Vec::new(),
        bodies: 0,
        elements: Vec::new(),
        parts: Parts::default(),
        refused: None,
    };
    if reader.script().is_some() {
        reader.settle();
        return Ok(());
    }
    let refused = reader.refused;
    lower.script.commands.clear();
    lower.script.groups.clear();
    Err(Left { refused })
}

/// What is read; `None` leaves the script to the other parser.
type Read<T> = Option<T>;

/// A command or a group, by its place in the script.
#[derive(Clone, Copy)]
enum Element {
    Command(usize),
    Group(usize),
}

/// A list, as far as it was read.
#[derive(Clone, Copy)]
struct List {
    /// Where its first statement starts.
    start: usize,
    /// Where its last one ends, with what ends it.
    end: usize,
    /// What would run last.
    last: Option<Element>,
}

struct Reader<'r, 'a> {
    lower: &'r mut Lower<'a>,
    /// The text, up to where this is to be read.
    bytes: &'a [u8],
    at: usize,
    /// Heredocs whose bodies are still to come.
    pending: Vec<Pending>,
    /// Where the last body of a heredoc ended.
    bodies: usize,
    /// What the open lists have read of their present statement.
    elements: Vec<Element>,
    /// What the open commands have so far: their parts are put into lists of their own once their number is known.
    parts: Parts,
    /// A bracket where no shell takes one.
    refused: Option<usize>,
}

/// What a byte is where no quotes are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    /// A word ends before it.
    End,
    /// It means something within a word.
    Special,
    /// Never seen in a script that is all right.
    Odd,
}

/// Asked of every byte.
#[allow(clippy::indexing_slicing, reason = "worked out while this is built")]
const CLASSES: [Class; 256] = {
    let mut classes = [Class::Plain; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = kind(byte as u8);
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> Class {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(Class::Plain)
}

const fn kind(byte: u8) -> Class {
    match byte {
        b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' => Class::End,
        b'\\' | b'\'' | b'"' | b'$' | b'`' | b'*' | b'?' | b'[' | b'{' => Class::Special,
        0..0x20 | 0x7f => Class::Odd,
        _ => Class::Plain,
    }
}

impl Reader<'_, '_> {
    fn script(&mut self) -> Read<()> {
        let list = self.list(Context::default())?;
        if self.at < self.bytes.len() || !self.pending.is_empty() {
            return None;
        }
        self.runs_last(list.last);
        Some(())
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// What stands here up to the end of what is to be read.
    fn rest(&self) -> &str {
        self.lower.raw(self.at, self.bytes.len())
    }

    /// Passes blanks and continued lines.
    fn blanks(&mut self) {
        loop {
            match self.peek(0) {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.peek(1) == Some(b'\n') => self.at += 2,
                _ => return,
            }
        }
    }

    /// Passes blanks, comments and line breaks, and the heredocs that follow these.
    fn lines(&mut self) -> Read<()> {
        loop {
            self.blanks();
            match self.peek(0) {
                Some(b'#') => self.comment(),
                Some(b'\n') => {
                    self.at += 1;
                    self.heredocs()?;
                }
                _ => return Some(()),
            }
        }
    }

    fn comment(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
    }

    /// The word here, if it could be one that the shell reserves.
    fn keyword(&self) -> &[u8] {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let len = rest.iter().take(10).take_while(|b| b.is_ascii_lowercase() || matches!(b, b'{' | b'}' | b'!' | b'[' | b']')).count();
        // a line that goes on does not end the word
        let joined = if rest.get(len..).is_some_and(|after| after.starts_with(b"\\\n")) { 2 } else { 0 };
        let ends = rest.get(len + joined).is_none_or(|byte| class(*byte) == Class::End);
        if ends { rest.get(..len).unwrap_or_default() } else { &[] }
    }

    /// Passes a reserved word that must stand here.
    fn expect(&mut self, word: &str) -> Read<()> {
        (self.keyword() == word.as_bytes()).then(|| self.at += word.len())
    }

    /// Passes one byte that must stand here.
    fn expect_byte(&mut self, byte: u8) -> Read<()> {
        (self.peek(0) == Some(byte)).then(|| self.at += 1)
    }

    /// Adds a group that starts at `start`, and gives its number and the context of what it holds.
    fn group(&mut self, kind: GroupKind, start: usize, place: Place, context: Context) -> Read<(usize, Context)> {
        if context.depth > MAX_DEPTH {
            return None;
        }
        let span = self.lower.map.span(start, start);
        let (words, redirects, branches) = (Vec::new(), Vec::new(), Vec::new());
        self.lower.script.groups.push(Group { span, kind, words, redirects, branches, exhaustive: false, place });
        let at = self.lower.script.groups.len() - 1;
        Some((at, Context { depth: context.depth + 1, group: Some(at), ..context }))
    }

    fn group_mut(&mut self, at: usize) -> Read<&mut Group> {
        self.lower.script.groups.get_mut(at)
    }

    fn place_mut(&mut self, element: Element) -> Read<&mut Place> {
        match element {
            Element::Command(at) => self.lower.script.commands.get_mut(at).map(|c| &mut c.place),
            Element::Group(at) => self.group_mut(at).map(|g| &mut g.place),
        }
    }

    /// Nothing of the list that ends with this follows it.
    fn runs_last(&mut self, element: Option<Element>) {
        if let Some(place) = element.and_then(|element| self.place_mut(element)) {
            place.tail = true;
        }
    }

    /// What is last in a list is last in the script only where the groups around it are.
    fn settle(&mut self) {
        let script = &mut self.lower.script;
        for at in 0..script.groups.len() {
            let Some(place) = script.groups.get(at).map(|g| g.place) else { continue };
            let settled = settled(&script.groups, place);
            if let Some(group) = script.groups.get_mut(at) {
                group.place = settled;
            }
        }
        for command in &mut script.commands {
            command.place = settled(&script.groups, command.place);
        }
    }
}

fn settled(groups: &[Group], place: Place) -> Place {
    let around = place.group.and_then(|at| groups.get(at));
    let tail = place.tail && around.is_none_or(|g| g.place.tail || matches!(g.kind, GroupKind::Function(_)));
    Place { tail, last: tail && !place.function && !place.substitution, ..place }
}
