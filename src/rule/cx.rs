//! What a rule is given to report with.

use std::any::Any;
use std::cell::Cell;
use std::rc::Rc;

use super::Info;
use crate::diagnostic::{Applicability, Diagnostic, Edit, Fix, Label, Severity};
use crate::source::Span;
use crate::stack::Stack;

/// The context of the rules that look at one thing, one after the other.
pub struct Cx<'a> {
    /// The stack, for whatever lies beyond what the rule was handed.
    pub stack: &'a Stack,
    /// The rule whose turn it is.
    info: Rc<Cell<&'static Info>>,
    found: Vec<Diagnostic>,
    known: Vec<Rc<dyn Any>>,
}

impl<'a> Cx<'a> {
    /// A context for one rule.
    pub(crate) fn new(stack: &'a Stack, info: &'static Info) -> Self {
        Cx::sharing(stack, &Rc::new(Cell::new(info)))
    }

    /// A context for the rules that take turns.
    pub(crate) fn sharing(stack: &'a Stack, turn: &Rc<Cell<&'static Info>>) -> Self {
        Cx { stack, info: Rc::clone(turn), found: Vec::new(), known: Vec::new() }
    }

    /// What several rules want to know of the thing that they were all handed, worked out for the first that asks.
    pub(crate) fn once<T: 'static>(&mut self, find: impl FnOnce(&'a Stack) -> T) -> Rc<T> {
        if let Some(known) = self.known.iter().find(|k| k.is::<T>()).and_then(|k| Rc::clone(k).downcast().ok()) {
            return known;
        }
        let found = Rc::new(find(self.stack));
        self.known.push(Rc::<T>::clone(&found));
        found
    }

    /// What the rule found.
    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }

    /// The text of a span.
    pub fn text(&self, span: Span) -> &'a str {
        self.stack.sources.slice(span)
    }

    /// Reports a finding; the result takes labels, help and a fix. Until [`Report::aliases`] says otherwise, the finding
    /// carries all aliases of the rule's page.
    pub fn report(&mut self, span: Span, message: impl Into<String>) -> Report<'_> {
        let (index, info) = (self.found.len(), self.info.get());
        self.found.push(Diagnostic {
            rule: info.name,
            category: info.category,
            aliases: info.aliases.clone(),
            severity: info.severity,
            message: message.into(),
            primary: span,
            label: String::new(),
            related: Vec::new(),
            help: None,
            fix: None,
            masks: Vec::new(),
        });
        Report { found: &mut self.found, index }
    }
}

/// A finding that is being written.
pub struct Report<'a> {
    found: &'a mut Vec<Diagnostic>,
    index: usize,
}

impl Report<'_> {
    fn edit(self, change: impl FnOnce(&mut Diagnostic)) -> Self {
        if let Some(diagnostic) = self.found.get_mut(self.index) {
            change(diagnostic);
        }
        self
    }

    /// A short text at the finding's own place.
    pub fn here(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.edit(|d| d.label = text)
    }

    /// A further place, with what it has to do with the finding.
    pub fn label(self, span: Span, text: impl Into<String>) -> Self {
        let message = text.into();
        self.edit(|d| d.related.push(Label { span, message }))
    }

    /// What to do.
    pub fn help(self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.edit(|d| d.help = Some(text))
    }

    /// How to do it by machine.
    pub fn fix(self, title: impl Into<String>, applicability: Applicability, edits: Vec<Edit>) -> Self {
        let title = title.into();
        self.edit(|d| d.fix = Some(Fix { title, applicability, edits }))
    }

    /// The peers' ids that would report this very finding, where not all of the page's would.
    pub fn aliases(self, aliases: &[&'static str]) -> Self {
        self.edit(|d| d.aliases = aliases.to_vec())
    }

    /// Takes ids away that would not report this finding.
    pub fn without_aliases(self, aliases: &[&str]) -> Self {
        self.edit(|d| d.aliases.retain(|a| !aliases.contains(a)))
    }

    /// Another severity than the page's.
    pub fn severity(self, severity: Severity) -> Self {
        self.edit(|d| d.severity = severity)
    }

    /// A place that holds a secret: no output shows its characters.
    pub fn mask(self, span: Span) -> Self {
        self.edit(|d| d.masks.push(span))
    }
}

/// An edit that replaces a span; an empty span inserts.
pub fn replace(span: Span, new_text: impl Into<String>) -> Edit {
    Edit { span, new_text: new_text.into() }
}
