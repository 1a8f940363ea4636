use std::cell::OnceCell;

use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::substitution::Surroundings;
use crate::rules::support::{steps, variables};
use crate::source::Span;
use crate::stack::{DockerfileUnit, EnvSet, Lookup};
use crate::syntax::dockerfile::{Op, unquote};
use crate::syntax::shell::{Quote, Script};

rule!(ArgOutOfScope, "stages/arg-out-of-scope");

impl Rule for ArgOutOfScope {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        at_run_time(unit, cx);
        let mut globals: Vec<(String, Span)> = Vec::new();
        for (_, instruction) in unit.ast.global() {
            if let Op::Arg(pairs) = &instruction.op {
                globals.extend(pairs.iter().map(|p| (unquote(&p.key, unit.ast.escape).value, p.span)));
            }
        }
        if globals.is_empty() {
            return;
        }
        for stage in &unit.stages {
            let mut said: Vec<&str> = Vec::new();
            for step in steps::own(unit, stage.index) {
                let Some(script) = step.run(unit) else { continue };
                for (name, declared) in &globals {
                    if !step.instruction.rest.contains(name.as_str()) && step.instruction.heredocs.is_empty() {
                        continue;
                    }
                    let set = unit.lookup(stage.index, step.item, name) != Lookup::Unset || said.contains(&name.as_str());
                    let used = if set { None } else { read(script, name) };
                    let Some(used) = used.filter(|_| !is_set_in(script, name)) else { continue };
                    said.push(name);
                    let base = unit.root_image(stage.index);
                    if base.is_some_and(|b| b.official().is_none()) && !declared_after(unit, stage.index, name) {
                        continue;
                    }
                    let at = stage.from.at_end();
                    // ShellCheck leaves names in capitals to the environment
                    let capitals = !name.contains(|c: char| c.is_ascii_lowercase());
                    cx.report(
                        used,
                        format!("`{name}` is empty here: an ARG above FROM is not seen in a stage that does not declare it again"),
                    )
                    .without_aliases(if capitals { &["SC2154"] } else { &[] })
                    .label(*declared, "declared for the FROM lines only")
                    .help(format!("write `ARG {name}` in this stage, above the RUN"))
                    .fix(
                        format!("declare `{name}` in the stage"),
                        Applicability::Unsafe,
                        vec![replace(at, format!("\nARG {name}"))],
                    );
                }
            }
        }
    }
}

/// What a container starts reads an ARG of its stage, which ended with the build.
fn at_run_time(unit: &DockerfileUnit, cx: &mut Cx<'_>) {
    for stage in unit.stages.iter().filter(|s| s.env.iter().any(|e| e.arg)) {
        let args: OnceCell<Vec<&EnvSet>> = OnceCell::new();
        let args = || args.get_or_init(|| unit.settings(stage.index, usize::MAX).into_iter().filter(|s| s.arg).collect());
        for step in steps::own(unit, stage.index) {
            if !matches!(step.instruction.op, Op::Cmd(_) | Op::Entrypoint(_) | Op::Healthcheck(_)) || !step.instruction.rest.contains('$') {
                continue;
            }
            let Some(script) = unit.scripts.get(&step.item) else { continue };
            let (stack, around) = (cx.stack, OnceCell::new());
            let around = || around.get_or_init(|| Surroundings::of(stack, script));
            let lost = args().iter().find_map(|arg| {
                let used = read(&script.script, &arg.name)?;
                // whoever starts containers for others gives them a PORT
                let given = arg.name == "PORT" && arg.value.is_none() && !around().is_run_by_compose();
                let without = if around().is_gone(&arg.name) { Vec::new() } else { around().services_without(&arg.name) };
                let gone = around().is_gone(&arg.name) && !given || !without.is_empty();
                let lost = gone && !is_set_in(&script.script, &arg.name) && !may_come_along(unit, stage.index, &arg.name);
                lost.then_some((*arg, used, without.into_iter().next()))
            });
            let Some((arg, used, service)) = lost else { continue };
            let name = &arg.name;
            let message = match service {
                Some(service) => {
                    format!("`{name}` is empty here in the service `{service}`: an ARG ends with the build, and nothing else gives it one")
                }
                None => format!("`{name}` is empty here: an ARG ends with the build, and no container has it"),
            };
            let report = cx
                .report(used, message)
                .aliases(&[])
                .label(arg.span, "set while the image is built")
                .help(format!("write `ENV {name}=${name}` below the ARG"));
            let Some(declared) = unit.ast.instruction(arg.item).filter(|i| matches!(i.op, Op::Arg(_))) else { continue };
            let edit = replace(declared.rest.span.at_end(), format!("\nENV {name}=${name}"));
            report.fix(format!("keep `{name}` as an ENV"), Applicability::Unsafe, vec![edit]);
        }
    }
}

/// Whether the base image may set it.
fn may_come_along(unit: &DockerfileUnit, stage: usize, name: &str) -> bool {
    unit.root_image(stage).is_some_and(|image| match variables::image_env(image) {
        Some(names) => names.contains(&name),
        None => image.official().is_none(),
    })
}

/// Of an image that is not well known the variable may come along; not where the stage itself declares it, too late.
fn declared_after(unit: &DockerfileUnit, stage: usize, name: &str) -> bool {
    unit.stages.get(stage).is_some_and(|s| s.env.iter().any(|e| e.name == name))
}

/// Whether the script gives the variable a value itself.
fn is_set_in(script: &Script, name: &str) -> bool {
    let looped = script.groups.iter().any(|g| matches!(&g.kind, crate::syntax::shell::GroupKind::For(v) if v == name));
    looped
        || script.walk().any(|(_, c)| {
            let assigned = c.assigns.iter().any(|a| a.name == name);
            let words = || c.words.iter().any(|w| w.lossy() == name || w.lossy().starts_with(&format!("{name}=")));
            let sourced = c.words.first().is_some_and(|w| [".", "source", "eval"].contains(&w.lossy().as_ref()));
            assigned || sourced || words()
        })
}

/// Where the script reads the variable, without a value to fall back on.
fn read(script: &Script, name: &str) -> Option<Span> {
    script.walk().find_map(|(_, command)| {
        let words = command.words.iter().chain(command.assigns.iter().filter_map(|a| a.value.as_ref()));
        words.into_iter().find_map(|word| {
            let found = word.params().find(|(p, piece)| p.name == name && p.modifier.is_empty() && piece.quote != Quote::Single);
            found.map(|(_, piece)| piece.span)
        })
    })
}
