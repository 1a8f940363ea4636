use crate::rule::{Cx, Rule, rule};
use crate::rules::support::broken_json::falls_back;
use crate::rules::support::instructions::{Step, blocks, looked_at, steps};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Form, Op};

rule!(ShellFormSignals, "quoting/shell-form-signals");

const KICS: &str = "kics:not_using_json_in_cmd_and_entrypoint_arguments";

impl Rule for ShellFormSignals {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let looked_at = looked_at(unit, cx.stack);
        for block in blocks(unit) {
            let Some(stage) = block.stage else {
                for (item, instruction) in block.instructions {
                    check(unit, None, &Step { item, instruction, trigger: None }, cx);
                }
                continue;
            };
            if looked_at.get(stage).copied().unwrap_or(true) {
                steps(unit, stage).iter().for_each(|step| check(unit, Some(stage), step, cx));
            }
        }
    }
}

fn check(unit: &DockerfileUnit, stage: Option<usize>, step: &Step<'_>, cx: &mut Cx<'_>) {
    let instruction = step.instruction;
    let (form, health) = match &instruction.op {
        Op::Cmd(form) | Op::Entrypoint(form) => (form, false),
        Op::Healthcheck(Some(form)) => (form, true),
        _ => return,
    };
    if !matches!(form, Form::Shell(_)) || (stage.is_some() && instruction.error.is_some()) {
        return;
    }
    // `json-form-falls-back` says so
    if !health && stage.is_some() && step.trigger.is_none() && falls_back(instruction) {
        return;
    }
    let shell = stage.map(|stage| unit.shell_at(stage, step.item));
    let words = shell.as_ref().map_or_else(|| "/bin/sh -c".to_owned(), |s| s.argv.join(" "));
    let name = instruction.keyword.name();
    let empty = instruction.args().iter().all(|a| a.trim().is_empty());
    let brackets = instruction.rest.starts_with('[');
    let message = match (health, empty, brackets) {
        (true, ..) => format!("HEALTHCHECK goes through `{words}`, one more process for every probe"),
        (_, true, _) => format!("{name} has no command: the container starts `{words}` with nothing to run"),
        (_, _, true) => format!("{name} is no valid JSON, so it becomes a text for `{words}`, brackets and all"),
        _ => format!("{name} runs below `{words}`, which may keep the signals that `docker stop` sends from the program"),
    };
    let help = if brackets {
        format!("write the JSON form with double quotes and no comma at the end: `{name} [\"program\", \"argument\"]`")
    } else {
        format!("name the program in the JSON form: `{name} [\"program\", \"argument\"]`")
    };
    let report = cx.report(step.trigger.unwrap_or(instruction.head), message).help(help);
    if health {
        report.aliases(&["DL3025"]);
    } else if step.trigger.is_some() {
        report.aliases(&["JSONArgsRecommended"]);
    } else if shell.is_none_or(|s| s.set_by.is_some()) {
        report.aliases(&["DL3025", KICS]);
    } else if stage.is_some_and(|n| n + 1 < unit.stages.len()) {
        // KICS looks at the last stage alone
        report.without_aliases(&[KICS]);
    }
}
