use std::cell::OnceCell;

use crate::rule::{Cx, Rule, rule};
use crate::stack::{Base, DockerfileUnit};
use crate::syntax::dockerfile::{Instruction, Keyword};

rule!(IdenticalStages, "stages/identical-stages");

impl Rule for IdenticalStages {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        if unit.stages.len() < 2 {
            return;
        }
        // each stage as the first one that builds the same
        let mut same: Vec<usize> = Vec::new();
        let shapes: Vec<Vec<Keyword>> = (0..unit.stages.len()).map(|n| shape(unit, n)).collect();
        let contents: Vec<OnceCell<Vec<String>>> = shapes.iter().map(|_| OnceCell::new()).collect();
        let content_of = |n: usize| contents.get(n).map(|c| c.get_or_init(|| content(unit, n)));
        for stage in &unit.stages {
            let n = stage.index;
            let twin = (0..n).find(|&m| {
                let empty = || content_of(n).is_none_or(|c| c.iter().all(|i| i.starts_with("ARG ") || i.starts_with("LABEL ")));
                let alike = shapes.get(m) == shapes.get(n) && bases_match(unit, m, n, &same);
                alike && content_of(m) == content_of(n) && !empty() && !chosen_by_name(unit, m, n)
            });
            same.push(twin.map_or(n, |m| same.get(m).copied().unwrap_or(m)));
            let Some(first) = twin.and_then(|m| unit.stages.get(m)) else { continue };
            let (this, other) = (name(unit, n), name(unit, first.index));
            cx.report(stage.from, format!("{this} builds the same image as {other}: they differ in name only"))
                .label(first.from, "the same instructions")
                .help(format!("drop one of the two, or write `FROM {} AS …` where both names are needed", other.trim_matches('`')));
        }
    }
}

fn name(unit: &DockerfileUnit, n: usize) -> String {
    unit.stages.get(n).and_then(|s| s.name.as_deref()).map_or_else(|| format!("stage {n}"), |name| format!("`{name}`"))
}

/// What a stage does, by and large: stages of the same content have the same shape.
fn shape(unit: &DockerfileUnit, n: usize) -> Vec<Keyword> {
    let Some(stage) = unit.ast.stages.get(n) else { return Vec::new() };
    unit.ast.stage_instructions(stage).map(|(_, i)| i.keyword).collect()
}

fn content(unit: &DockerfileUnit, n: usize) -> Vec<String> {
    let Some(stage) = unit.ast.stages.get(n) else { return Vec::new() };
    unit.ast.stage_instructions(stage).map(|(_, i)| text(i)).collect()
}

/// An instruction as it counts: the same text builds the same layer.
fn text(instruction: &Instruction) -> String {
    let flags: Vec<String> =
        instruction.flags.iter().map(|f| format!("--{}={}", f.name.value, f.value.as_ref().map_or("", |v| v.value.as_str()))).collect();
    let bodies: Vec<&str> = instruction.heredocs.iter().map(|h| h.content.as_str()).collect();
    let words = instruction.rest.split_whitespace().collect::<Vec<_>>().join(" ");
    let rest = if instruction.keyword == Keyword::Run { words.trim().to_owned() } else { words };
    format!("{} {} {rest}{}", instruction.word.value.to_uppercase(), flags.join(" "), bodies.join("\n")).replace("  ", " ")
}

fn bases_match(unit: &DockerfileUnit, m: usize, n: usize, same: &[usize]) -> bool {
    let (Some(a), Some(b)) = (unit.stages.get(m), unit.stages.get(n)) else { return false };
    let platform = |n: usize| {
        let from = unit.ast.stages.get(n).and_then(|s| unit.ast.from_of(s));
        from.and_then(|f| f.platform.as_ref().map(|p| p.value.clone()))
    };
    let first = |n: &usize| same.get(*n).copied().unwrap_or(*n);
    let bases = match (&a.base, &b.base) {
        (Base::Stage(a), Base::Stage(b)) => first(a) == first(b),
        (Base::Unknown, Base::Unknown) => a.image.value == b.image.value,
        (a, b) => a == b,
    };
    bases && platform(m) == platform(n)
}

/// Stages that a variable chooses between (`FROM build-$TARGETARCH`) must all be there, alike or not.
fn chosen_by_name(unit: &DockerfileUnit, m: usize, n: usize) -> bool {
    let names: Vec<&str> = [m, n].iter().filter_map(|s| unit.stages.get(*s)?.name.as_deref()).collect();
    unit.stages.iter().filter_map(|s| s.image.split_once('$')).any(|(prefix, rest)| {
        let suffix = rest.rsplit_once('}').map_or("", |(_, s)| s);
        names.iter().any(|name| name.starts_with(prefix) && name.ends_with(suffix))
    })
}
