use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, is_absolute, on_first_line, value_at};
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(WorkdirFollowsAnother, "style/workdir-follows-another");

impl Rule for WorkdirFollowsAnother {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            let mut before: Option<Span> = None;
            for (item, instruction) in &block.instructions {
                let Op::Workdir(text) = &instruction.op else { continue };
                let earlier = before.replace(text.span);
                let (Some(earlier), Some(value)) = (earlier, value_at(unit, block.stage, *item, text)) else { continue };
                if value.is_empty() || is_absolute(&value) || text.starts_with('$') {
                    continue;
                }
                let place = on_first_line(cx, instruction, text.span);
                cx.report(place, format!("`{value}` is looked for below the WORKDIR before it, and moves with that"))
                    .label(earlier, "below this one")
                    .help("write the whole path");
            }
        }
    }
}
