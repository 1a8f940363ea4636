use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::instructions::{looked_at, on_first_line, steps};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(UppercasePortProtocol, "style/uppercase-port-protocol");

impl Rule for UppercasePortProtocol {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let looked_at = looked_at(unit, cx.stack);
        for stage in unit.stages.iter().filter(|s| looked_at.get(s.index).copied().unwrap_or(true)) {
            for step in steps(unit, stage.index) {
                let Op::Expose(ports) = &step.instruction.op else { continue };
                for port in ports {
                    let Some(value) = unit.expand_at(stage.index, step.item, port) else { continue };
                    let Some((_, protocol)) = value.split_once('/') else { continue };
                    let lower = protocol.to_lowercase();
                    if protocol == lower {
                        continue;
                    }
                    let place = step.trigger.unwrap_or_else(|| on_first_line(cx, step.instruction, port.span));
                    let at = port.find('/').map(|n| port.span_of(n + 1, port.value.len()));
                    let report = cx.report(place, format!("`{protocol}` is written `{lower}` everywhere else"));
                    if let Some(at) = at.filter(|at| port.is_verbatim() && at.len() == protocol.len() && !port.contains('$')) {
                        report.fix(format!("write `{lower}`"), Applicability::Safe, vec![replace(at, lower)]);
                    }
                }
            }
        }
    }
}
