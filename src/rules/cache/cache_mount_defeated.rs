use crate::rule::{Cx, Rule, rule};
use crate::rules::support::caches::{self, Filled, Kind};
use crate::rules::support::dependencies::Tool;
use crate::rules::support::packages::Manager;
use crate::rules::support::steps::{self, Step};
use crate::source::Span;
use crate::stack::knowledge::{Distribution, distribution};
use crate::stack::{DockerfileUnit, Lookup};
use crate::syntax::dockerfile::{Mount, Op};
use crate::syntax::shell::Command;

rule!(CacheMountDefeated, "cache/cache-mount-defeated");

impl Rule for CacheMountDefeated {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let caches = |op: &Op| matches!(op, Op::Run(run) if run.mounts.iter().any(|m| m.kind == "cache"));
        if !unit.ast.instructions().any(|(_, i)| caches(&i.op)) {
            return;
        }
        for stage in 0..unit.stages.len() {
            let history = steps::history(unit, stage);
            for (n, step) in history.iter().enumerate().filter(|(_, s)| s.stage == stage) {
                let earlier = history.get(..=n).unwrap_or_default();
                let Some(script) = step.run(unit) else { continue };
                let commands: Vec<&Command> = script.walk().map(|(_, c)| c).collect();
                for mount in step.mounts().iter().filter(|m| m.kind == "cache") {
                    let Some(target) = mount.get("target").and_then(|t| unit.expand_at(stage, step.item, t)) else { continue };
                    check(unit, cx, step, earlier, &commands, mount, &target);
                }
            }
        }
    }
}

