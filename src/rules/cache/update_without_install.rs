use crate::diagnostic::{Applicability, Edit};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::packages::{self, Manager, SYSTEM, System, Verb};
use crate::rules::support::steps::{self, Step};
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Form, Instruction, Op};
use crate::syntax::shell::{Join, Script};

rule!(UpdateWithoutInstall, "cache/update-without-install");

impl Rule for UpdateWithoutInstall {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        if !unit.may_run(SYSTEM) {
            return;
        }
        for stage in 0..unit.stages.len() {
            let steps: Vec<_> = steps::own(unit, stage).collect();
            for (n, step) in steps.iter().enumerate() {
                let Some(update) = step.run(unit).filter(|s| s.may_run(SYSTEM)).and_then(lone_update) else { continue };
                let covered = |m: &crate::syntax::dockerfile::Mount| m.get("target").is_some_and(|t| t.starts_with("/var/lib/apt"));
                if step.mounts().iter().any(covered) {
                    continue;
                }
                let later = steps.get(n + 1..).unwrap_or_default();
                let install = later.iter().find_map(|s| install_span(unit, s, update.manager));
                let message = format!(
                    "the lists that `{}` fetches are kept for good: later installs use them however old they are",
                    text(cx, update.head)
                );
                let join = steps.get(n + 1).and_then(|next| join(unit, step, next, update.manager));
                let mut report = cx.report(update.head, message).help("update and install in one RUN, so that both run again together");
                if let Some(install) = install {
                    report = report.label(install, "installs from these lists");
                }
                if let Some(edit) = join {
                    report.fix("join it with the install that follows", Applicability::Safe, vec![edit]);
                }
            }
        }
    }
}

fn text(cx: &Cx<'_>, span: Span) -> String {
    cx.text(span).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The update of a RUN that does nothing with what it fetched.
fn lone_update(script: &Script) -> Option<System<'_>> {
    let mut update = None;
    for (_, command) in script.walk() {
        match packages::system(command) {
            Some(call) if matches!(call.manager, Manager::Yum | Manager::Dnf) => return None,
            Some(call) if call.verb == Verb::Update => update = Some(call),
            Some(call) if matches!(call.verb, Verb::Install | Verb::Upgrade) => return None,
            Some(_) => {}
            None if packages::is_opaque(command) => return None,
            None => {}
        }
    }
    update
}

fn install_span(unit: &DockerfileUnit, step: &Step<'_>, manager: Manager) -> Option<Span> {
    let script = step.run(unit).filter(|s| s.may_run(SYSTEM))?;
    let calls = script.walk().filter_map(|(_, c)| packages::system(c));
    calls.into_iter().find(|c| c.manager == manager && c.verb == Verb::Install).map(|c| c.head)
}

/// The edit that makes one RUN of two neighbours, where nothing stands between them that it would lose.
fn join(unit: &DockerfileUnit, step: &Step<'_>, next: &Step<'_>, manager: Manager) -> Option<Edit> {
    install_span(unit, next, manager)?;
    let (first, second) = (joinable(unit, step)?, joinable(unit, next)?);
    if next.item != step.item + 1 || unit.ast.escape != '\\' {
        return None;
    }
    let gap = Span { end: second.rest.span.start, ..first.span.at_end() };
    Some(replace(gap, " \\\n    && "))
}

/// A RUN that can be joined to another with `&&`: plain shell text that is one list of commands.
fn joinable<'a>(unit: &'a DockerfileUnit, step: &Step<'a>) -> Option<&'a Instruction> {
    let instruction = step.instruction;
    let shell = matches!(&instruction.op, Op::Run(run) if matches!(run.form, Form::Shell(_)));
    let script = step.run(unit)?;
    let joined = script.commands.iter().all(|c| matches!(c.place.join, Join::First | Join::And) && c.place.depth == 0);
    (shell && instruction.flags.is_empty() && instruction.heredocs.is_empty() && joined && script.errors.is_empty()).then_some(instruction)
}
