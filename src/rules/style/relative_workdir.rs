use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{looked_at, on_first_line};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(RelativeWorkdir, "style/relative-workdir");

impl Rule for RelativeWorkdir {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let looked_at = looked_at(unit, cx.stack);
        for (index, stage) in unit.ast.stages.iter().enumerate() {
            let above = unit.chain(index).into_iter().skip(1).any(|n| unit.stages.get(n).is_some_and(|s| !s.workdirs.is_empty()));
            if above || !looked_at.get(index).copied().unwrap_or(true) {
                continue;
            }
            let first = unit.ast.stage_instructions(stage).find_map(|(item, i)| match &i.op {
                Op::Workdir(text) => Some((item, i, text)),
                _ => None,
            });
            let Some((item, instruction, text)) = first else { continue };
            let Some(value) = unit.expand_at(index, item, text) else { continue };
            if value.starts_with('/') || is_drive(&value) {
                continue;
            }
            let place = on_first_line(cx, instruction, text.span);
            let shown = if value.is_empty() { "WORKDIR is empty".to_owned() } else { format!("`{value}` is relative") };
            let message = format!("{shown}: where it leads depends on the base image, which may move it with any update");
            let report = cx.report(place, message).help(format!("write the whole path: `/{}`", value.trim_start_matches("./")));
            if text.starts_with('$') {
                // the others leave what begins with a variable alone
                report.aliases(&["WorkdirRelativePath"]);
            }
        }
    }
}

fn is_drive(path: &str) -> bool {
    let mut chars = path.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.next() == Some(':')
}
