//! Groups, loops and conditions.

use super::{Class, Element, List, Read, Reader, class};
use crate::syntax::shell::lower::Context;
use crate::syntax::shell::model::{Branch, GroupKind, Place, Word};

impl Reader<'_, '_> {
    pub(super) fn subshell(&mut self, place: Place, context: Context) -> Read<Element> {
        let start = self.at;
        if self.peek(1) == Some(b'(') {
            return None;
        }
        let (group, inner) = self.group(GroupKind::Subshell, start, place, context)?;
        self.at += 1;
        let list = self.full_list(Context { subshell: true, ..inner })?;
        self.runs_last(list.last);
        self.expect_byte(b')')?;
        self.end(group, start, context)
    }

    pub(super) fn brace_group(&mut self, place: Place, context: Context) -> Read<Element> {
        let start = self.at;
        let (group, inner) = self.group(GroupKind::Brace, start, place, context)?;
        self.at += 1;
        let list = self.full_list(inner)?;
        self.runs_last(list.last);
        self.expect("}")?;
        self.end(group, start, context)
    }

    /// `if`.
    pub(super) fn branches(&mut self, place: Place, context: Context) -> Read<Element> {
        let start = self.at;
        let (group, inner) = self.group(GroupKind::If, start, place, context)?;
        let (test, branch) = split(inner);
        self.expect("if")?;
        loop {
            let condition = self.full_list(test)?;
            self.expect("then")?;
            let body = self.full_list(branch)?;
            self.branch(group, Vec::new(), Some(condition), body)?;
            match self.keyword() {
                b"elif" => self.at += 4,
                b"else" => {
                    self.at += 4;
                    let body = self.full_list(branch)?;
                    self.branch(group, Vec::new(), None, body)?;
                    self.group_mut(group)?.exhaustive = true;
                    break;
                }
                _ => break,
            }
        }
        self.expect("fi")?;
        self.end(group, start, context)
    }

    /// A branch, after which nothing of its group runs.
    fn branch(&mut self, group: usize, patterns: Vec<String>, condition: Option<List>, body: List) -> Read<()> {
        self.runs_last(body.last);
        let condition = condition.map(|list| self.span(list.start, list.end));
        let body = self.span(body.start, body.end);
        self.group_mut(group)?.branches.push(Branch { patterns, condition, body });
        Some(())
    }

    /// `while` and `until`.
    pub(super) fn repeated(&mut self, place: Place, context: Context) -> Read<Element> {
        let start = self.at;
        let (group, inner) = self.group(GroupKind::Loop, start, place, context)?;
        let (test, branch) = split(inner);
        self.at += b"while".len();
        self.full_list(test)?;
        self.expect("do")?;
        self.full_list(branch)?;
        self.expect("done")?;
        self.end(group, start, context)
    }

    /// `for`.
    pub(super) fn each(&mut self, place: Place, context: Context) -> Read<Element> {
        let start = self.at;
        self.at += b"for".len();
        self.blanks();
        let from = self.at;
        while self.peek(0).is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_') {
            self.at += 1;
        }
        let name = self.lower.raw(from, self.at).to_owned();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let (group, inner) = self.group(GroupKind::For(name), start, place, context)?;
        self.blanks();
        if self.keyword() == b"in" {
            self.at += 2;
            let words = self.words(inner)?;
            self.group_mut(group)?.words = words;
        }
        self.blanks();
        if self.peek(0) == Some(b';') {
            self.at += 1;
        }
        self.lines()?;
        self.expect("do")?;
        self.full_list(Context { conditional: true, condition: false, ..inner })?;
        self.expect("done")?;
        self.end(group, start, context)
    }

    /// Words up to the end of the line or a semicolon.
    fn words(&mut self, context: Context) -> Read<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.blanks();
            match self.peek(0)? {
                b';' | b'\n' => return Some(words),
                b'#' => self.comment(),
                byte if class(byte) == Class::End => return None,
                _ => words.push(self.word(context)?),
            }
        }
    }

    pub(super) fn case(&mut self, place: Place, context: Context) -> Read<Element> {
        let start = self.at;
        let (group, inner) = self.group(GroupKind::Case, start, place, context)?;
        self.at += b"case".len();
        self.blanks();
        let word = self.word(inner)?;
        self.group_mut(group)?.words = vec![word];
        self.lines()?;
        self.expect("in")?;
        loop {
            self.lines()?;
            if self.keyword() == b"esac" {
                break;
            }
            self.item(group, inner)?;
        }
        self.expect("esac")?;
        self.end(group, start, context)
    }

    fn item(&mut self, group: usize, inner: Context) -> Read<()> {
        let patterns = self.patterns()?;
        if patterns.iter().any(|p| p == "*") {
            self.group_mut(group)?.exhaustive = true;
        }
        let mut list = self.list(Context { conditional: true, condition: false, ..inner })?;
        match (self.peek(0), self.peek(1), self.peek(2)) {
            (Some(b';'), Some(b';'), next) if next != Some(b'&') => self.at += 2,
            (Some(b';'), ..) => return None,
            _ if self.keyword() != b"esac" => return None,
            _ => {}
        }
        if list.last.is_none() {
            list.end = list.start;
        }
        self.branch(group, patterns, None, list)
    }

    /// The patterns of an item, and what closes them.
    fn patterns(&mut self) -> Read<Vec<String>> {
        if self.peek(0) == Some(b'(') {
            self.at += 1;
        }
        self.blanks();
        let (mut patterns, mut from, mut blank) = (Vec::new(), self.at, None);
        loop {
            match self.peek(0)? {
                b'\\' if self.peek(1) == Some(b'\n') => return None,
                b'\\' => self.at += 2,
                quote @ (b'\'' | b'"') => {
                    let rest = self.bytes.get(self.at + 1..)?;
                    let len = rest.iter().position(|b| *b == quote)?;
                    if quote == b'"' && rest.get(..len)?.contains(&b'\\') {
                        return None;
                    }
                    self.at += len + 2;
                }
                b'\n' | b'(' | b'`' | b';' | b'&' | b'<' | b'>' | b'#' => return None,
                byte @ (b'|' | b')') => {
                    let pattern = self.lower.raw(from, self.at).trim();
                    if pattern.is_empty() || blank.is_some_and(|at| at < from + pattern.len()) {
                        return None;
                    }
                    patterns.push(pattern.to_owned());
                    self.at += 1;
                    self.blanks();
                    (from, blank) = (self.at, None);
                    if byte == b')' {
                        return Some(patterns);
                    }
                }
                byte => {
                    if matches!(byte, b' ' | b'\t') {
                        blank = blank.or(Some(self.at));
                    }
                    self.at += 1;
                }
            }
        }
    }

    /// The end of a compound command, and its redirections.
    fn end(&mut self, group: usize, start: usize, context: Context) -> Read<Element> {
        self.close(group, start)?;
        let heredocs = self.pending.len();
        loop {
            self.blanks();
            if !self.redirects() {
                break;
            }
            let number = self.group_mut(group)?.redirects.len();
            let redirect = self.redirect(number, context)?;
            self.group_mut(group)?.redirects.push(redirect);
        }
        self.own_heredocs(heredocs, Element::Group(group));
        Some(Element::Group(group))
    }
}

/// The contexts of a condition and of what it guards.
fn split(inner: Context) -> (Context, Context) {
    (Context { condition: true, ..inner }, Context { conditional: true, condition: false, ..inner })
}
