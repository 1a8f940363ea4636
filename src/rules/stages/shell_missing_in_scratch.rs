use crate::rule::{Cx, Rule, rule};
use crate::stack::{Base, DockerfileUnit};
use crate::syntax::dockerfile::{Form, Op};

rule!(ShellMissingInScratch, "stages/shell-missing-in-scratch");

impl Rule for ShellMissingInScratch {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (stage, model) in unit.ast.stages.iter().zip(&unit.stages) {
            if model.base != Base::Scratch {
                continue;
            }
            for (_, instruction) in unit.ast.stage_instructions(stage) {
                match &instruction.op {
                    // whatever is copied may hold a shell
                    Op::Copy(_) | Op::Add(_) | Op::Shell(_) => break,
                    Op::Run(run) if run.mounts.is_empty() && matches!(run.form, Form::Shell(_)) => {
                        cx.report(instruction.word.span, "this image holds no shell yet that could run it: the build fails here")
                            .help("run it in another stage, and copy what it makes");
                        break;
                    }
                    _ => {}
                }
            }
        }
    }
}
