use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::instructions::on_first_line;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Op, expand};

rule!(RedundantTargetPlatform, "images/redundant-target-platform");

impl Rule for RedundantTargetPlatform {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let Op::From(from) = &instruction.op else { continue };
            let (Some(platform), Some(flag)) = (&from.platform, instruction.flag("platform")) else { continue };
            let used = expand::references(platform, unit.ast.escape);
            let marked = expand::expand(platform, unit.ast.escape, &|name| (name == "TARGETPLATFORM").then(|| "\u{1}".to_owned()));
            if used.len() != 1 || marked.as_deref() != Ok("\u{1}") {
                continue;
            }
            let place = on_first_line(cx, instruction, flag.span);
            let text = cx.text(instruction.head);
            let from_flag = (flag.span.end - instruction.head.start) as usize;
            let blanks = text.get(from_flag..).map_or(0, |rest| rest.len() - rest.trim_start_matches([' ', '\t']).len());
            let whole = flag.span.to(instruction.head.part(from_flag, from_flag + blanks));
            cx.report(place, "`$TARGETPLATFORM` is the platform that FROM takes anyway").help("drop the flag").fix(
                "drop the flag",
                Applicability::Safe,
                vec![replace(whole, "")],
            );
        }
    }
}
