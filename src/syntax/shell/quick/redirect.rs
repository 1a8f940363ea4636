//! Redirections and heredocs.

use super::{Class, Element, Read, Reader, class};
use crate::syntax::shell::lower::Context;
use crate::syntax::shell::model::{PieceKind, Quote, Redirect};

/// A heredoc whose body is still to come.
pub(super) struct Pending {
    owner: Option<Element>,
    redirect: usize,
    delimiter: String,
    strip_tabs: bool,
    expand: bool,
    context: Context,
}

/// Operators, longest first.
const OPERATORS: [&str; 11] = ["&>>", "<<<", "<<-", "&>", ">>", ">|", "<>", "<<", ">&", "<&", "<"];

impl Reader<'_, '_> {
    /// Whether a redirection starts here: an operator, or a descriptor right before one.
    pub(super) fn redirects(&self) -> bool {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
        match (rest.get(digits), rest.get(digits + 1)) {
            (Some(b'<' | b'>'), next) => next != Some(&b'('),
            (Some(b'&'), Some(b'>')) => digits == 0,
            _ => false,
        }
    }

    /// The redirection here, the `number`th of its command.
    pub(super) fn redirect(&mut self, number: usize, context: Context) -> Read<Redirect> {
        let start = self.at;
        while self.peek(0).is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        let fd = match self.lower.raw(start, self.at) {
            "" => None,
            digits => Some(digits.parse().ok().filter(|fd: &u32| *fd < 256)?),
        };
        let rest = self.rest();
        let operator = OPERATORS.into_iter().find(|o| rest.starts_with(o)).unwrap_or(">");
        self.at += operator.len();
        self.blanks();
        let from = self.at;
        if self.peek(0).is_none_or(|b| class(b) == Class::End || b == b'#') && !self.is_process() {
            return None;
        }
        let target = self.word(context)?;
        let text = self.lower.raw(from, self.at);
        // a number right before an operator is the descriptor of the next one
        if matches!(self.peek(0), Some(b'<' | b'>')) && text.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        match operator {
            ">&" | "<&" if !(text == "-" || text.bytes().all(|b| b.is_ascii_digit())) || from != start + self.digits(start) + 2 => {
                return None;
            }
            "<<" | "<<-" => self.heredoc(operator, &target.pieces, number, context)?,
            _ => {}
        }
        let span = self.span(start, self.at);
        Some(Redirect { span, operator, fd, target: Some(target), heredoc: None })
    }

    fn digits(&self, start: usize) -> usize {
        self.bytes.get(start..).unwrap_or_default().iter().take_while(|b| b.is_ascii_digit()).count()
    }

    fn heredoc(&mut self, operator: &str, delimiter: &[crate::syntax::shell::model::Piece], redirect: usize, context: Context) -> Read<()> {
        let mut text = String::new();
        let mut quoted = false;
        for piece in delimiter {
            let PieceKind::Literal(part) = &piece.kind else { return None };
            quoted |= piece.quote != Quote::None || piece.span.len() != part.len();
            text.push_str(part);
        }
        if text.is_empty() || text.contains('\n') {
            return None;
        }
        self.pending.push(Pending { owner: None, redirect, delimiter: text, strip_tabs: operator == "<<-", expand: !quoted, context });
        Some(())
    }

    /// The heredocs from the `from`th on belong to this.
    pub(super) fn own_heredocs(&mut self, from: usize, owner: Element) {
        for pending in self.pending.iter_mut().skip(from) {
            pending.owner = Some(owner);
        }
    }

    /// Reads the bodies that follow a line break.
    pub(super) fn heredocs(&mut self) -> Read<()> {
        for pending in std::mem::take(&mut self.pending) {
            let start = self.at;
            let end = self.body_end(&pending)?;
            let after = self.at;
            let body = self.lower.heredoc_body(start, end, pending.expand, pending.strip_tabs);
            if pending.expand {
                self.inside(start, end, pending.context, false)?;
            }
            self.at = after;
            let redirects = match pending.owner? {
                Element::Command(at) => &mut self.lower.script.commands.get_mut(at)?.redirects,
                Element::Group(at) => &mut self.lower.script.groups.get_mut(at)?.redirects,
            };
            redirects.get_mut(pending.redirect)?.heredoc = Some(Box::new(body));
            self.bodies = after;
        }
        Some(())
    }

    /// Passes a body and its last line.
    fn body_end(&mut self, pending: &Pending) -> Read<usize> {
        loop {
            let start = self.at;
            let rest = self.bytes.get(start..).filter(|rest| !rest.is_empty())?;
            let len = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            let line = self.lower.raw(start, start + len);
            let line = if pending.strip_tabs { line.trim_start_matches('\t') } else { line };
            self.at = self.bytes.len().min(start + len + 1);
            if line == pending.delimiter {
                return Some(start);
            }
        }
    }
}
