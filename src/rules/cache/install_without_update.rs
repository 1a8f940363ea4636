use crate::rule::{Cx, Rule, rule};
use crate::rules::support::packages::{self, Manager, SYSTEM, System, Verb};
use crate::rules::support::steps::{self, Step};
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::stack::knowledge::{Distribution, distribution};

rule!(InstallWithoutUpdate, "cache/install-without-update");

impl Rule for InstallWithoutUpdate {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        if !unit.may_run(SYSTEM) {
            return;
        }
        for stage in 0..unit.stages.len() {
            let history = steps::history(unit, stage);
            for (n, step) in history.iter().enumerate().filter(|(_, s)| s.stage == stage) {
                let Some(install) = install_alone(unit, step) else { continue };
                let earlier = history.get(..n).unwrap_or_default();
                match earlier.iter().rev().find_map(|s| update(unit, s, install.manager).map(|span| (s.stage, span))) {
                    Some((from, update)) => report_stale(cx, unit, &install, from != stage, update),
                    None => report_empty(cx, unit, stage, earlier, &install),
                }
            }
        }
    }
}

fn report_stale(cx: &mut Cx<'_>, unit: &DockerfileUnit, install: &System<'_>, other_stage: bool, update: Span) {
    let stage = unit.ast.stage_of(unit.ast.items.partition_point(|i| i.span.end <= update.start)).and_then(|n| unit.stages.get(n));
    let whose = match stage.and_then(|s| s.name.clone()).filter(|_| other_stage) {
        Some(name) => format!("that stage `{name}` cached"),
        None => "that an earlier layer cached".to_owned(),
    };
    let update_text = cx.text(update).split_whitespace().collect::<Vec<_>>().join(" ");
    cx.report(install.head, format!("`{}` takes its packages from lists {whose}: once the mirrors move on it fails", title(install)))
        .label(update, "the lists come from here")
        .help(format!("run `{update_text}` in this RUN, before the install"));
}

/// Nothing fetches lists at all: known images of Debian's carry none.
fn report_empty(cx: &mut Cx<'_>, unit: &DockerfileUnit, stage: usize, earlier: &[Step<'_>], install: &System<'_>) {
    let Some(image) = unit.root_image(stage).filter(|i| i.official().is_some()) else { return };
    let opaque = |s: &Step<'_>| s.run(unit).is_some_and(|script| script.walk().any(|(_, c)| packages::is_opaque(c)));
    if install.manager != Manager::Apt || distribution(image) != Some(Distribution::Debian) || earlier.iter().any(opaque) {
        return;
    }
    cx.report(install.head, format!("`{}` finds no package: `{}` carries no package lists", title(install), image.text))
        .help("run `apt-get update` in this RUN, before the install");
}

fn title(install: &System<'_>) -> String {
    format!("{} {}", install.program, if install.manager == Manager::Apk { "add" } else { "install" })
}

/// The install of a RUN that fetches no lists itself.
fn install_alone<'a>(unit: &'a DockerfileUnit, step: &Step<'a>) -> Option<System<'a>> {
    let script = step.run(unit).filter(|s| s.may_run(SYSTEM))?;
    let holds_lists =
        |target: &str| target.starts_with("/var/lib/apt") || target.starts_with("/var/cache/apk") || target.starts_with("/etc/apk");
    if step.mounts().iter().any(|m| m.get("target").is_some_and(|t| holds_lists(t))) {
        return None;
    }
    for (_, command) in script.walk() {
        match packages::system(command) {
            Some(call) if !matches!(call.manager, Manager::Apt | Manager::Apk) => {}
            Some(call) if call.verb == Verb::Update => return None,
            Some(call) if call.verb == Verb::Install && call.needs_lists() => return (!fetches_itself(&call)).then_some(call),
            Some(_) => {}
            None if packages::is_opaque(command) || fetches(command) => return None,
            None => {}
        }
    }
    None
}

/// Whether an install brings its lists along.
fn fetches_itself(call: &System<'_>) -> bool {
    let has = |flags: &[&str]| call.args.iter().any(|w| flags.contains(&w.lossy().as_ref()));
    match call.manager {
        Manager::Apk => {
            has(&["--no-cache", "--update", "--update-cache", "--no-network", "--initdb", "--root", "-p"])
                || crate::syntax::shell::command::has_flag(call.args, "-U", "")
        }
        _ => has(&["--no-download", "--print-uris", "--update"]),
    }
}

/// `curl … | bash` and the like fetch lists where they set repositories up.
fn fetches(command: &crate::syntax::shell::Command) -> bool {
    command.effective().program().is_some_and(|p| ["bash", "sh", "dash", "zsh", "add-apt-repository"].contains(&p.as_ref()))
}

fn update(unit: &DockerfileUnit, step: &Step<'_>, manager: Manager) -> Option<Span> {
    let script = step.run(unit).filter(|s| s.may_run(SYSTEM))?;
    let calls = script.walk().filter_map(|(_, c)| packages::system(c));
    calls.into_iter().find(|c| c.manager == manager && c.verb == Verb::Update).map(|c| c.head)
}
