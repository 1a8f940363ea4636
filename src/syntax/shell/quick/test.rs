//! `[[ … ]]`.

use super::{Class, Element, Read, Reader, class};
use crate::syntax::shell::lower::Context;
use crate::syntax::shell::model::Place;

impl Reader<'_, '_> {
    /// A command named `[[`, whose words are the operands and the operators between them.
    pub(super) fn test(&mut self, place: Place, context: Context) -> Read<Element> {
        let (at, heredocs) = (self.open(place), self.pending.len());
        let from = self.parts.begin();
        let word = self.plain(self.at, self.at + 2);
        self.parts.words.push(word);
        self.at += 2;
        self.operands(context)?;
        let word = self.plain(self.at, self.at + 2);
        self.parts.words.push(word);
        self.at += 2;
        loop {
            self.blanks();
            if !self.redirects() {
                break;
            }
            self.add_redirect(from, context)?;
        }
        self.complete(at, from, heredocs)
    }

    /// Reads up to the `]]`.
    fn operands(&mut self, context: Context) -> Read<()> {
        loop {
            self.blanks();
            while self.keyword() == b"!" {
                let word = self.plain(self.at, self.at + 1);
                self.parts.words.push(word);
                self.at += 1;
                self.blanks();
            }
            self.operand_of_test(context)?;
            self.blanks();
            match (self.peek(0)?, self.peek(1)?) {
                (b'&', b'&') | (b'|', b'|') => {
                    let word = self.plain(self.at, self.at + 2);
                    self.parts.words.push(word);
                    self.at += 2;
                    self.lines()?;
                }
                (b']', b']') => return Some(()),
                _ => return None,
            }
        }
    }

    /// `-f x`, `x`, `x == y`.
    fn operand_of_test(&mut self, context: Context) -> Read<()> {
        let start = self.at;
        let first = self.word(context)?;
        let unary = matches!(self.bytes.get(start..self.at)?, [b'-', letter] if letter.is_ascii_alphabetic());
        self.parts.words.push(first);
        self.blanks();
        if unary {
            let word = self.word(context)?;
            self.parts.words.push(word);
            return Some(());
        }
        let from = self.at;
        match self.peek(0)? {
            b']' | b'&' | b'|' => return Some(()),
            b'<' | b'>' | b'(' | b')' => return None,
            _ => {}
        }
        while self.peek(0).is_some_and(|b| class(b) != Class::End) {
            self.at += 1;
        }
        let operator = self.lower.raw(from, self.at);
        let pattern = matches!(operator, "==" | "=" | "!=");
        if operator == "=~" {
            let word = self.plain(from, self.at);
            self.parts.words.push(word);
            self.blanks();
            let word = self.regex(context)?;
            self.parts.words.push(word);
            return Some(());
        }
        if !pattern && !matches!(operator, "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" | "-nt" | "-ot" | "-ef") {
            return None;
        }
        let word = self.plain(from, self.at);
        self.parts.words.push(word);
        self.blanks();
        let from = self.at;
        let groups = self.lower.script.groups.len();
        let second = self.word(context)?;
        // what a pattern runs is not looked into by the other parser
        if pattern && groups != self.lower.script.groups.len() || self.peek(0) == Some(b'(') {
            return None;
        }
        let word = if pattern { self.plain(from, self.at) } else { second };
        self.parts.words.push(word);
        Some(())
    }
}
