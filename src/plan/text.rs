//! The plan for people: eighty columns, an image a paragraph.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Image, Plan, Stage, Step};
use crate::source::Sources;
use crate::stack::context::size;

const WIDTH: usize = 80;
const NAME: usize = 13;

/// How much a context sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextSize {
    /// Number of files.
    pub files: usize,
    /// Their size.
    pub bytes: u64,
}

/// Prints the plan; `contexts` holds what each image's context sends, by the image's place.
pub fn text(plan: &Plan, sources: &Sources, contexts: &BTreeMap<usize, ContextSize>) -> String {
    let mut out = String::new();
    let mut shown: BTreeMap<usize, &str> = BTreeMap::new();
    for (n, image) in plan.images.iter().enumerate() {
        if n > 0 {
            out.push('\n');
        }
        head(&mut out, plan, image, contexts.get(&n));
        for stage in image.stages.iter().filter_map(|&s| plan.stages.get(s)) {
            body(&mut out, plan, stage, image, sources, &mut shown);
        }
    }
    if !plan.images.is_empty() && !plan.prebuilt.is_empty() {
        out.push('\n');
    }
    let width = plan.prebuilt.iter().map(|(service, _)| length(service)).max().unwrap_or(0).max(NAME);
    for (service, image) in &plan.prebuilt {
        let _ = writeln!(out, "{service:<width$}  image: {image}, nothing to build");
    }
    summary(&mut out, plan);
    out
}

fn title(image: &Image) -> &str {
    image.tags.first().unwrap_or(&image.name)
}

fn head(out: &mut String, plan: &Plan, image: &Image, context: Option<&ContextSize>) {
    let who = match image.services.as_slice() {
        [] => String::new(),
        [one] if one == title(image) => String::new(),
        [one] => format!("for {one}"),
        all => format!("{} share it", all.join(", ")),
    };
    let target = image.target.as_ref().map(|target| format!(", stage {target}")).unwrap_or_default();
    let sent = context.map(|c| format!(", {}, {}", count(c.files, "file"), size(c.bytes))).unwrap_or_default();
    let what = format!("{}{target} · context {}{sent}", image.dockerfile, image.context);
    let name = title(image);
    let first = if who.is_empty() { name.to_owned() } else { format!("{name:<NAME$}  {who}") };
    let _ = writeln!(out, "{first}\n  {what}");
    let after: Vec<&str> = image.needs.iter().filter_map(|&n| plan.images.get(n)).map(title).collect();
    if !after.is_empty() {
        let _ = writeln!(out, "  after {}", after.join(", "));
    }
}

fn body<'a>(out: &mut String, plan: &Plan, stage: &Stage, image: &'a Image, sources: &Sources, shown: &mut BTreeMap<usize, &'a str>) {
    let name = stage.name.as_ref().map(|name| format!(" AS {name}")).unwrap_or_default();
    let from = format!("  FROM {}{name}", stage.base);
    let all_shown = !stage.steps.is_empty() && stage.steps.iter().all(|step| shown.contains_key(step));
    if all_shown {
        let first = stage.steps.first().and_then(|step| shown.get(step)).copied().unwrap_or_default();
        let other = if first == image.name { "listed above".to_owned() } else { format!("shared with {first}") };
        row(out, &from, &format!("{}, {other}", count(stage.steps.len(), "step")));
        return;
    }
    row(out, &from, "");
    for &place in &stage.steps {
        let Some(step) = plan.steps.get(place) else { continue };
        let line = format!("  {}", step.instruction.split_whitespace().collect::<Vec<_>>().join(" "));
        let note = match shown.get(&place) {
            Some(first) if *first == image.name => "the same step as above".to_owned(),
            Some(first) => format!("shared with {first}"),
            None => prediction(step, sources),
        };
        row(out, &line, &note);
        shown.entry(place).or_insert(&image.name);
    }
}

/// An instruction and what is to say of it: on one line where both fit, else the rest of it below.
fn row(out: &mut String, line: &str, note: &str) {
    let short = format!("{:<42}  {note}", cut(line, 42));
    match note.split_once("  ") {
        _ if note.is_empty() => drop(writeln!(out, "{}", cut(line, WIDTH).trim_end())),
        Some((word, cause)) if length(&short) > WIDTH => {
            let _ = writeln!(out, "{:<42}  {word}\n      {}", cut(line, 42), cut(cause.trim_start(), WIDTH - 6));
        }
        _ => drop(writeln!(out, "{}", cut(&short, WIDTH).trim_end())),
    }
}

fn prediction(step: &Step, sources: &Sources) -> String {
    let word = match step.cached {
        Some(true) => return "cached".to_owned(),
        Some(false) => "runs again",
        None if step.cause.is_some() => "may run",
        None => return String::new(),
    };
    let Some(cause) = &step.cause else { return word.to_owned() };
    let place = || match cause.span.file == step.span.file {
        true => format!("line {}", sources.line(cause.span)),
        false => format!("{}:{}", sources.path(cause.span.file), sources.line(cause.span)),
    };
    let why = match cause.above {
        true => format!("because of {}", place()),
        false if cause.span == step.span => cause.message.clone(),
        false => format!("{} ({})", cause.message, place()),
    };
    format!("{word:<11}  {why}")
}

fn summary(out: &mut String, plan: &Plan) {
    let mut never: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (file, stage) in &plan.never_built {
        never.entry(file).or_default().push(stage);
    }
    out.push('\n');
    for (file, stages) in never {
        let _ = writeln!(out, "never built: {} ({file})", stages.join(", "));
    }
    if plan.images.is_empty() {
        out.push_str("nothing to build\n");
        return;
    }
    let services: usize = plan.images.iter().map(|image| image.services.len()).sum();
    let images = count(plan.images.len(), "image");
    let mut line = if services > plan.images.len() { format!("{images} for {}", count(services, "service")) } else { images };
    let again = plan.steps.iter().filter(|step| step.cached == Some(false)).count();
    let may = plan.steps.iter().filter(|step| step.cached.is_none() && step.cause.is_some()).count();
    let steps = count(plan.steps.len(), "step");
    if again + may > 0 {
        let _ = write!(line, " · {again} of {steps} run again");
        if may > 0 {
            let _ = write!(line, ", {may} may");
        }
    } else if !plan.steps.is_empty() && plan.steps.iter().all(|step| step.cached == Some(true)) {
        let _ = write!(line, " · {steps}, all cached");
    } else {
        let _ = write!(line, " · {steps}");
        if plan.steps.len() > plan.critical_path.len() {
            let _ = write!(line, ", {} of them one after the other", plan.critical_path.len());
        }
    }
    let _ = writeln!(out, "{line}");
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// A stage by its Dockerfile and its name, as boxes of graphs are headed.
pub(super) fn stage_title(stage: &Stage) -> String {
    // a Dockerfile within a Compose file is named by both, with `#` between
    let file = stage.file.replace('#', ", ");
    let variant = stage.id.rsplit_once('~').map(|(_, n)| format!(" (variant {n})")).unwrap_or_default();
    match &stage.name {
        Some(name) => format!("{file}: {name}{variant}"),
        None => format!("{file}: stage {} FROM {}{variant}", stage.index, stage.base),
    }
}

/// At most so many characters, the last of them `…` where some are missing.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if length(text) <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}
