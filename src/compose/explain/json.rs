//! Explanations for programs.

use serde_json::{Value as Json, json};

use super::contribution::{Explanation, Source, VariableSource};
use super::text::{plain, veiled};
use crate::compose::StepKind;
use crate::source::{Sources, Span};

/// Prints explanations; `hidden` says of a key path and a value whether it is a secret, whose value is null here.
pub fn json(path: &str, all: &[Explanation], sources: &Sources, hidden: &dyn Fn(&str, &str) -> bool) -> String {
    let values: Vec<Json> = all.iter().map(|one| explanation(one, sources, hidden)).collect();
    format!("{:#}\n", json!({"version": 1, "path": path, "values": values}))
}

fn explanation(one: &Explanation, sources: &Sources, hidden: &dyn Fn(&str, &str) -> bool) -> Json {
    let shown = |value: &Json| veiled(&one.path, value, hidden, &Json::Null);
    let secret = one.contributions.iter().map(|c| &c.value).chain([&one.value]).any(|v| hidden(&one.path, &plain(v)));
    let contributions: Vec<Json> = one
        .contributions
        .iter()
        .map(|c| {
            json!({
                "value": shown(&c.value),
                "source": source(c.source),
                "wins": c.wins,
                "file": c.span.map(|s| sources.path(s.file)),
                "range": c.span.map(|s| range(s, sources)),
                "raw": c.raw.as_ref().filter(|_| !secret),
                "variables": c.variables.iter().map(|v| variable(&v.name, v.from, sources)).collect::<Vec<_>>(),
                "via": c.via.iter().map(|(kind, span)| place(step(*kind), *span, sources)).collect::<Vec<_>>(),
                "removed_by": c.removed_by.map(|span| json!({"file": sources.path(span.file), "range": range(span, sources)})),
            })
        })
        .collect();
    json!({"path": one.path, "value": shown(&one.value), "secret": secret, "contributions": contributions})
}

fn variable(name: &str, from: VariableSource, sources: &Sources) -> Json {
    let (source, span) = match from {
        VariableSource::File(span) => ("env-file", Some(span)),
        VariableSource::Environment => ("environment", None),
        VariableSource::Default => ("default", None),
        VariableSource::Unset => ("unset", None),
    };
    json!({"name": name, "source": source, "file": span.map(|s| sources.path(s.file)), "range": span.map(|s| range(s, sources))})
}

fn place(kind: &str, span: Span, sources: &Sources) -> Json {
    json!({"kind": kind, "file": sources.path(span.file), "range": range(span, sources)})
}

fn range(span: Span, sources: &Sources) -> Json {
    let file = sources.get(span.file);
    let position = |offset: u32| {
        let at = file.line_column(offset as usize);
        json!({"line": at.line, "column": at.column, "offset": offset})
    };
    json!({"start": position(span.start), "end": position(span.end)})
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Written => "written",
        Source::ShortForm => "short-form",
        Source::EnvFile => "env-file",
        Source::Environment => "environment",
        Source::CommandLine => "command-line",
        Source::Default => "default",
    }
}

fn step(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Alias => "alias",
        StepKind::Extends => "extends",
        StepKind::Include => "include",
        StepKind::EnvFile => "env-file",
    }
}
