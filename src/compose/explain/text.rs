//! Explanations for people: the value, then every text that had a say, the winner last.

use std::fmt::Write;

use serde_json::Value as Json;

use super::contribution::{Contribution, Explanation, Source, Variable, VariableSource};
use crate::compose::StepKind;
use crate::source::{Sources, Span};

/// What stands in place of a value that must not be shown.
const HIDDEN: &str = "••••••";

/// A longer value is cut.
const LONGEST: usize = 100;

/// Prints explanations; `hidden` says of a key path and a value whether it is a secret.
pub fn text(all: &[Explanation], sources: &Sources, hidden: &dyn Fn(&str, &str) -> bool) -> String {
    let printer = Printer { sources, hidden };
    let mut out = String::new();
    for (i, one) in all.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        printer.one(one, &mut out);
    }
    out
}

struct Printer<'a> {
    sources: &'a Sources,
    hidden: &'a dyn Fn(&str, &str) -> bool,
}

impl Printer<'_> {
    fn one(&self, one: &Explanation, out: &mut String) {
        let gone = one.contributions.iter().all(|c| !c.wins);
        let value = if gone { "taken away".to_owned() } else { self.shown(&one.path, &one.value) };
        let _ = writeln!(out, "{}: {value}", one.path);
        let several = one.contributions.len() > 1;
        let rows: Vec<(String, String)> = one.contributions.iter().map(|c| (self.place(c), self.says(one, c, several))).collect();
        let width = rows.iter().map(|(place, _)| place.chars().count()).max().unwrap_or_default();
        for (contribution, (place, says)) in one.contributions.iter().zip(rows) {
            let line = format!("  {place:width$}  {says}");
            let _ = writeln!(out, "{}", line.trim_end());
            let secret = (self.hidden)(&one.path, &plain(&contribution.value));
            for variable in &contribution.variables {
                let _ = writeln!(out, "      {}", self.variable(variable, contribution.raw.as_deref().filter(|_| !secret)));
            }
        }
    }

    fn place(&self, contribution: &Contribution) -> String {
        match (contribution.span, contribution.source) {
            (Some(span), _) => self.at(span),
            (None, Source::CommandLine) => "the command line".to_owned(),
            (None, Source::Environment) => "the environment".to_owned(),
            (None, _) => "Compose itself".to_owned(),
        }
    }

    fn at(&self, span: Span) -> String {
        let file = self.sources.get(span.file);
        let at = file.line_column(span.start as usize);
        format!("{}:{}:{}", file.path, at.line, at.column)
    }

    /// What one text says, and how it got here.
    fn says(&self, one: &Explanation, contribution: &Contribution, several: bool) -> String {
        let mut parts = Vec::new();
        if several {
            parts.push(self.shown(&one.path, &contribution.value));
        }
        match (contribution.source, contribution.span) {
            (Source::ShortForm, Some(span)) => {
                parts.push(format!("out of {}", self.excerpt(&one.path, &one.value, span)));
            }
            (Source::Default, _) => parts.push("added where nothing else is said".to_owned()),
            _ => {}
        }
        let steps: Vec<String> = contribution.via.iter().rev().map(|(kind, span)| self.step(*kind, *span)).collect();
        parts.extend(Some(steps.join(", ")).filter(|s| !s.is_empty()));
        if let Some(by) = contribution.removed_by {
            parts.push(format!("taken away at {}", self.at(by)));
        } else if several && contribution.wins {
            parts.push("← wins".to_owned());
        }
        parts.join("  ")
    }

    fn step(&self, kind: StepKind, span: Span) -> String {
        let what = match kind {
            StepKind::Alias => format!("by `{}`", self.sources.slice(span).trim()),
            StepKind::Extends => "by `extends`".to_owned(),
            StepKind::Include => "by `include`".to_owned(),
            StepKind::EnvFile => "by `env_file`".to_owned(),
        };
        format!("{what} at {}", self.at(span))
    }

    fn variable(&self, variable: &Variable, raw: Option<&str>) -> String {
        let name = &variable.name;
        let from = match variable.from {
            VariableSource::File(span) => format!("{name} is set at {}", self.at(span)),
            VariableSource::Environment => format!("{name} is set in the environment"),
            VariableSource::Default => format!("{name} is set nowhere"),
            VariableSource::Unset => format!("{name} is set nowhere, so that nothing stands in its place"),
        };
        match raw {
            Some(raw) => format!("`{}`: {from}", cut(raw)),
            None => from,
        }
    }

    fn shown(&self, path: &str, value: &Json) -> String {
        match veiled(path, value, self.hidden, &Json::from(HIDDEN)) {
            Json::String(text) if text == HIDDEN => text,
            other => cut(&other.to_string()),
        }
    }

    fn excerpt(&self, path: &str, value: &Json, span: Span) -> String {
        match (self.hidden)(path, &plain(value)) {
            true => HIDDEN.to_owned(),
            false => format!("`{}`", cut(self.sources.slice(span))),
        }
    }
}

/// A value without its secrets, at any depth, also in `name=value`.
pub(super) fn veiled(path: &str, value: &Json, hidden: &dyn Fn(&str, &str) -> bool, veil: &Json) -> Json {
    match value {
        Json::Object(map) => map.iter().map(|(key, v)| (key.clone(), veiled(key, v, hidden, veil))).collect(),
        Json::Array(items) => items.iter().map(|v| veiled(path, v, hidden, veil)).collect(),
        _ => {
            let text = plain(value);
            let (name, inner) = text.split_once('=').unwrap_or((path, &text));
            if hidden(path, &text) || hidden(name, inner) { veil.clone() } else { value.clone() }
        }
    }
}

/// A value as a rule about secrets reads it.
pub(super) fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// On one line, and no longer than a line should be.
fn cut(text: &str) -> String {
    let mut out: String = text.chars().take(LONGEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if out.len() < text.len() && text.chars().count() > LONGEST {
        out.push('…');
    }
    out
}
