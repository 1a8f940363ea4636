//! What a run shows while it goes on: a line a build on a terminal, lines as they come elsewhere, or JSON.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

use super::nodes::Node;
use super::{Event, Job, Outcome, StepEvent, StepState, What};
use crate::stack::context::size;

/// How progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Not at all.
    Quiet,
    /// One line for each thing that happens.
    Plain,
    /// A line a build, in place.
    Tty,
    /// One JSON object a line.
    Json,
}

impl Style {
    /// What BUILDKIT_PROGRESS says; else in place on a terminal that can, plain elsewhere.
    pub fn auto() -> Style {
        let able = std::io::stderr().is_terminal() && std::env::var("TERM").as_deref() != Ok("dumb");
        match std::env::var("BUILDKIT_PROGRESS").as_deref() {
            Ok("plain") => Style::Plain,
            Ok("quiet") => Style::Quiet,
            Ok("rawjson") => Style::Json,
            _ if able => Style::Tty,
            _ => Style::Plain,
        }
    }
}

pub(super) struct Progress {
    style: Style,
    started: Instant,
    rows: Vec<Row>,
    steps: BTreeMap<Arc<str>, Shown>,
    /// The step that the last plain line was about.
    last: usize,
    bars: MultiProgress,
    /// Columns for the names of the builds.
    width: usize,
}

struct Row {
    title: String,
    file: String,
    bar: Option<ProgressBar>,
    step: String,
}

/// A step that was told of before; whichever build tells of it, it is shown once.
struct Shown {
    number: usize,
    build: usize,
    began: Instant,
    ended: bool,
}

impl Progress {
    pub(super) fn new(job: &Job<'_>, nodes: &[Node]) -> Progress {
        let row = |node: &Node| {
            let file = job.plan.images.get(node.image).map_or_else(String::new, |image| image.dockerfile.clone());
            Row { title: node.title.clone(), file, bar: None, step: String::new() }
        };
        let width = nodes.iter().map(|node| node.title.chars().count()).max().unwrap_or(0).clamp(8, 26);
        Progress {
            style: job.options.style,
            started: Instant::now(),
            rows: nodes.iter().map(row).collect(),
            steps: BTreeMap::new(),
            last: 0,
            bars: MultiProgress::new(),
            width,
        }
    }

    pub(super) fn show(&mut self, event: &Event) {
        match self.style {
            Style::Quiet => {}
            Style::Plain => self.plain(event),
            Style::Tty => self.tty(event),
            Style::Json => self.json(event),
        }
    }

    /// Something that is not about one build.
    pub(super) fn note(&self, text: &str) {
        match self.style {
            Style::Quiet => {}
            Style::Json => say(&json!({"event": "note", "message": text}).to_string()),
            Style::Plain | Style::Tty => say(&format!("note: {text}")),
        }
    }

    pub(super) fn finish(&mut self) {
        for row in &mut self.rows {
            if let Some(bar) = row.bar.take() {
                bar.finish_and_clear();
            }
        }
    }

    /// The number of a step; a step that another build has told of is that build's.
    fn number(&mut self, id: &Arc<str>, build: usize) -> usize {
        let next = self.steps.len() + 1;
        let new = || Shown { number: next, build, began: Instant::now(), ended: false };
        self.steps.entry(Arc::clone(id)).or_insert_with(new).number
    }

    /// Whether this is news: of the builds that share a step the first one tells of it.
    fn is_news(&mut self, event: &Event) -> bool {
        let (id, end) = match &event.what {
            What::Step(step) => (&step.id, step.state != StepState::Running),
            What::Log { step, .. } | What::Note { step, .. } => (step, false),
            _ => return true,
        };
        let known = self.steps.contains_key(id);
        self.number(id, event.node);
        let Some(shown) = self.steps.get_mut(id) else { return false };
        if shown.build != event.node || shown.ended || (known && matches!(&event.what, What::Step(step) if !end && step.id == *id)) {
            return false;
        }
        shown.ended = end;
        true
    }

    fn plain(&mut self, event: &Event) {
        if !self.is_news(event) {
            return;
        }
        let title = self.rows.get(event.node).map_or("", |row| row.title.as_str());
        match &event.what {
            What::Sent(sent) if sent.bytes >= 1_000_000 => say(&format!("{title}: context: {} files, {}", sent.files, size(sent.bytes))),
            What::Started | What::Sent(_) => {}
            What::Step(step) => self.plain_step(event.node, step),
            What::Log { step, text } => {
                let Some((number, began)) = self.steps.get(step).map(|shown| (shown.number, shown.began)) else { return };
                self.about(number);
                say(&format!("#{number} {:.3} {text}", began.elapsed().as_secs_f64()));
            }
            What::Note { step, text } => {
                let number = self.number(step, event.node);
                self.about(number);
                say(&format!("#{number} {text}"));
            }
            What::Ended(outcome) => {
                let line = format!("{title}: {}", outcome_line(outcome));
                self.about(0);
                say(&line);
            }
        }
    }

    fn plain_step(&mut self, node: usize, step: &StepEvent) {
        let number = self.number(&step.id, node);
        if self.last != number {
            self.about(number);
            let name = self.named(node, &step.name);
            say(&format!("#{number} {name}"));
        }
        match &step.state {
            StepState::Running => {}
            StepState::Cached => say(&format!("#{number} CACHED")),
            StepState::Done(time) => say(&format!("#{number} DONE {:.1}s", time.as_secs_f64())),
            StepState::Failed(error) => say(&format!("#{number} ERROR: {error}")),
            StepState::Cancelled => say(&format!("#{number} CANCELED")),
        }
    }

