use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, run_commands};
use crate::stack::DockerfileUnit;

rule!(ShellReplacedByLink, "quoting/shell-replaced-by-link");

impl Rule for ShellReplacedByLink {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                for command in run_commands(unit, *item, instruction) {
                    let effective = command.effective();
                    let target = effective.operands(&["-t", "--target-directory", "-S", "--suffix"]).last().and_then(|w| w.literal());
                    if effective.name().as_deref() == Some("ln") && target.as_deref() == Some("/bin/sh") {
                        cx.report(command.span, "`/bin/sh` is replaced for every program of the image, also for the scripts of packages that rely on the old one")
                            .help("to have another shell in RUN, write `SHELL [\"/bin/bash\", \"-c\"]`");
                    }
                }
            }
        }
    }
}
