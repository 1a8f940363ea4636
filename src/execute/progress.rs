//! What a run shows while it goes on: a line a build on a terminal, lines as they come elsewhere, or JSON.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;

use super::nodes::Node;
use super::{Event, Job, Outcome};
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
    bars: MultiProgress,
    /// Columns for the names of the builds.
    width: usize,
}

struct Row {
    title: String,
    file: String,
    started: Instant,
    step: String,
    at: String,
    bar: Option<ProgressBar>,
}

impl Progress {
    pub(super) fn new(job: &Job<'_>, nodes: &[Node]) -> Progress {
        let now = Instant::now();
        let row = |node: &Node| {
            let file = job.plan.images.get(node.image).map_or_else(String::new, |image| image.dockerfile.clone());
            Row { title: node.title.clone(), file, started: now, step: String::new(), at: String::new(), bar: None }
        };
        let width = nodes.iter().map(|node| node.title.chars().count()).max().unwrap_or(0).clamp(8, 26);
        let rows = nodes.iter().map(row).collect();
        Progress { style: job.options.style, started: now, rows, bars: MultiProgress::new(), width }
    }

    pub(super) fn show(&mut self, event: &Event) {
        match self.style {
            Style::Quiet => {}
            Style::Plain => self.plain(event),
            Style::Tty => self.tty(event),
            Style::Json => self.json(event),
        }
    }

    pub(super) fn finish(&mut self) {
        for row in &mut self.rows {
            if let Some(bar) = row.bar.take() {
                bar.finish_and_clear();
            }
        }
    }

    fn plain(&mut self, event: &Event) {
        let Some(row) = self.rows.get_mut(node_of(event)) else { return };
        let line = match event {
            Event::Started { .. } => {
                row.started = Instant::now();
                return;
            }
            Event::Sent { sent, .. } if sent.bytes < 1_000_000 => return,
            Event::Sent { sent, .. } => format!("context: {} files, {}", sent.files, size(sent.bytes)),
            Event::Step { number, of, line, text, .. } => {
                row.step.clone_from(text);
                row.at = line.map(|line| format!("{}:{line} ", row.file)).unwrap_or_default();
                format!("[{number}/{of}] {}{text}", row.at)
            }
            Event::Cached { .. } => "CACHED".to_owned(),
            Event::Log { text, .. } => format!("{:.1} {text}", row.started.elapsed().as_secs_f64()),
            Event::Ended { outcome, .. } => outcome_line(outcome),
        };
        say(&format!("{} | {line}", row.title));
    }

    fn json(&mut self, event: &Event) {
        let Some(row) = self.rows.get(node_of(event)) else { return };
        let time = (self.started.elapsed().as_secs_f64() * 1000.0).round() / 1000.0;
        let mut value = json!({"time": time, "build": row.title});
        let more = match event {
            Event::Started { .. } => json!({"event": "started"}),
            Event::Sent { sent, .. } => json!({"event": "context", "files": sent.files, "bytes": sent.bytes}),
            Event::Step { number, of, line, text, .. } => {
                json!({"event": "step", "number": number, "of": of, "file": row.file, "line": line, "instruction": text})
            }
            Event::Cached { .. } => json!({"event": "cached"}),
            Event::Log { text, .. } => json!({"event": "log", "text": text}),
            Event::Ended { outcome, .. } => ended(outcome),
        };
        if let (Some(value), serde_json::Value::Object(more)) = (value.as_object_mut(), more) {
            value.extend(more);
        }
        say(&value.to_string());
    }

    fn tty(&mut self, event: &Event) {
        let (bars, width) = (self.bars.clone(), self.width);
        let Some(row) = self.rows.get_mut(node_of(event)) else { return };
        match event {
            Event::Started { .. } => {
                let bar = bars.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template(&format!(" {{spinner}} {{prefix:{width}!}}  {{wide_msg}} {{elapsed:>5}}")) {
                    bar.set_style(style);
                }
                bar.set_prefix(row.title.clone());
                bar.set_message("sending the context");
                bar.enable_steady_tick(Duration::from_millis(120));
                row.bar = Some(bar);
            }
            Event::Step { number, of, text, .. } => {
                row.step = format!("{number}/{of} {text}");
                row.message("");
            }
            Event::Log { text, .. } => row.message(text.trim()),
            Event::Ended { outcome, .. } => {
                if let Some(bar) = row.bar.take() {
                    bar.finish_and_clear();
                }
                let mark = if matches!(outcome, Outcome::Built(_)) { '✔' } else { '✘' };
                let _ = bars.println(format!(" {mark} {:<width$}  {}", row.title, outcome_line(outcome)));
            }
            Event::Sent { .. } | Event::Cached { .. } => {}
        }
    }
}

impl Row {
    fn message(&self, log: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(if log.is_empty() { self.step.clone() } else { format!("{} · {log}", self.step) });
        }
    }
}

fn node_of(event: &Event) -> usize {
    match event {
        Event::Started { node }
        | Event::Sent { node, .. }
        | Event::Step { node, .. }
        | Event::Cached { node }
        | Event::Log { node, .. }
        | Event::Ended { node, .. } => *node,
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
