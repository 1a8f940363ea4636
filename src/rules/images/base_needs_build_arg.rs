use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::on_first_line;
use crate::rules::support::variables::{global_args, no_image};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Op, expand};

rule!(BaseNeedsBuildArg, "images/base-needs-build-arg");

impl Rule for BaseNeedsBuildArg {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let declared = global_args(unit);
        for (_, instruction) in unit.ast.instructions() {
            let Op::From(from) = &instruction.op else { continue };
            let Some(name) = no_image(unit, instruction) else { continue };
            let place = on_first_line(cx, instruction, from.image.span);
            let used = expand::references(&from.image, unit.ast.escape);
            let arg = declared.iter().rev().find(|a| used.iter().any(|u| u.name == a.name));
            let shown = if name.is_empty() { "nothing".to_owned() } else { format!("`{name}`") };
            let report = cx.report(place, format!("without build arguments this FROM names {shown}, and the build stops"));
            match arg {
                Some(arg) => report.label(arg.span, "its default").help(format!("give `{}` a default that makes a whole name", arg.name)),
                None => report.help("declare the variable with a default above the first FROM"),
            };
        }
    }
}
