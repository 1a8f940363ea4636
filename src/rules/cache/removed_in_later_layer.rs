use std::cell::OnceCell;

use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::copies::{self, Copy};
use crate::rules::support::packages::{self, Manager, SYSTEM, Verb};
use crate::rules::support::steps::{self, Step};
use crate::source::Span;
use crate::stack::{DockerfileUnit, Lookup};
use crate::syntax::shell::{Command, Programs, Word};

rule!(RemovedInLaterLayer, "cache/removed-in-later-layer");

impl Rule for RemovedInLaterLayer {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        const REMOVERS: Programs = SYSTEM.and(Programs::of(&["rm"]));
        if !unit.may_run(REMOVERS) {
            return;
        }
        let mut shipped: Vec<usize> = unit.final_stages(cx.stack).into_iter().flat_map(|f| unit.chain(f)).collect();
        shipped.sort_unstable();
        shipped.dedup();
        for stage in shipped {
            let history = steps::history(unit, stage);
            let earlier: Vec<Earlier<'_>> = history.iter().map(|step| Earlier { step: *step, copy: OnceCell::new() }).collect();
            for (n, step) in history.iter().enumerate().filter(|(_, s)| s.stage == stage && s.mounts().is_empty()) {
                if !step.may_run(unit, REMOVERS) {
                    continue;
                }
                let earlier = earlier.get(..n).unwrap_or_default();
                for placed in step.commands(unit).into_iter().filter(|p| p.command.may_start(REMOVERS)) {
                    let found = match placed.command.effective().program().as_deref() {
                        Some("rm") => removed_file(unit, step, placed.command, placed.dir.as_deref(), earlier),
                        _ => removed_package(unit, placed.command, earlier),
                    };
                    // what this RUN made itself is gone with it
                    let Some((span, what, made)) = found.filter(|_| !makes_again(unit, step, placed.command)) else { continue };
                    cx.report(span, format!("{what} still ships: the layer that brought it keeps it, this one only hides it"))
                        .label(made, "brought here")
                        .help("remove it in the RUN that brings it, or build in a stage of its own");
                }
            }
        }
    }
}

/// Whether the lists that are removed were fetched again in this RUN.
fn makes_again(unit: &DockerfileUnit, step: &Step<'_>, command: &Command) -> bool {
    let lists = command.words.iter().any(|w| w.lossy().starts_with("/var/lib/apt"));
    lists && step.run(unit).is_some_and(|s| s.walk().any(|(_, c)| packages::system(c).is_some_and(|c| c.verb == Verb::Update)))
}

/// A step before a removal.
struct Earlier<'a> {
    step: Step<'a>,
    /// What it copies, read once for all that is removed later.
    copy: OnceCell<Option<Copy<'a>>>,
}

type Found = Option<(Span, String, Span)>;

fn value(unit: &DockerfileUnit, step: &Step<'_>, word: &Word) -> Option<String> {
    word.evaluate(&|name| match unit.lookup(step.stage, step.item, name) {
        Lookup::Known(value) => Some(value),
        _ => None,
    })
}

fn removed_file<'a>(unit: &'a DockerfileUnit, step: &Step<'_>, command: &Command, dir: Option<&str>, earlier: &[Earlier<'a>]) -> Found {
    for word in command.effective().operands(&[]) {
        let text = value(unit, step, word)?;
        let path = if text.starts_with('/') { files::normalize(&text) } else { files::join(dir?, &text) };
        for made in earlier.iter().rev() {
            if let Some(span) = brings(unit, made, &path) {
                return Some((word.span, format!("`{text}`"), span));
            }
        }
    }
    None
}