fn check(
    unit: &DockerfileUnit,
    cx: &mut Cx<'_>,
    step: &Step<'_>,
    earlier: &[Step<'_>],
    commands: &[&Command],
    mount: &Mount,
    target: &str,
) {
    if target.starts_with("/var/cache/apt") {
        return apt(unit, cx, step, earlier, commands, mount);
    }
    let filled = commands.iter().enumerate().filter_map(|(n, c)| Some((n, caches::filled(c)?)));
    for (n, filled) in filled {
        let meant = caches::is_cache(filled.kind, target) || is_place(unit, step, &filled, target);
        if !meant || matches!(filled.kind, Kind::AptLists) {
            continue;
        }
        let rest = commands.get(n + 1..).unwrap_or_default();
        let emptied = rest.iter().find(|c| caches::empties(c, filled.kind, &filled.program) && !target.ends_with("/.cache"));
        if filled.told_not_to {
            say(
                cx,
                mount,
                &format!("`{}` is told to keep no cache, so this mount stays empty", filled.program),
                filled.head,
                "with a flag here",
                "drop the flag: what lies in the mount is no part of the image",
            );
        } else if let Some(set) = switched_off(unit, step, &filled) {
            say(
                cx,
                mount,
                &format!("`{}` is told to keep no cache, so this mount stays empty", filled.program),
                set,
                "by this variable",
                "drop the variable: what lies in the mount is no part of the image",
            );
        } else if let Some(command) = emptied {
            say(
                cx,
                mount,
                "this mount is emptied by the RUN that fills it",
                command.span,
                "emptied here",
                "drop the clean-up: what lies in the mount is no part of the image",
            );
        } else if let Some((place, by)) = elsewhere(unit, step, &filled, target) {
            say(
                cx,
                mount,
                &format!("`{}` caches in `{place}`, so this mount is never used", filled.program),
                by,
                "says where",
                &format!("mount the cache on `{place}`"),
            );
        }
        return;
    }
}

fn say(cx: &mut Cx<'_>, mount: &Mount, message: &str, at: Span, label: &str, help: &str) {
    cx.report(mount.span, message).label(at, label).help(help);
}

/// The images of Debian and Ubuntu remove each package right after it was installed, unless that hook is taken out.
fn apt(unit: &DockerfileUnit, cx: &mut Cx<'_>, step: &Step<'_>, earlier: &[Step<'_>], commands: &[&Command], mount: &Mount) {
    let installs = commands.iter().find_map(|c| {
        let call = crate::rules::support::packages::system(c)?;
        (call.manager == Manager::Apt && call.verb == crate::rules::support::packages::Verb::Install).then_some(call.head)
    });
    let official = unit.root_image(step.stage).filter(|i| i.official().is_some() && distribution(i) == Some(Distribution::Debian));
    let (Some(install), Some(image)) = (installs, official) else { return };
    let taken_out = earlier.iter().any(|s| {
        let words = ["docker-clean", "Keep-Downloaded-Packages", "apt.conf", "keep-cache"];
        let copies = matches!(&s.instruction.op, Op::Copy(c) | Op::Add(c) if c.dest.contains("/etc/apt"));
        let text = cx.text(s.instruction.span);
        copies || s.run(unit).is_some() && words.iter().any(|w| text.contains(w))
    });
    if !taken_out {
        let message =
            format!("apt removes each package after installing it, so this mount stays empty: `{}` is set up that way", image.text);
        cx.report(mount.span, message)
            .label(install, "downloads everything again")
            .help("run `rm -f /etc/apt/apt.conf.d/docker-clean` first");
    }
}

fn is_place(unit: &DockerfileUnit, step: &Step<'_>, filled: &Filled, target: &str) -> bool {
    place(unit, step, filled).is_some_and(|(p, _)| p.trim_end_matches('/') == target.trim_end_matches('/'))
}

/// The folder that a variable gives the tool.
fn place(unit: &DockerfileUnit, step: &Step<'_>, filled: &Filled) -> Option<(String, Span)> {
    let Kind::Language(tool) = filled.kind else { return None };
    let (name, _) = caches::variables(tool);
    let span = setting(unit, step, name)?;
    match unit.lookup(step.stage, step.item, name) {
        Lookup::Known(value) if value.starts_with('/') => Some((value, span)),
        _ => None,
    }
}

fn setting(unit: &DockerfileUnit, step: &Step<'_>, name: &str) -> Option<Span> {
    let sets = unit.chain(step.stage).into_iter().filter_map(|n| unit.stages.get(n)).flat_map(|s| s.env.iter().rev());
    sets.into_iter().find(|s| s.name == name && !name.is_empty() && (s.item < step.item)).map(|s| s.span)
}

fn switched_off(unit: &DockerfileUnit, step: &Step<'_>, filled: &Filled) -> Option<Span> {
    let Kind::Language(tool) = filled.kind else { return None };
    let (_, name) = caches::variables(tool);
    match unit.lookup(step.stage, step.item, name) {
        Lookup::Known(value) if caches::is_true(&value) => setting(unit, step, name),
        _ => None,
    }
}

/// Where the tool caches instead, where a variable or the user says so.
fn elsewhere(unit: &DockerfileUnit, step: &Step<'_>, filled: &Filled, target: &str) -> Option<(String, Span)> {
    let same = |a: &str| {
        a.trim_end_matches('/') == target.trim_end_matches('/')
            || target.starts_with(&format!("{}/", a.trim_end_matches('/')))
            || a.starts_with(&format!("{}/", target.trim_end_matches('/')))
    };
    if let Some((place, span)) = place(unit, step, filled) {
        return (!same(&place)).then_some((place, span));
    }
    // for another user the home folder is another one
    let Kind::Language(tool) = filled.kind else { return None };
    let user = unit.user_at(step.stage, step.item)?;
    let name = user.value.split(':').next().unwrap_or_default();
    let named = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic()) && name != "root";
    let unset = ["HOME", "XDG_CACHE_HOME"].iter().all(|v| unit.lookup(step.stage, step.item, v) == Lookup::Unset);
    let known = matches!(tool, Tool::Pip | Tool::Uv | Tool::Poetry | Tool::Npm);
    let at_root = target.strip_prefix("/root/");
    at_root.filter(|_| named && unset && known).map(|rest| (format!("/home/{name}/{rest}"), user.span))
}
