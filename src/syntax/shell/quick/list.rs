//! Lists, pipelines and substitutions.

use super::{Element, List, MAX_DEPTH, Read, Reader};
use crate::syntax::shell::lower::Context;
use crate::syntax::shell::model::{GroupKind, Join, Place};

impl Reader<'_, '_> {
    /// Reads statements up to the end, or to what closes a list: `)`, `;;`, `}`, `fi` and the like.
    pub(super) fn list(&mut self, context: Context) -> Read<List> {
        self.lines()?;
        let mut list = List { start: self.at, end: self.at, last: None };
        let mut join = Join::First;
        while !self.closes() {
            let base = self.elements.len();
            self.and_or(join, context)?;
            list.last = self.elements.last().copied();
            list.end = self.at;
            join = self.terminator(base)?;
            self.elements.truncate(base);
            self.lines()?;
            list.end = list.end.max(self.bodies);
        }
        Some(list)
    }

    /// A list that must hold something.
    pub(super) fn full_list(&mut self, context: Context) -> Read<List> {
        self.list(context).filter(|list| list.last.is_some())
    }

    /// What ends a statement, and how the next is joined to it.
    fn terminator(&mut self, base: usize) -> Read<Join> {
        self.blanks();
        match (self.peek(0), self.peek(1)) {
            (Some(b';'), Some(b';' | b'&')) => Some(Join::Then),
            (Some(b';'), _) => {
                self.at += 1;
                Some(Join::Then)
            }
            (Some(b'&'), next) if next != Some(b'&') => {
                self.at += 1;
                for at in base..self.elements.len() {
                    let element = self.elements.get(at).copied()?;
                    self.place_mut(element)?.background = true;
                }
                Some(Join::Background)
            }
            (Some(b'\n' | b'#'), _) => Some(Join::Then),
            _ => self.closes().then_some(Join::Then),
        }
    }

    fn closes(&self) -> bool {
        match self.peek(0) {
            None | Some(b')') => true,
            Some(b';') => matches!(self.peek(1), Some(b';' | b'&')),
            Some(b'}' | b'd' | b'e' | b'f' | b't') => {
                matches!(self.keyword(), b"}" | b"then" | b"elif" | b"else" | b"fi" | b"do" | b"done" | b"esac")
            }
            Some(_) => false,
        }
    }

    /// `a && b || c`.
    fn and_or(&mut self, first: Join, context: Context) -> Read<()> {
        let mut join = first;
        loop {
            self.pipeline(join, context)?;
            self.blanks();
            join = match (self.peek(0), self.peek(1)) {
                (Some(b'&'), Some(b'&')) => Join::And,
                (Some(b'|'), Some(b'|')) => Join::Or,
                _ => return Some(()),
            };
            self.at += 2;
            self.lines()?;
        }
    }

    /// `! a | b`.
    fn pipeline(&mut self, join: Join, context: Context) -> Read<()> {
        let negated = self.keyword() == b"!";
        if negated {
            self.at += 1;
            self.blanks();
        }
        let base = self.elements.len();
        let mut place = Place { join, negated, ..context.place() };
        loop {
            let element = self.command(place, context)?;
            self.elements.push(element);
            self.blanks();
            if self.peek(0) != Some(b'|') || self.peek(1) == Some(b'|') {
                break;
            }
            self.at += if self.peek(1) == Some(b'&') { 2 } else { 1 };
            self.lines()?;
            place = Place { join: Join::Pipe, pipe_index: place.pipe_index + 1, ..place };
        }
        if place.pipe_index > 0 {
            for at in base..self.elements.len() {
                let element = self.elements.get(at).copied()?;
                self.place_mut(element)?.pipe_len = place.pipe_index + 1;
            }
        }
        Some(())
    }

    /// The commands of `$( … )`, which starts at `start`; what comes first in it stands here.
    pub(super) fn substitution(&mut self, start: usize, context: Context) -> Read<()> {
        let outer = std::mem::take(&mut self.pending);
        let group = self.substituted(start, context)?;
        self.expect_byte(b')')?;
        self.close(group, start)?;
        // a line break would bring the bodies of heredocs that were opened outside
        if !self.pending.is_empty() || !outer.is_empty() && self.lower.raw(start, self.at).contains('\n') {
            return None;
        }
        self.pending = outer;
        Some(())
    }

    /// The same for backquotes. What is escaped in them is read a second time: not here.
    pub(super) fn backquotes(&mut self, context: Context, quoted: bool) -> Read<()> {
        let start = self.at;
        let rest = self.bytes.get(start + 1..)?;
        let close = start + 1 + rest.iter().position(|b| *b == b'`')?;
        let inside = self.bytes.get(start + 1..close)?;
        if inside.iter().any(|b| matches!(b, b'\\' | b'\n') || quoted && *b == b'"') || !self.pending.is_empty() {
            return None;
        }
        let whole = self.bytes;
        self.bytes = whole.get(..close)?;
        self.at += 1;
        let group = self.substituted(start, context);
        let read_all = self.at == close;
        self.bytes = whole;
        self.at = close + 1;
        self.close(group.filter(|_| read_all)?, start)
    }

    fn substituted(&mut self, start: usize, context: Context) -> Read<usize> {
        let (group, inner) = self.group(GroupKind::Substitution, start, context.place(), context)?;
        let inner = Context { substitution: true, conditional: false, condition: false, ..inner };
        self.list(inner)?;
        Some(group)
    }

    /// A group ends here.
    pub(super) fn close(&mut self, group: usize, start: usize) -> Read<()> {
        let span = self.lower.map.span(start, self.at);
        self.group_mut(group)?.span = span;
        Some(())
    }

    /// The commands that expansions within `text[from..to]` run. Single quotes hide them, except within double quotes and heredocs.
    pub(super) fn inside(&mut self, from: usize, to: usize, context: Context, quotes: bool) -> Read<()> {
        if !self.bytes.get(from..to)?.iter().any(|b| matches!(b, b'(' | b'`')) {
            return Some(());
        }
        if context.depth > MAX_DEPTH {
            return None;
        }
        let (after, whole) = (self.at, self.bytes);
        self.bytes = whole.get(..to)?;
        self.at = from;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\\' => self.at += 2,
                b'\'' if quotes => {
                    let rest = self.bytes.get(self.at + 1..)?;
                    self.at += 2 + rest.iter().position(|b| *b == b'\'')?;
                }
                b'$' if self.peek(1) == Some(b'(') && self.peek(2) != Some(b'(') => {
                    let start = self.at;
                    self.at += 2;
                    self.substitution(start, context)?;
                }
                b'$' if self.peek(1) == Some(b'(') => self.at += 3,
                b'<' | b'>' if self.peek(1) == Some(b'(') && quotes => return None,
                b'`' => self.backquotes(context, true)?,
                _ => self.at += 1,
            }
        }
        self.bytes = whole;
        self.at = after;
        Some(())
    }
}

impl Element {
    pub(super) fn is_group(self) -> bool {
        matches!(self, Element::Group(_))
    }
}
