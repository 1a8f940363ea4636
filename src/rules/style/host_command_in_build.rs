use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, run_commands};
use crate::stack::DockerfileUnit;

rule!(HostCommandInBuild, "style/host-command-in-build");

const COMMANDS: [&str; 9] = ["free", "kill", "mount", "ps", "service", "shutdown", "ssh", "top", "vim"];

impl Rule for HostCommandInBuild {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                for command in run_commands(unit, *item, instruction) {
                    let Some(name) = command.effective().name().filter(|n| COMMANDS.contains(&n.as_ref())) else { continue };
                    let what = match name.as_ref() {
                        "free" | "ps" | "top" => "shows the machine that builds",
                        "vim" => "waits for somebody at a terminal",
                        "ssh" => "reaches out of the build with keys that it should not have",
                        "mount" => "is not allowed to in a build",
                        "shutdown" => "has no machine to shut down in a build",
                        _ => "starts or stops what is gone when the step ends",
                    };
                    cx.report(command.span, format!("`{name}` {what}; the image keeps files, no processes"));
                }
            }
        }
    }
}
