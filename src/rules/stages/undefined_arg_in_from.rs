use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::on_first_line;
use crate::rules::support::variables::{PLATFORM_ARGS, global_args, is_platform_arg};
use crate::stack::DockerfileUnit;
use crate::syntax::closest;
use crate::syntax::dockerfile::{Op, expand};

rule!(UndefinedArgInFrom, "stages/undefined-arg-in-from");

impl Rule for UndefinedArgInFrom {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let declared = global_args(unit);
        for (item, instruction) in unit.ast.instructions() {
            let Op::From(from) = &instruction.op else { continue };
            for text in [Some(&from.image), from.platform.as_ref()].into_iter().flatten() {
                for used in expand::references(text, unit.ast.escape) {
                    let known = |name: &str| declared.iter().any(|a| a.name == name) || is_platform_arg(name);
                    if known(&used.name) {
                        continue;
                    }
                    let place = on_first_line(cx, instruction, used.span);
                    let near = closest(&used.name, declared.iter().map(|a| a.name.as_str()).chain(PLATFORM_ARGS.iter().copied()));
                    // an ARG below this FROM belongs to a stage and is out of reach
                    let inside = unit.stages.iter().flat_map(|s| &s.env).find(|s| s.arg && s.name == used.name && s.item < item);
                    let help = match (near, inside) {
                        (_, Some(_)) => format!("declare it above the first FROM: `ARG {}`", used.name),
                        (Some(near), None) => format!("did you mean `{near}`?"),
                        (None, None) => format!("add `ARG {}` above the first FROM", used.name),
                    };
                    let report = cx
                        .report(
                            place,
                            format!("no ARG above the first FROM declares `{}`: it is empty, whatever --build-arg says", used.name),
                        )
                        .help(help);
                    if let Some(inside) = inside {
                        report.label(inside.span, "this one belongs to its stage");
                    }
                }
            }
        }
    }
}
