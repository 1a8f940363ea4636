use crate::rule::{Cx, Rule, rule};
use crate::rules::support::build_secrets::{Secrets, removes, written};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::Command;

rule!(SecretMountPersisted, "secrets/secret-mount-persisted");

impl Rule for SecretMountPersisted {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (item, instruction) in unit.ast.instructions() {
            let Op::Run(run) = &instruction.op else { continue };
            if run.mounts.iter().all(|m| m.kind != "secret") {
                continue;
            }
            let mut secrets = Secrets::of(run);
            let Some(script) = unit.script(item).filter(|_| !secrets.is_empty()) else { continue };
            let commands: Vec<&Command> = script.walk().map(|(_, c)| c).collect();
            for command in &commands {
                secrets.learn(command);
            }
            for command in &commands {
                let Some((word, dest)) = written(command, &secrets) else { continue };
                if secrets.is_passing(&dest) || commands.iter().any(|c| removes(c, &dest)) {
                    continue;
                }
                cx.report(word.span, format!("the build secret is written to `{dest}`, and stays there in the image's layer"))
                    .help("mount it where it is read, with `target=`, or remove the file in the same RUN");
            }
        }
    }
}
