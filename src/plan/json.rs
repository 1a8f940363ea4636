//! The plan as JSON, for other programs.

use serde_json::{Value, json};

use super::{Image, Plan, Stage, Step, looks_secret};
use crate::source::Sources;

/// Prints the plan as CONTRACT has it: names and ids instead of places; secret values masked.
pub fn json(plan: &Plan, sources: &Sources) -> String {
    let value = json!({
        "version": 1,
        "images": plan.images.iter().map(|image| one_image(plan, image)).collect::<Vec<_>>(),
        "stages": plan.stages.iter().map(|stage| one_stage(plan, stage)).collect::<Vec<_>>(),
        "steps": plan.steps.iter().map(|step| one_step(plan, step, sources)).collect::<Vec<_>>(),
        "waves": plan.waves.iter().map(|wave| steps(plan, wave)).collect::<Vec<_>>(),
        "critical_path": steps(plan, &plan.critical_path),
    });
    format!("{value:#}\n")
}

fn one_image(plan: &Plan, image: &Image) -> Value {
    let args: serde_json::Map<String, Value> =
        image.args.iter().map(|(name, value)| (name.clone(), json!(if looks_secret(name) { "***" } else { value }))).collect();
    let needs: Vec<&str> = image.needs.iter().filter_map(|&n| plan.images.get(n)).map(|image| image.name.as_str()).collect();
    json!({
        "name": image.name,
        "services": image.services,
        "tags": image.tags,
        "dockerfile": image.dockerfile,
        "context": image.context,
        "target": image.target,
        "platforms": image.platforms,
        "args": args,
        "needs": needs,
        "stages": stages(plan, &image.stages),
    })
}

fn one_stage(plan: &Plan, stage: &Stage) -> Value {
    json!({
        "id": stage.id,
        "file": stage.file,
        "index": stage.index,
        "name": stage.name,
        "base": stage.base,
        "needs": stages(plan, &stage.needs),
        "steps": steps(plan, &stage.steps),
    })
}

fn one_step(plan: &Plan, step: &Step, sources: &Sources) -> Value {
    let stage = plan.stages.get(step.stage);
    let cause = step
        .cause
        .as_ref()
        .map(|cause| json!({"file": sources.path(cause.span.file), "line": sources.line(cause.span), "message": cause.message}));
    json!({
        "id": step.id,
        "stage": stage.map(|stage| &stage.id),
        "file": sources.path(step.span.file),
        "line": sources.line(step.span),
        "instruction": step.instruction,
        "kind": step.kind.name(),
        "needs": steps(plan, &step.needs),
        "key": step.key,
        "cached": step.cached,
        "cause": cause,
    })
}

fn steps<'a>(plan: &'a Plan, places: &[usize]) -> Vec<&'a str> {
    places.iter().filter_map(|&n| plan.steps.get(n)).map(|step| step.id.as_str()).collect()
}

fn stages<'a>(plan: &'a Plan, places: &[usize]) -> Vec<&'a str> {
    places.iter().filter_map(|&n| plan.stages.get(n)).map(|stage| stage.id.as_str()).collect()
}
