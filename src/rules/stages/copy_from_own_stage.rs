use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::on_first_line;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Instruction, Op};
use crate::text::Text;

rule!(CopyFromOwnStage, "stages/copy-from-own-stage");

impl Rule for CopyFromOwnStage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (index, stage) in unit.ast.stages.iter().enumerate() {
            for (_, instruction) in unit.ast.stage_instructions(stage) {
                for from in sources(instruction) {
                    let name = from.to_lowercase();
                    let number = name.parse::<usize>() == Ok(index);
                    let named = stage.name.as_ref().is_some_and(|n| n.value == name);
                    // a name that an earlier stage has too means that one
                    let earlier = unit.ast.stages.iter().take(index).any(|s| s.name.as_ref().is_some_and(|n| n.value == name));
                    if !number && (!named || earlier) {
                        continue;
                    }
                    let place = on_first_line(cx, instruction, from.span);
                    let report = cx
                        .report(place, format!("`{}` is this very stage, which cannot be its own source: the build stops", from.value))
                        .help("to copy within a stage, use RUN cp; else name the stage that has the files");
                    if !matches!(instruction.op, Op::Copy(_)) {
                        report.aliases(&[]);
                    }
                }
            }
        }
    }
}

fn sources(instruction: &Instruction) -> Vec<&Text> {
    match &instruction.op {
        Op::Copy(copy) => copy.from.iter().collect(),
        Op::Run(run) => run.mounts.iter().filter_map(|m| m.get("from")).collect(),
        _ => Vec::new(),
    }
}
