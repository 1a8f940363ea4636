use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, on_first_line, value_at};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(SshPortExposed, "binds/ssh-port-exposed");

impl Rule for SshPortExposed {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                let Op::Expose(ports) = &instruction.op else { continue };
                for port in ports {
                    let value = value_at(unit, block.stage, *item, port).unwrap_or_default();
                    if matches!(value.as_str(), "22" | "22/tcp") {
                        let place = on_first_line(cx, instruction, port.span);
                        cx.report(place, "port 22 says that people log in to the running container by SSH")
                            .help("`docker exec` and `kubectl exec` open a shell without a server, keys and a port");
                    }
                }
            }
        }
    }
}
