use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::on_first_line;
use crate::stack::DockerfileUnit;

rule!(ReservedStageName, "stages/reserved-stage-name");

impl Rule for ReservedStageName {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for stage in &unit.ast.stages {
            let (Some(name), Some(from)) = (&stage.name, unit.ast.instruction(stage.from)) else { continue };
            let meaning = match name.value.as_str() {
                "scratch" => "the empty image",
                "context" => "the build context",
                _ => continue,
            };
            let place = on_first_line(cx, from, name.span);
            cx.report(place, format!("the stage is named `{}`, which is how builds call {meaning}", name.value))
                .help("give it another name");
        }
    }
}
