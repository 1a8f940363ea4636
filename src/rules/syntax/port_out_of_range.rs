use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, on_first_line, value_at};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(PortOutOfRange, "syntax/port-out-of-range");

impl Rule for PortOutOfRange {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                let Op::Expose(ports) = &instruction.op else { continue };
                for port in ports {
                    let Some(value) = value_at(unit, block.stage, *item, port) else { continue };
                    let numbers = value.split('/').next().unwrap_or_default();
                    let numbers = numbers.rsplit(':').next().unwrap_or_default();
                    let large = numbers.split('-').filter_map(|n| n.parse::<u64>().ok()).find(|n| *n > 65535);
                    if let Some(large) = large {
                        let place = on_first_line(cx, instruction, port.span);
                        cx.report(place, format!("{large} is no port, so the build stops here")).help("ports go from 1 to 65535");
                    }
                }
            }
        }
    }
}
