use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{looked_at, steps};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Form, Op};

rule!(ShellFormSignals, "quoting/shell-form-signals");

impl Rule for ShellFormSignals {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let looked_at = looked_at(unit, cx.stack);
        for stage in &unit.stages {
            if !looked_at.get(stage.index).copied().unwrap_or(true) {
                continue;
            }
            for step in steps(unit, stage.index) {
                let instruction = step.instruction;
                let (form, health) = match &instruction.op {
                    Op::Cmd(form) | Op::Entrypoint(form) => (form, false),
                    Op::Healthcheck(Some(form)) => (form, true),
                    _ => continue,
                };
                if !matches!(form, Form::Shell(_)) || instruction.error.is_some() {
                    continue;
                }
                let shell = unit.shell_at(stage.index, step.item);
                let name = instruction.keyword.name();
                let place = step.trigger.unwrap_or(instruction.head);
                let empty = instruction.args.iter().all(|a| a.trim().is_empty());
                let words = shell.argv.join(" ");
                let message = match (health, empty, instruction.rest.starts_with('[')) {
                    (true, ..) => format!("HEALTHCHECK goes through `{words}`, one more process for every probe"),
                    (_, true, _) => format!("{name} has no command: the container starts `{words}` with nothing to run"),
                    (_, _, true) => {
                        format!("{name} is no valid JSON, so it becomes a text for `{words}`, brackets and all")
                    }
                    _ => format!("{name} runs below `{words}`, which may keep the signals that `docker stop` sends from the program"),
                };
                let json = !health && shell.set_by.is_none();
                let own = step.trigger.is_none();
                let report = cx.report(place, message).help(if instruction.rest.starts_with('[') {
                    format!("write the JSON form with double quotes and no comma at the end: `{name} [\"program\", \"argument\"]`")
                } else {
                    format!("name the program in the JSON form: `{name} [\"program\", \"argument\"]`")
                });
                if health {
                    report.aliases(&["DL3025"]);
                } else if !own {
                    report.aliases(&["JSONArgsRecommended"]);
                } else if !json {
                    report.aliases(&["DL3025", "kics:not_using_json_in_cmd_and_entrypoint_arguments"]);
                }
            }
        }
    }
}
