use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, on_first_line};
use crate::stack::{DockerfileUnit, ImageRef, knowledge};
use crate::syntax::dockerfile::{Op, unquote};

rule!(WholeImageCopied, "stages/whole-image-copied");

impl Rule for WholeImageCopied {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            // onto an empty image it is the way to flatten one
            let scratch = block.stage.and_then(|s| unit.stages.get(s)).is_some_and(|s| s.base == crate::stack::Base::Scratch);
            for (_, instruction) in &block.instructions {
                let Op::Copy(copy) = &instruction.op else { continue };
                let root = |text: &crate::text::Text| unquote(text, unit.ast.escape).value == "/";
                let (Some(from), [source]) = (&copy.from, copy.sources.as_slice()) else { continue };
                if scratch || !root(source) || !root(&copy.dest) || !is_system(unit, from) {
                    continue;
                }
                let place = on_first_line(cx, instruction, instruction.head);
                cx.report(
                    place,
                    format!("all of `{}` is laid over this image: its system files replace the base's, tools and all", from.value),
                )
                .help("copy what the build made, or start from that stage");
            }
        }
    }
}

/// Whether what is copied is a system with files of its own; images of a few tools on nothing are made to be laid over others.
fn is_system(unit: &DockerfileUnit, from: &str) -> bool {
    let name = from.to_lowercase();
    let stage = unit.stages.iter().find(|s| s.name.as_deref() == Some(name.as_str())).map(|s| s.index).or_else(|| name.parse().ok());
    match stage {
        Some(stage) => unit.root_image(stage).is_none_or(|i| knowledge::distribution(i).is_some() || i.official().is_some()),
        None => knowledge::distribution(&ImageRef::parse(from)).is_some() || !from.contains('/'),
    }
}
