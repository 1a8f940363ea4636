use crate::rule::{Cx, Rule, rule};
use crate::rules::support::outputs;
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(ArtifactNotInStage, "stages/artifact-not-in-stage");

impl Rule for ArtifactNotInStage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for stage in &unit.stages {
            for need in &stage.needs {
                let Some(instruction) = unit.ast.instruction(need.item) else { continue };
                let Op::Copy(copy) = &instruction.op else { continue };
                if unread(unit, instruction.span) {
                    continue;
                }
                for source in &copy.sources {
                    let Some(path) = unit.expand_at(stage.index, need.item, source) else { continue };
                    let path = crate::files::join("/", &path);
                    let Some(made) = outputs::of(cx.stack, unit, need.stage) else { continue };
                    if made.may_hold(&path) {
                        continue;
                    }
                    let name = unit.stages.get(need.stage).and_then(|s| s.name.clone()).unwrap_or_else(|| need.stage.to_string());
                    let from = unit.stages.get(need.stage).map_or(need.span, |s| s.from);
                    let mut report = cx
                        .report(source.span, format!("the build stops here: nothing in stage `{name}` makes `{path}`"))
                        .label(from, "this stage");
                    if let Some(near) = made.same_name(&path) {
                        report = report.help(format!("did you mean `{near}`?"));
                    } else if let Some(dir) = made.workdir() {
                        report = report.help(format!("the stage works in `{dir}`"));
                    }
                    let _ = report;
                }
            }
        }
    }
}

/// Whether a line above could not be read, as in a template that is still to be filled in: it may make anything.
fn unread(unit: &DockerfileUnit, copy: Span) -> bool {
    unit.ast.errors.iter().any(|error| error.span.start < copy.start)
}