/// Whether a step puts a file, or a folder of its own, at a path or under a pattern.
fn brings<'a>(unit: &'a DockerfileUnit, earlier: &Earlier<'a>, path: &str) -> Option<Span> {
    let step = &earlier.step;
    let is = |made: &str| {
        let (dir, name) = (files::parent(path), files::file_name(path));
        made == path || name.contains('*') && files::parent(made) == dir && copies::glob(name, files::file_name(made))
    };
    if let Some(copy) = earlier.copy.get_or_init(|| copies::copy(unit, *step, None)) {
        let found = copy.sources.iter().any(|s| {
            let name = files::file_name(&s.path);
            let made =
                if copy.dest_is_dir && s.kind != copies::SourceKind::Dir { files::join(&copy.dest, name) } else { copy.dest.clone() };
            s.path != "." && s.kind != copies::SourceKind::Glob && is(&made)
        });
        return found.then_some(step.instruction.head);
    }
    const FETCHERS: Programs = Programs::of(&["curl", "wget", "git"]);
    let lists = path.starts_with("/var/lib/apt/lists") || path == "/var/lib/apt";
    let bringers = if lists { SYSTEM.and(FETCHERS) } else { FETCHERS };
    if !step.mounts().is_empty() || !step.may_run(unit, bringers) {
        return None;
    }
    step.commands(unit).into_iter().find_map(|placed| {
        if !placed.command.may_start(bringers) {
            return None;
        }
        if let Some(call) = packages::system(placed.command) {
            return (lists && call.manager == Manager::Apt && call.verb == Verb::Update).then_some(call.head);
        }
        let made = fetched(unit, step, placed.command, placed.dir.as_deref())?;
        (is(&made) && !removed_here(unit, step, &made)).then_some(placed.command.span)
    })
}

fn removed_here(unit: &DockerfileUnit, step: &Step<'_>, path: &str) -> bool {
    step.commands(unit).iter().any(|placed| {
        let name = placed.command.effective().program();
        matches!(name.as_deref(), Some("rm" | "mv"))
            && placed.command.effective().operands(&[]).iter().any(|w| {
                let text = value(unit, step, w).unwrap_or_default();
                let text = placed.dir.as_deref().map_or(text.clone(), |d| files::join(d, &text));
                text == path || files::strip_prefix(&text, path).is_some() || text.contains('*')
            })
    })
}

/// The file that a download writes, the folder that a clone makes.
fn fetched(unit: &DockerfileUnit, step: &Step<'_>, command: &Command, dir: Option<&str>) -> Option<String> {
    let effective = command.effective();
    let name = effective.program()?;
    let at = |text: &str| if text.starts_with('/') { Some(files::normalize(text)) } else { dir.map(|d| files::join(d, text)) };
    let known = |(text, _): (String, Span)| unit.expand_at(step.stage, step.item, &text).filter(|t| !t.contains('$'));
    let url = || effective.args().iter().find_map(|w| value(unit, step, w).filter(|v| v.contains("://")));
    let last = |url: String| {
        let path = url.split(['?', '#']).next().unwrap_or_default();
        path.rsplit('/').next().map(str::to_owned).filter(|n| n.contains('.'))
    };
    match name.as_ref() {
        "curl" => match effective.option("--output", "-o").and_then(known) {
            Some(out) => at(&out),
            None if effective.has_flag("-O", "--remote-name") => at(&last(url()?)?),
            None => None,
        },
        "wget" => match effective.option("--output-document", "-O").and_then(known) {
            Some(out) if out != "-" => at(&out),
            Some(_) => None,
            None if effective.option("", "-P").is_some() || effective.has_flag("-i", "") || command.place.pipe_len > 1 => None,
            None => at(&last(url()?)?),
        },
        "git" if effective.args().first().is_some_and(|w| w.lossy() == "clone") => {
            let operands = effective.operands(&["-b", "--branch", "--depth", "-c", "-j", "--jobs", "-o", "--origin"]);
            match operands.get(2) {
                Some(folder) => at(&value(unit, step, folder)?),
                None => at(value(unit, step, operands.get(1)?)?.rsplit('/').next()?.trim_end_matches(".git")),
            }
        }
        _ => None,
    }
}

fn removed_package(unit: &DockerfileUnit, command: &Command, earlier: &[Earlier<'_>]) -> Found {
    let call = packages::system(command).filter(|c| c.verb == Verb::Remove)?;
    for (name, span) in call.names() {
        for step in earlier.iter().rev().map(|e| e.step) {
            let Some(script) = step.run(unit) else { continue };
            for (_, command) in script.walk() {
                let Some(install) = packages::system(command).filter(|c| c.verb == Verb::Install && c.manager == call.manager) else {
                    continue;
                };
                let group = crate::syntax::shell::command::option(install.args, "--virtual", "-t").is_some_and(|(v, _)| v == name);
                if group || install.names().iter().any(|(n, _)| *n == name) {
                    return Some((span, format!("`{name}`"), install.head));
                }
            }
        }
    }
    None
}
