use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::instructions::on_first_line;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(UppercaseStageName, "stages/uppercase-stage-name");

impl Rule for UppercaseStageName {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let Op::From(from) = &instruction.op else { continue };
            let Some(name) = &from.name else { continue };
            let lower = name.to_lowercase();
            if name.value == lower || instruction.error.is_some() {
                continue;
            }
            let place = on_first_line(cx, instruction, name.span);
            let verbatim = cx.text(name.span) == name.value;
            let report = cx
                .report(place, format!("the stage is known as `{lower}`: `FROM {}` looks for an image of that name", name.value))
                .help(format!("name it `{lower}`"));
            if verbatim {
                report.fix(format!("name it `{lower}`"), Applicability::Safe, vec![replace(name.span, lower)]);
            }
        }
    }
}
