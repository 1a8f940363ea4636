use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::stack::DockerfileUnit;

rule!(NumericStageReference, "stages/numeric-stage-reference");

impl Rule for NumericStageReference {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for stage in &unit.stages {
            for need in &stage.needs {
                let text = cx.text(need.span);
                if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
                    continue;
                }
                let Some(target) = unit.stages.get(need.stage) else { continue };
                let message =
                    format!("`{text}` is the stage by its number: a stage added above shifts it, and this takes files of another one");
                let report = cx.report(need.span, message).label(target.from, "this stage is meant");
                match target.name.as_deref() {
                    Some(name) if !name.bytes().all(|b| b.is_ascii_digit()) => report.help(format!("write `{name}`")).fix(
                        format!("use the name `{name}`"),
                        Applicability::Safe,
                        vec![replace(need.span, name)],
                    ),
                    _ => report.help("name the stage with `AS`, and use the name here"),
                };
            }
        }
    }
}
