//! What a rule says: one plain struct, whatever the rule. Renderers know this and nothing of rules.

use crate::source::Span;

/// How bad it is. `style` never fails a run by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Layout and taste.
    Style,
    /// Worth knowing.
    Info,
    /// Will cost somebody time.
    Warning,
    /// Breaks, leaks or is never reached.
    Error,
}

impl Severity {
    /// The word that users read and write.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Style => "style",
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Severity::Style, Severity::Info, Severity::Warning, Severity::Error].into_iter().find(|s| s.name() == word)
    }
}

/// Whether a fix may be applied without a person reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Applicability {
    /// The image stays the same, or the file could not have been meant otherwise.
    Safe,
    /// Behaviour changes, as the rule says.
    Unsafe,
    /// A template to fill in.
    Manual,
}

impl Applicability {
    /// The word in the machine formats.
    pub fn name(self) -> &'static str {
        match self {
            Applicability::Safe => "safe",
            Applicability::Unsafe => "unsafe",
            Applicability::Manual => "manual",
        }
    }
}

/// One replacement of source text. An empty span inserts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What is replaced.
    pub span: Span,
    /// By what.
    pub new_text: String,
}

/// Edits that belong together, all or nothing; they may touch several files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, as a command: "copy requirements.txt first".
    pub title: String,
    /// Whether it may be applied unseen.
    pub applicability: Applicability,
    /// The edits.
    pub edits: Vec<Edit>,
}

/// A further place that belongs to a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What about it, short: "… runs this again".
    pub message: String,
}

/// A finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The rule's name.
    pub rule: &'static str,
    /// The rule's category.
    pub category: &'static str,
    /// The ids of the peer rules that would report this very finding.
    pub aliases: Vec<&'static str>,
    /// How bad.
    pub severity: Severity,
    /// One sentence: what happens to the user. May contain `code` in backquotes.
    pub message: String,
    /// The exact characters at fault.
    pub primary: Span,
    /// A short text for the primary place; empty where the message says it all.
    pub label: String,
    /// Further places, in this file or another.
    pub related: Vec<Label>,
    /// What to do.
    pub help: Option<String>,
    /// How to do it by machine.
    pub fix: Option<Fix>,
    /// Places that hold a secret's value: no output of the run shows their text, whichever finding it belongs to.
    pub masks: Vec<Span>,
}

impl Diagnostic {
    /// The same finding once its files stand behind so many others: see [`crate::source::Sources::append`].
    pub fn behind(mut self, files: u32) -> Diagnostic {
        let edits = self.fix.iter_mut().flat_map(|fix| &mut fix.edits).map(|edit| &mut edit.span);
        let labels = self.related.iter_mut().map(|label| &mut label.span);
        for span in edits.chain(labels).chain(&mut self.masks).chain([&mut self.primary]) {
            *span = span.behind(files);
        }
        self
    }
}
