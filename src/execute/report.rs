//! What a run ends with where not everything was built: the failures with their place in the Dockerfile.

use std::fmt::Write;

use super::excerpt::excerpt;
use super::{Build, Failure, Job, Outcome, Report};

/// The failures, and what became of the rest, for standard error, which has so many columns. Empty where everything was built.
pub fn failures(job: &Job<'_>, report: &Report, width: usize) -> String {
    let mut out = String::new();
    for build in &report.builds {
        if let Outcome::Failed(failure) = &build.outcome {
            out.push('\n');
            failure_text(&mut out, job, build, failure, width);
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
        ("failed", names(&|o| plain(matches!(o, Outcome::Failed(failure) if !failure.lost)))),
        ("not known", names(&|o| plain(matches!(o, Outcome::Failed(failure) if failure.lost)))),
        ("cancelled", names(&|o| plain(matches!(o, Outcome::Cancelled)))),
        ("skipped", names(&|o| if let Outcome::Skipped { because } = o { Some(format!(" (needs {because})")) } else { None })),
    ];
    let said: Vec<String> = lists.into_iter().filter_map(|(word, names)| Some(format!("{word}: {}", names?))).collect();
    let _ = writeln!(out, "\n{}", said.join(" · "));
    out
}

fn failure_text(out: &mut String, job: &Job<'_>, build: &Build, failure: &Failure, width: usize) {
    let title = &build.title;
    let unit = job.plan.images.get(build.image).and_then(|image| job.input.dockerfiles.get(image.unit));
    let (Some(unit), Some(line)) = (unit, failure.line) else {
        let at = failure.step.as_ref().map(|step| format!(" (at {step})")).unwrap_or_default();
        let _ = writeln!(out, "× {title}: {}{at}", failure.message);
        tail(out, failure);
        return;
    };
    let _ = writeln!(out, "× {title} fails at {}:{line}: {}", unit.path, failure.message);
    excerpt(out, unit, job.sources.get(unit.file), line, failure, width);
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
        Outcome::Built(built) if !build.shared && !built.image.is_empty() => Some(format!("{}\n", built.image)),
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
