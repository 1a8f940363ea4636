use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{looked_at, on_first_line, steps};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(HostPortInExpose, "syntax/host-port-in-expose");

impl Rule for HostPortInExpose {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let looked_at = looked_at(unit, cx.stack);
        for stage in unit.stages.iter().filter(|s| looked_at.get(s.index).copied().unwrap_or(true)) {
            for step in steps(unit, stage.index) {
                let Op::Expose(ports) = &step.instruction.op else { continue };
                for port in ports {
                    let Some(value) = unit.expand_at(stage.index, step.item, port) else { continue };
                    let (numbers, _) = value.split_once('/').unwrap_or((&value, ""));
                    let Some((before, container)) = numbers.rsplit_once(':') else { continue };
                    if before.chars().all(|c| c == ':') {
                        continue;
                    }
                    let place = step.trigger.unwrap_or_else(|| on_first_line(cx, step.instruction, port.span));
                    cx.report(place, format!("`{value}` publishes nothing: EXPOSE knows the container's port only, and drops `{before}`"))
                        .help(format!("write `EXPOSE {container}`, and publish with `-p {value}` or `ports:`"));
                }
            }
        }
    }
}
