//! The table of images that a run ends with, and the steps that took its time.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use super::progress::{seconds, short};
use super::{Built, Job, Outcome, Ran, Report};
use crate::plan::{Step, cut};

/// Steps of the critical path that are listed: those that take longest.
const LISTED: usize = 4;
/// Steps below this would be listed with no time at all.
const SHOWN: Duration = Duration::from_millis(50);
/// Columns of a line, and those that an instruction gets in any case.
const WIDTH: usize = 80;
const LEAST: usize = 24;
/// Shorter runs need no explanation.
const WORTH_TELLING: Duration = Duration::from_secs(2);

/// The table of images, for standard output; empty where none was built.
pub fn table(job: &Job<'_>, report: &Report) -> String {
    let built: Vec<(&str, usize, &Built)> = report
        .builds
        .iter()
        .filter_map(|build| match &build.outcome {
            Outcome::Built(built) => Some((build.title.as_str(), build.image, built)),
            _ => None,
        })
        .collect();
    if built.is_empty() {
        return String::new();
    }
    let predictions: Vec<Option<String>> = built.iter().map(|(_, image, _)| predicted(job, *image)).collect();
    let all = predictions.iter().any(Option::is_some);
    let mut rows = vec![["image", "digest", "time", "cached", if all { "predicted" } else { "" }].map(str::to_owned)];
    for ((title, _, built), predicted) in built.iter().zip(predictions) {
        let cached = format!("{}/{}", built.cached, built.steps);
        rows.push([(*title).to_owned(), digest(built), seconds(built.time), cached, predicted.unwrap_or_default()]);
    }
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let [a, b, c, d] = [width(0), width(1), width(2), width(3)];
    let mut out = String::new();
    for [image, digest, time, cached, predicted] in &rows {
        let line = format!("{image:<a$}  {digest:<b$}  {time:>c$}  {cached:<d$}  {predicted}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
    for pushed in built.iter().flat_map(|(_, _, built)| &built.pushed) {
        let _ = writeln!(out, "pushed {}@{}", pushed.name, pushed.digest);
    }
    critical(&mut out, job, report, &built);
    out
}

/// What went elsewhere has no digest here.
fn digest(built: &Built) -> String {
    if built.image.is_empty() { "-".to_owned() } else { short(&built.image) }
}

/// How many of an image's steps were expected in the cache: `3/5`, `3–4/5` where one depends on what another puts out.
fn predicted(job: &Job<'_>, image: usize) -> Option<String> {
    let stages = job.plan.images.get(image)?.stages.iter().filter_map(|&stage| job.plan.stages.get(stage));
    let steps: Vec<&Step> = stages.flat_map(|stage| &stage.steps).filter_map(|&step| job.plan.steps.get(step)).collect();
    let known = steps.iter().filter(|step| step.cached.is_some() || step.cause.is_some()).count();
    if known == 0 {
        return None;
    }
    let hits = steps.iter().filter(|step| step.cached == Some(true)).count();
    let open = steps.iter().filter(|step| step.cached.is_none()).count();
    let range = if open > 0 { format!("{hits}–{}", hits + open) } else { hits.to_string() };
    Some(format!("{range}/{}", steps.len()))
}

/// What kept the run from being shorter: no number of builders makes it faster than its longest chain of steps.
fn critical(out: &mut String, job: &Job<'_>, report: &Report, built: &[(&str, usize, &Built)]) {
    let mut times: BTreeMap<usize, Duration> = BTreeMap::new();
    for (step, ran) in built.iter().flat_map(|(_, _, built)| &built.ran) {
        if let Ran::Executed(time) = ran {
            let slot = times.entry(*step).or_default();
            *slot = (*slot).max(*time);
        }
    }
    let time = |step: usize| times.get(&step).copied().unwrap_or_default();
    let path = job.plan.longest(|step| u64::try_from(time(step).as_micros()).unwrap_or(u64::MAX >> 16));
    let whole: Duration = path.iter().map(|&step| time(step)).sum();
    if report.time < WORTH_TELLING || whole.is_zero() {
        return;
    }
    let _ = writeln!(out, "\n{} in all; no run is shorter than its longest chain of steps, {}:", seconds(report.time), seconds(whole));
    let mut longest: Vec<usize> = path.iter().copied().filter(|&step| time(step) >= SHOWN).collect();
    longest.sort_by_key(|&step| std::cmp::Reverse(time(step)));
    longest.truncate(LISTED);
    for step in path.into_iter().filter(|step| longest.contains(step)) {
        let Some(Step { span, instruction, .. }) = job.plan.steps.get(step) else { continue };
        let text = instruction.split_whitespace().collect::<Vec<_>>().join(" ");
        let head = format!("  {:>6}  {}:{}  ", seconds(time(step)), job.sources.path(span.file), job.sources.line(*span));
        let room = WIDTH.saturating_sub(head.chars().count()).max(LEAST);
        let _ = writeln!(out, "{head}{}", cut(&text, room));
    }
}
