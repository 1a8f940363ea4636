use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, run_commands};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Form, Op};
use crate::syntax::shell::{Dialect, Word};

rule!(PipeWithoutPipefail, "quoting/pipe-without-pipefail");

impl Rule for PipeWithoutPipefail {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                let Op::Run(run) = &instruction.op else { continue };
                let shell = block.stage.map(|stage| unit.shell_at(stage, *item));
                let windows = shell.as_ref().is_some_and(|s| s.dialect == Dialect::Windows);
                let set = shell.as_ref().is_some_and(|s| s.argv.iter().any(|w| w == "pipefail"));
                if windows || set || !matches!(run.form, Form::Shell(_)) {
                    continue;
                }
                let commands = run_commands(unit, *item, instruction);
                let own = commands
                    .iter()
                    .any(|c| c.name().as_deref() == Some("set") && c.args().iter().any(|w| w.literal().as_deref() == Some("pipefail")));
                if own {
                    continue;
                }
                let first = commands
                    .iter()
                    .find(|c| c.place.pipe_len > 1 && c.place.pipe_index == 0 && !c.place.condition && !c.place.substitution);
                let Some(first) = first.filter(|c| !matches!(c.name().as_deref(), Some("pwsh" | "powershell"))) else { continue };
                let name = first.name().or_else(|| first.words.first().map(Word::lossy)).unwrap_or_default();
                let what = if name.is_empty() { "what feeds the pipe".to_owned() } else { format!("`{name}`") };
                let sh = shell.map_or_else(|| "/bin/sh".to_owned(), |s| s.argv.first().cloned().unwrap_or_default());
                let alpine = block.stage.and_then(|s| unit.root_image(s)).and_then(crate::stack::knowledge::system_shell) == Some("ash");
                let help = if alpine || sh.ends_with("bash") {
                    "begin the RUN with `set -o pipefail &&`".to_owned()
                } else {
                    "write `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` above (a plain sh has no pipefail)".to_owned()
                };
                cx.report(first.span, format!("the RUN goes on when {what} fails: a pipe has the status of its last command")).help(help);
            }
        }
    }
}
