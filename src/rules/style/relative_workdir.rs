use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, is_absolute, looked_at, on_first_line, value_at};
use crate::rules::support::variables;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(RelativeWorkdir, "style/relative-workdir");

impl Rule for RelativeWorkdir {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let looked_at = looked_at(unit, cx.stack);
        for block in blocks(unit) {
            let above = block.stage.is_some_and(|stage| {
                unit.chain(stage).into_iter().skip(1).any(|n| unit.stages.get(n).is_some_and(|s| !s.workdirs.is_empty()))
            });
            if above || !block.stage.and_then(|n| looked_at.get(n).copied()).unwrap_or(true) {
                continue;
            }
            let first = block.instructions.iter().find_map(|(item, i)| match &i.op {
                Op::Workdir(text) => Some((*item, *i, text)),
                _ => None,
            });
            let Some((item, instruction, text)) = first else { continue };
            let Some(value) = value_at(unit, block.stage, item, text) else { continue };
            let backslash = value.starts_with('\\');
            // a drive is one where Windows is, or may be
            let linux = block
                .stage
                .is_some_and(|stage| !unit.on_windows(stage) && unit.root_image(stage).is_some_and(|i| variables::image_env(i).is_some()));
            let usable = value.starts_with('/') || !linux;
            if is_absolute(&value) && !backslash && usable {
                continue;
            }
            // what the base image may set is no relative path yet
            let unset = block.stage.map(|stage| variables::unset(unit, stage, item, instruction)).unwrap_or_default();
            if unset.iter().any(|u| u.guess) {
                continue;
            }
            let place = on_first_line(cx, instruction, text.span);
            let shown = if value.is_empty() { "WORKDIR is empty".to_owned() } else { format!("`{value}` is relative") };
            let message = format!("{shown}: where it leads depends on the base image, which may move it with any update");
            let report = cx.report(place, message).help(format!("write the whole path: `/{}`", value.trim_start_matches("./")));
            if text.starts_with('$') || backslash {
                // the others leave what begins with a variable alone
                report.aliases(&["WorkdirRelativePath"]);
            } else if block.stage.is_none() {
                report.without_aliases(&["WorkdirRelativePath"]);
            }
        }
    }
}
