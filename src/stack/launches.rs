//! What a container is started with: its entrypoint, its command, its environment.

use crate::compose::CommandLine;
use crate::syntax::dockerfile::Form;
use crate::text::Text;

use super::runtime::{Launch, RuntimeEnv};
use super::runtime_walk::Walk;
use super::{DockerfileUnit, images};

impl Walk<'_> {
    pub(super) fn launches(&self) -> Vec<Launch> {
        let mut found = Vec::new();
        let (mut entrypoint, mut cmd) = (None, None);
        if let Some((unit, stage)) = self.unit {
            let (e, c) = unit.launch(stage);
            entrypoint = e.and_then(|item| instruction_launch(unit, stage, item, true));
            cmd = c.and_then(|item| instruction_launch(unit, stage, item, false));
        }
        if let Some(service) = self.service {
            if let Some(line) = &service.entrypoint {
                entrypoint = compose_launch(line, true);
                cmd = None;
            }
            if let Some(line) = &service.command {
                cmd = compose_launch(line, false);
            }
        }
        found.extend(entrypoint);
        found.extend(cmd);
        found
    }

    pub(super) fn env(&self) -> Vec<RuntimeEnv> {
        let mut all: Vec<RuntimeEnv> = Vec::new();
        if let Some((unit, stage)) = self.unit {
            let set = unit.run_envs(stage).into_iter();
            all.extend(set.map(|s| RuntimeEnv { name: s.name.clone(), value: s.value.clone(), span: s.span, from_image: true }));
        }
        all.extend(self.service.into_iter().flat_map(|s| &s.environment).map(|var| {
            let value = var.value.as_ref().filter(|_| !var.interpolated()).map(|v| v.value.clone());
            RuntimeEnv { name: var.name.value.clone(), value, span: var.span, from_image: false }
        }));
        all.sort_by(|a, b| a.name.cmp(&b.name));
        // of the same name the last one counts
        all.dedup_by(|next, kept| {
            let same = next.name == kept.name;
            if same {
                std::mem::swap(next, kept);
            }
            same
        });
        all
    }
}

fn instruction_launch(unit: &DockerfileUnit, stage: usize, item: usize, entrypoint: bool) -> Option<Launch> {
    let instruction = unit.ast.instruction(item)?;
    let (argv, shell_form) = match images::form(instruction)? {
        Form::Exec(words) => (words.clone(), false),
        Form::Shell(text) => {
            let shell = unit.shell_at(stage, item);
            let mut argv: Vec<Text> = shell.argv.iter().map(|w| Text::verbatim(w.clone(), instruction.head)).collect();
            argv.push(Text::verbatim(text.text.clone(), text.span));
            (argv, true)
        }
    };
    Some(Launch { entrypoint, span: instruction.head, argv, shell_form, instruction: Some((unit.index, item)) })
}

fn compose_launch(line: &CommandLine, entrypoint: bool) -> Option<Launch> {
    if line.argv.is_empty() {
        return None;
    }
    Some(Launch { entrypoint, span: line.span, argv: line.argv.clone(), shell_form: false, instruction: None })
}
