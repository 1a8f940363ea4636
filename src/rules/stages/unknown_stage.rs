use crate::rule::{Cx, Rule, rule};
use crate::rules::support::image_name::is_official;
use crate::rules::support::instructions::{blocks, on_first_line};
use crate::rules::support::syntax_errors::template;
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::closest;
use crate::syntax::dockerfile::{Instruction, Op, Stage};
use crate::text::Text;

rule!(UnknownStage, "stages/unknown-stage");

impl Rule for UnknownStage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        if template(unit, cx.stack).is_some() {
            return;
        }
        for block in blocks(unit) {
            for (_, instruction) in &block.instructions {
                for from in sources(instruction) {
                    let Some((message, help)) = fault(unit, cx.stack, block.stage.unwrap_or(0), from) else { continue };
                    let place = on_first_line(cx, instruction, from.span);
                    let report = cx.report(place, message).help(help);
                    if !matches!(instruction.op, Op::Copy(_)) {
                        report.aliases(&[]);
                    }
                }
            }
        }
        for (index, stage) in unit.ast.stages.iter().enumerate() {
            let (Some(instruction), Some(from)) = (unit.ast.instruction(stage.from), unit.ast.from_of(stage)) else { continue };
            if let Some((message, help)) = base_fault(unit, index, &from.image) {
                let place = on_first_line(cx, instruction, from.image.span);
                cx.report(place, message).help(help).aliases(&[]);
            }
        }
    }

    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for build in stack.builds.iter().filter(|b| b.service.is_some() && b.stage.is_none()) {
            let (Some(target), Some(unit)) = (&build.target, stack.dockerfiles.get(build.dockerfile)) else { continue };
            if target.is_empty() || target.contains('$') || unit.stages.is_empty() {
                continue;
            }
            let names: Vec<&str> = unit.stages.iter().filter_map(|s| s.name.as_deref()).collect();
            let help = match (closest(&target.to_lowercase(), names.iter().copied()), names.as_slice()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, []) => "none of its stages has a name: give one with AS".to_owned(),
                (None, names) => format!("its stages are {}", names.join(", ")),
            };
            cx.report(target.span, format!("{} has no stage `{}`, so this service cannot be built", unit.path, target.value))
                .help(help)
                .aliases(&[]);
        }
    }
}

/// What is wrong with the image of a FROM that looks like a stage.
fn base_fault(unit: &DockerfileUnit, index: usize, image: &Text) -> Option<(String, String)> {
    let name = image.value.as_str();
    if name.is_empty() || name.contains(['$', ':', '/', '.', '@']) || is_official(name) || name != name.to_lowercase() {
        return None;
    }
    let named = |s: &Stage| s.name.as_ref().is_some_and(|n| n.value == name);
    let above = unit.ast.stages.iter().take(index);
    if above.clone().any(named) {
        return None;
    }
    let message = format!("no stage above is named `{name}`, so the builder pulls an image of that name");
    if unit.ast.stages.iter().skip(index).any(named) {
        return Some((message, "move that stage above this one".to_owned()));
    }
    let near = closest(name, above.filter_map(|s| s.name.as_ref()).map(|n| n.value.as_str()))?;
    (name.len() > 3).then(|| (message, format!("did you mean `{near}`?")))
}

/// What is wrong with a reference to a stage, and what to do.
fn fault(unit: &DockerfileUnit, stack: &Stack, stage: usize, from: &Text) -> Option<(String, String)> {
    let name = from.to_lowercase();
    if name.is_empty() || name.contains(['$', ':', '/', '.', '@']) {
        return None;
    }
    let names: Vec<&str> = unit.ast.stages.iter().filter_map(|s| s.name.as_ref()).map(|n| n.value.as_str()).collect();
    if let Ok(number) = name.parse::<usize>() {
        let later = number > stage && number < unit.ast.stages.len();
        let count = unit.ast.stages.len();
        return (later || number >= count).then(|| {
            let message = if later {
                format!("stage {number} comes later, and the builder knows only the stages above: the build stops")
            } else {
                format!("there is no stage {number} (the first is 0): the build stops")
            };
            (message, "name the stage with AS, and copy by its name".to_owned())
        });
    }
    if names.contains(&name.as_str()) {
        let above = unit.ast.stages.iter().take(stage + 1).any(|s| s.name.as_ref().is_some_and(|n| n.value == name));
        return (!above).then(|| {
            let message = format!("stage `{name}` comes later, and the builder knows only the stages above: the build stops");
            (message, "move that stage above this one".to_owned())
        });
    }
    if named_context(unit, stack, &name) {
        return None;
    }
    let near = closest(&name, names.iter().copied());
    let known = is_official(&name);
    if known && near.is_none() {
        return None;
    }
    let help = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name a stage above, or write the image with its tag".to_owned(),
    };
    Some((format!("no stage is named `{}`, so the builder pulls an image of that name", from.value), help))
}

/// Whether some build gives the Dockerfile a further context of this name, or may do so unseen.
fn named_context(unit: &DockerfileUnit, stack: &Stack, name: &str) -> bool {
    stack
        .builds_of(unit)
        .filter_map(|b| stack.service(b.service?))
        .filter_map(|(_, s)| s.build.as_ref())
        .any(|b| b.additional_contexts.iter().any(|(key, _)| key.value == name))
}

fn sources(instruction: &Instruction) -> Vec<&Text> {
    match &instruction.op {
        Op::Copy(copy) => copy.from.iter().collect(),
        Op::Run(run) => run.mounts.iter().filter_map(|m| m.get("from")).collect(),
        _ => Vec::new(),
    }
}
