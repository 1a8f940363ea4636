//! What a run ends with: the failures with their place in the Dockerfile, and a table of the images.

use std::fmt::Write;

use super::progress::{seconds, short};
use super::{Build, Failure, Job, Outcome, Report};

/// The failures, and what became of the rest, for standard error. Empty where everything was built.
pub fn failures(job: &Job<'_>, report: &Report) -> String {
    let mut out = String::new();
    for build in &report.builds {
        if let Outcome::Failed(failure) = &build.outcome {
            out.push('\n');
            failure_text(&mut out, job, build, failure);
        }
    }
    if report.complete() {
        return out;
    }
    let names = |wanted: &dyn Fn(&Outcome) -> Option<String>| {
        let named = report.builds.iter().filter_map(|build| Some(format!("{}{}", build.title, wanted(&build.outcome)?)));
        let all: Vec<String> = named.collect();
        if all.is_empty() { None } else { Some(all.join(", ")) }
    };
    let plain = |yes: bool| yes.then(String::new);
    let lists = [
        ("built", names(&|o| plain(matches!(o, Outcome::Built(_))))),
        ("failed", names(&|o| plain(matches!(o, Outcome::Failed(_))))),
        ("cancelled", names(&|o| plain(matches!(o, Outcome::Cancelled)))),
        ("skipped", names(&|o| if let Outcome::Skipped { because } = o { Some(format!(" (needs {because})")) } else { None })),
    ];
    let said: Vec<String> = lists.into_iter().filter_map(|(word, names)| Some(format!("{word}: {}", names?))).collect();
    let _ = writeln!(out, "\n{}", said.join(" · "));
    out
}

fn failure_text(out: &mut String, job: &Job<'_>, build: &Build, failure: &Failure) {
    let title = &build.title;
    let unit = job.plan.images.get(build.image).and_then(|image| job.input.dockerfiles.get(image.unit));
    let (Some(unit), Some(line)) = (unit, failure.line) else {
        let _ = writeln!(out, "× {title}: {}", failure.message);
        tail(out, failure);
        return;
    };
    let _ = writeln!(out, "× {title} fails at {}:{line}: {}", unit.path, failure.message);
    let file = job.sources.get(unit.file);
    let spans = unit.ast.instructions().map(|(_, instruction)| instruction.span);
    let last =
        spans.filter(|span| file.line_of(span.start as usize) == line).map(|span| file.line_of(span.end.saturating_sub(1) as usize)).max();
    let last = last.unwrap_or(line).max(line);
    for number in line.saturating_sub(2).max(1)..=(last + 1).min(file.line_count()) {
        let mark = if (line..=last).contains(&number) { '>' } else { ' ' };
        let _ = writeln!(out, " {mark}{number:>4} │ {}", file.line_text(number));
    }
    tail(out, failure);
}

fn tail(out: &mut String, failure: &Failure) {
    if !failure.output.is_empty() {
        let _ = writeln!(out, "\n  its last lines:");
    }
    for line in &failure.output {
        let _ = writeln!(out, "  {line}");
    }
    if let Some(help) = &failure.help {
        let _ = writeln!(out, "  help: {help}");
    }
}

/// The digests of the images, one a line, for `--quiet`.
pub fn ids(report: &Report) -> String {
    let image = |build: &Build| match &build.outcome {
        Outcome::Built(built) if !build.shared => Some(format!("{}\n", built.image)),
        _ => None,
    };
    report.builds.iter().filter_map(image).collect()
}

/// What would be run, in order: wave after wave of builds.
pub fn dry_run(job: &Job<'_>) -> String {
    let nodes = super::nodes::nodes(job.plan, job.options.builder != super::Builder::Classic);
    let mut out = String::new();
    let mut done: Vec<usize> = Vec::new();
    let mut wave = 0;
    while done.len() < nodes.len() {
        let waiting = nodes.iter().enumerate().filter(|(n, _)| !done.contains(n));
        let ready: Vec<usize> = waiting.filter(|(_, node)| node.needs.iter().all(|need| done.contains(need))).map(|(n, _)| n).collect();
        if ready.is_empty() {
            break;
        }
        wave += 1;
        for node in ready.iter().filter_map(|&n| nodes.get(n)) {
            let Some(image) = job.plan.images.get(node.image) else { continue };
            let what = if node.shared {
                "shared stage, built once".to_owned()
            } else {
                format!("as {}", if image.tags.is_empty() { "an image without a name".to_owned() } else { image.tags.join(", ") })
            };
            let steps = format!("{} step{}", node.weight, if node.weight == 1 { "" } else { "s" });
            let _ = writeln!(out, "{wave}. {}: {} in {}, {steps}, {what}", node.title, image.dockerfile, image.context);
        }
        done.extend(ready);
    }
    out.push_str("\nnothing was run\n");
    out
}

/// The table of images, for standard output; empty where none was built.
pub fn table(report: &Report) -> String {
    let mut rows = vec![["image".to_owned(), "digest".to_owned(), "time".to_owned(), "cached".to_owned()]];
    for build in &report.builds {
        if let Outcome::Built(built) = &build.outcome {
            rows.push([build.title.clone(), short(&built.image), seconds(built.time), format!("{}/{}", built.cached, built.steps)]);
        }
    }
    if rows.len() == 1 {
        return String::new();
    }
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut out = String::new();
    for [image, digest, time, cached] in &rows {
        let [a, b, c] = widths;
        let _ = writeln!(out, "{image:<a$}  {digest:<b$}  {time:>c$}  {cached}");
    }
    out
}