    /// An empty line between what is said about different steps.
    fn about(&mut self, number: usize) {
        if self.last != number {
            say("");
        }
        self.last = number;
    }

    /// A step's name; with several builds, which one it is in: `[web build 2/3] RUN make`.
    fn named(&self, node: usize, name: &str) -> String {
        match (self.rows.get(node).filter(|_| self.rows.len() > 1), name.strip_prefix('[')) {
            (Some(row), Some(rest)) => format!("[{} {rest}", row.title),
            (Some(row), None) => format!("[{}] {name}", row.title),
            (None, _) => name.to_owned(),
        }
    }

    fn json(&mut self, event: &Event) {
        if !self.is_news(event) {
            return;
        }
        let Some(row) = self.rows.get(event.node) else { return };
        let time = (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        let mut value = json!({"time": time, "build": row.title});
        let more = match &event.what {
            What::Started => json!({"event": "started"}),
            What::Sent(sent) => json!({"event": "context", "files": sent.files, "bytes": sent.bytes}),
            What::Step(step) => step_json(row, step),
            What::Log { step, text } => json!({"event": "log", "step": **step, "text": text}),
            What::Note { step, text } => json!({"event": "status", "step": **step, "text": text}),
            What::Ended(outcome) => ended(outcome),
        };
        if let (Some(value), serde_json::Value::Object(more)) = (value.as_object_mut(), more) {
            value.extend(more);
        }
        say(&value.to_string());
    }

    fn tty(&mut self, event: &Event) {
        let (bars, width) = (self.bars.clone(), self.width);
        let Some(row) = self.rows.get_mut(event.node) else { return };
        match &event.what {
            What::Started => {
                let bar = bars.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template(&format!(" {{spinner}} {{prefix:{width}!}}  {{wide_msg}} {{elapsed:>5}}")) {
                    bar.set_style(style);
                }
                bar.set_prefix(row.title.clone());
                bar.set_message("sending the context");
                bar.enable_steady_tick(Duration::from_millis(120));
                row.bar = Some(bar);
            }
            What::Step(step) if step.state == StepState::Running => {
                row.step.clone_from(&step.name);
                row.message("");
            }
            What::Log { text, .. } | What::Note { text, .. } => row.message(text.trim()),
            What::Ended(outcome) => {
                if let Some(bar) = row.bar.take() {
                    bar.finish_and_clear();
                }
                let mark = if matches!(outcome, Outcome::Built(_)) { '✔' } else { '✘' };
                let _ = bars.println(format!(" {mark} {:<width$}  {}", row.title, outcome_line(outcome)));
            }
            What::Sent(_) | What::Step(_) => {}
        }
    }
}

fn step_json(row: &Row, step: &StepEvent) -> serde_json::Value {
    match &step.state {
        StepState::Running => {
            let StepEvent { id, name, line, instruction, .. } = step;
            json!({"event": "step", "step": **id, "name": name, "file": row.file, "line": line, "instruction": instruction})
        }
        StepState::Cached => json!({"event": "cached", "step": *step.id}),
        StepState::Done(time) => json!({"event": "done", "step": *step.id, "seconds": (time.as_secs_f64() * 1000.0).round() / 1000.0}),
        StepState::Failed(error) => json!({"event": "error", "step": *step.id, "message": error}),
        StepState::Cancelled => json!({"event": "canceled", "step": *step.id}),
    }
}

impl Row {
    fn message(&self, log: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(if log.is_empty() { self.step.clone() } else { format!("{} · {log}", self.step) });
        }
    }
}

fn outcome_line(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Built(built) => {
            format!("{} {} {}/{} cached", short(&built.image), seconds(built.time), built.cached, built.steps)
        }
        Outcome::Failed(failure) => match failure.line {
            Some(line) => format!("FAILED at line {line}: {}", failure.message),
            None => format!("FAILED: {}", failure.message),
        },
        Outcome::Cancelled => "CANCELLED".to_owned(),
        Outcome::Skipped { because } => format!("SKIPPED, needs {because}"),
    }
}

fn ended(outcome: &Outcome) -> serde_json::Value {
    match outcome {
        Outcome::Built(built) => json!({
            "event": "built", "image": built.image, "seconds": (built.time.as_secs_f64() * 1000.0).round() / 1000.0,
            "steps": built.steps, "cached": built.cached,
        }),
        Outcome::Failed(failure) => json!({
            "event": "failed", "line": failure.line, "message": failure.message, "exit_code": failure.exit_code, "output": failure.output,
        }),
        Outcome::Cancelled => json!({"event": "cancelled"}),
        Outcome::Skipped { because } => json!({"event": "skipped", "because": because}),
    }
}

/// `sha256:7e18bc…`, as long as people compare.
pub(super) fn short(digest: &str) -> String {
    digest.chars().take("sha256:".len() + 12).collect()
}

/// A duration as people read it.
pub(super) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 99.95 { format!("{seconds:.1} s") } else { format!("{}m{:02}s", time.as_secs() / 60, time.as_secs() % 60) }
}

fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
