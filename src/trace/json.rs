//! A trace for tools; `docs/trace.md` describes it.

use serde::Serialize;

use super::{Executes, Kind, Layer, Trace, View};
use crate::quoting::{Arg, Flow, Mark, Outcome, Runs, Setter};
use crate::report::{Places, dots, json_document};
use crate::source::{Sources, Span};
use crate::syntax::shell::Join;

#[derive(Serialize)]
struct Document {
    version: u8,
    file: Option<String>,
    range: Option<Range>,
    subject: Option<String>,
    views: Vec<ViewOut>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct ViewOut {
    services: Vec<String>,
    layers: Vec<LayerOut>,
    runs: Vec<RunOut>,
    results: Vec<ResultOut>,
    notes: Vec<String>,
}

#[derive(Serialize)]
struct LayerOut {
    by: String,
    kind: &'static str,
    text: String,
    certain: bool,
    note: Option<String>,
    substitutions: Vec<SubstitutionOut>,
    input: Vec<InputOut>,
}

#[derive(Serialize)]
struct SubstitutionOut {
    name: String,
    written: String,
    start: usize,
    end: usize,
    file: Option<String>,
    range: Option<Range>,
    #[serde(flatten)]
    outcome: OutcomeOut,
}

#[derive(Serialize)]
struct InputOut {
    name: String,
    #[serde(flatten)]
    outcome: OutcomeOut,
}

#[derive(Serialize)]
struct OutcomeOut {
    outcome: &'static str,
    value: Option<String>,
    reason: Option<String>,
    set_by: Option<SetterOut>,
}

#[derive(Serialize)]
struct SetterOut {
    what: String,
    file: Option<String>,
    range: Option<Range>,
}

#[derive(Serialize)]
struct RunOut {
    argv: Vec<WordOut>,
    redirects: Vec<RedirectOut>,
    when: &'static str,
    join: &'static str,
    substitution: bool,
    file: Option<String>,
    range: Option<Range>,
}

#[derive(Serialize)]
struct WordOut {
    text: String,
    known: bool,
}

#[derive(Serialize)]
struct RedirectOut {
    operator: String,
    target: WordOut,
}

#[derive(Serialize)]
struct ResultOut {
    name: String,
    value: String,
    known: bool,
}

#[derive(Serialize)]
struct Range {
    start: Point,
    end: Point,
}

#[derive(Serialize)]
struct Point {
    line: usize,
    column: usize,
    offset: usize,
}

/// Prints a trace as JSON.
pub fn json(trace: &Trace, sources: &Sources) -> String {
    let out = Out { sources, places: Places::new(sources) };
    let nothing = trace.subject.is_empty();
    let (file, range) = out.place(Some(trace.span).filter(|_| !sources.is_empty()));
    let document = Document {
        version: 1,
        file,
        range,
        subject: (!nothing).then(|| trace.subject.clone()),
        views: trace.views.iter().map(|v| out.view(v)).collect(),
        notes: trace.notes.clone(),
    };
    json_document(&document)
}

struct Out<'a> {
    sources: &'a Sources,
    places: Places<'a>,
}

impl Out<'_> {
    fn place(&self, span: Option<Span>) -> (Option<String>, Option<Range>) {
        let Some(span) = span.filter(|s| (s.file.0 as usize) < self.sources.len()) else { return (None, None) };
        let point = |offset: usize| {
            let place = self.places.at(span.file, offset);
            Point { line: place.line, column: place.column, offset: place.offset }
        };
        let range = Range { start: point(span.start as usize), end: point(span.end as usize) };
        (Some(self.sources.path(span.file).to_owned()), Some(range))
    }

    fn view(&self, view: &View) -> ViewOut {
        ViewOut {
            services: view.services.clone(),
            layers: view.layers.iter().map(|l| self.layer(l)).collect(),
            runs: view.runs.iter().map(|r| self.run(r)).collect(),
            results: view
                .results
                .iter()
                .map(|(name, value)| ResultOut { name: name.clone(), value: shown(value), known: value.is_known() })
                .collect(),
            notes: view.notes.clone(),
        }
    }

    fn layer(&self, layer: &Layer) -> LayerOut {
        let kind = match layer.kind {
            Kind::Compose => "compose",
            Kind::Words => "words",
            Kind::Dockerfile => "dockerfile",
            Kind::Shell => "shell",
            Kind::Envsubst => "envsubst",
            Kind::Prints => "prints",
            Kind::Own => "own",
        };
        LayerOut {
            by: layer.by.clone(),
            kind,
            text: shown(&layer.text),
            certain: !layer.uncertain,
            note: layer.note.clone(),
            substitutions: layer.marks.iter().map(|m| self.substitution(layer, m)).collect(),
            input: layer.input.iter().map(|(name, o)| InputOut { name: name.clone(), outcome: self.outcome(o) }).collect(),
        }
    }

    fn substitution(&self, layer: &Layer, mark: &Mark) -> SubstitutionOut {
        let (file, range) = self.place(Some(layer.text.span_of(mark.range.clone())));
        let before = layer.text.slice(0..mark.range.start);
        let written = layer.text.slice(mark.range.clone());
        let start = shown(&before).chars().count();
        let written = shown(&written);
        let end = start + written.chars().count();
        SubstitutionOut { name: mark.name.clone(), written, start, end, file, range, outcome: self.outcome(&mark.outcome) }
    }

    fn outcome(&self, outcome: &Outcome) -> OutcomeOut {
        let plain = |outcome, reason: Option<&str>| OutcomeOut { outcome, value: None, reason: reason.map(str::to_owned), set_by: None };
        match outcome {
            Outcome::Known { value, set_by } => OutcomeOut {
                outcome: if value.is_known() { "value" } else { "unknown" },
                value: Some(shown(value)),
                reason: None,
                set_by: set_by.as_ref().map(|s| self.setter(s)),
            },
            Outcome::Empty => plain("empty", None),
            Outcome::Unknown(why) => plain("unknown", Some(why)),
            Outcome::Stays(why) => plain("stays", Some(why)),
        }
    }

    fn setter(&self, setter: &Setter) -> SetterOut {
        let (file, range) = self.place(setter.span);
        SetterOut { what: setter.what.clone(), file, range }
    }

    fn run(&self, run: &Executes) -> RunOut {
        let (file, range) = self.place(Some(run.span));
        let when = match run.runs {
            Runs::Always => "always",
            Runs::OnSuccess => "on-success",
            Runs::Perhaps => "perhaps",
            Runs::Never => "never",
        };
        let join = match run.join {
            Join::First => "first",
            Join::Then => "then",
            Join::And => "and",
            Join::Or => "or",
            Join::Background => "background",
            Join::Pipe => "pipe",
        };
        let redirects = run.redirects.iter().map(|(operator, target)| RedirectOut { operator: operator.clone(), target: word(target) });
        RunOut {
            argv: run.argv.iter().map(word).collect(),
            redirects: redirects.collect(),
            when,
            join,
            substitution: run.substitution,
            file,
            range,
        }
    }
}

fn word(arg: &Arg) -> WordOut {
    WordOut { text: shown(&arg.text), known: arg.known().is_some() }
}

/// A text with secrets as dots.
fn shown(flow: &Flow) -> String {
    let mut out = String::new();
    for (range, part) in flow.parts() {
        let text = flow.text().get(range).unwrap_or_default();
        if part.secret { out.push_str(&dots(text)) } else { out.push_str(text) }
    }
    out
}
