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

/// Columns for a step that prints something.
const STEP: usize = 34;

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
    /// The line above all others on a terminal.
    head: Option<ProgressBar>,
    /// Steps that ended, and those of them found in the cache.
    counts: (usize, usize),
    /// Builds that ended well.
    ended: usize,
    /// Columns for the names of the builds.
    width: usize,
}

struct Row {
    title: String,
    file: String,
}

/// A step that was told of before; whichever build tells of it, it is shown once.
struct Shown {
    number: usize,
    build: usize,
    began: Instant,
    ended: bool,
    /// Its line on a terminal, and the name in it.
    bar: Option<ProgressBar>,
    name: String,
}

impl Progress {
    pub(super) fn new(job: &Job<'_>, nodes: &[Node]) -> Progress {
        let row = |node: &Node| {
            let file = job.plan.images.get(node.image).map_or_else(String::new, |image| image.dockerfile.clone());
            Row { title: node.title.clone(), file }
        };
        let width = nodes.iter().map(|node| node.title.chars().count()).max().unwrap_or(0).clamp(8, 26);
        Progress {
            style: job.options.style,
            started: Instant::now(),
            rows: nodes.iter().map(row).collect(),
            steps: BTreeMap::new(),
            last: 0,
            bars: MultiProgress::new(),
            head: None,
            counts: (0, 0),
            ended: 0,
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
        let bars = self.steps.values_mut().filter_map(|shown| shown.bar.take());
        bars.chain(self.head.take()).for_each(|bar| bar.finish_and_clear());
    }

    /// The number of a step; a step that another build has told of is that build's.
    fn number(&mut self, id: &Arc<str>, build: usize) -> usize {
        let next = self.steps.len() + 1;
        let new = || Shown { number: next, build, began: Instant::now(), ended: false, bar: None, name: String::new() };
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
            What::Started => {}
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
        if !self.is_news(event) {
            return;
        }
        match &event.what {
            What::Started => self.head(),
            What::Step(step) if step.state == StepState::Running => self.open_line(event.node, step),
            What::Step(step) => {
                if let Some(bar) = self.steps.get_mut(&step.id).and_then(|shown| shown.bar.take()) {
                    bar.finish_and_clear();
                }
                let works = step.instruction.as_ref().is_some_and(|text| !text.starts_with("FROM "));
                self.counts.0 += usize::from(works);
                self.counts.1 += usize::from(works && step.state == StepState::Cached);
                self.head();
            }
            What::Log { step, text } | What::Note { step, text } => {
                if let Some(Shown { bar: Some(bar), name, .. }) = self.steps.get(step) {
                    bar.set_message(format!("{}  {}", column(name), text.trim()));
                }
            }
            What::Ended(outcome) => {
                let mark = if matches!(outcome, Outcome::Built(_)) { '✔' } else { '✘' };
                let (title, width) = (self.rows.get(event.node).map_or("", |row| row.title.as_str()), self.width);
                let _ = self.bars.println(format!(" {mark} {title:<width$}  {}", outcome_line(outcome)));
                self.ended += usize::from(matches!(outcome, Outcome::Built(_)));
                self.head();
            }
        }
    }

    /// The first line: how far the whole is.
    fn head(&mut self) {
        let bar = self.head.get_or_insert_with(|| {
            let bar = self.bars.insert(0, ProgressBar::new_spinner());
            if let Ok(style) = ProgressStyle::with_template("[+] {msg} · {elapsed}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(500));
            bar
        });
        let (steps, cached) = self.counts;
        let images = if self.rows.len() == 1 { "image" } else { "images" };
        bar.set_message(format!("{}/{} {images} · {steps} steps, {cached} of them cached", self.ended, self.rows.len()));
    }

    /// A line for a step that runs.
    fn open_line(&mut self, node: usize, step: &StepEvent) {
        let title = self.rows.get(node).map_or("", |row| row.title.as_str());
        let bar = self.bars.add(ProgressBar::new_spinner());
        let width = self.width;
        if let Ok(style) = ProgressStyle::with_template(&format!(" {{spinner}} {{prefix:{width}!}}  {{wide_msg}} {{elapsed:>5}}")) {
            bar.set_style(style);
        }
        bar.set_prefix(title.to_owned());
        let name = step.instruction.as_deref().unwrap_or(&step.name).split_whitespace().collect::<Vec<_>>().join(" ");
        bar.set_message(name.clone());
        bar.enable_steady_tick(Duration::from_millis(120));
        if let Some(shown) = self.steps.get_mut(&step.id) {
            (shown.bar, shown.name) = (Some(bar), name);
        }
    }
}

/// A step's name in a column of its own, so that what it prints has room beside it.
fn column(name: &str) -> String {
    if name.chars().count() <= STEP {
        return format!("{name:<STEP$}");
    }
    name.chars().take(STEP - 1).chain(['…']).collect()
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

fn outcome_line(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Built(built) => {
            let sent = if built.sent.bytes >= 1_000_000 { format!(", {} sent", size(built.sent.bytes)) } else { String::new() };
            let digest = if built.image.is_empty() { String::new() } else { format!("{} ", short(&built.image)) };
            format!("{digest}{} {}/{} cached{sent}", seconds(built.time), built.cached, built.steps)
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
            "steps": built.steps, "cached": built.cached, "sent_files": built.sent.files, "sent_bytes": built.sent.bytes,
            "pushed": built.pushed.iter().map(|pushed| json!({"name": pushed.name, "digest": pushed.digest})).collect::<Vec<_>>(),
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
