use crate::compose::MountKind;
use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::source::Span;
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::Command;

rule!(SourceMountShadowsImage, "binds/source-mount-shadows-image");

/// A folder that the image's build makes beside the source.
struct Made {
    path: String,
    at: Span,
    what: &'static str,
}

impl Rule for SourceMountShadowsImage {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            let Some((_, service)) = runtime.service.and_then(|at| stack.service(at)) else { continue };
            let Some((unit, stage)) = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))) else { continue };
            if reinstalls(runtime) {
                continue;
            }
            let context = runtime.build.and_then(|b| stack.builds.get(b)).and_then(|b| stack.context_of(b));
            // yarn's own settings may put the modules elsewhere
            let moved = context.is_some_and(|c| c.listing.entries.iter().any(|e| files::file_name(&e.path) == ".yarnrc"));
            let made: Vec<Made> =
                made(unit, stage).into_iter().filter(|m| !(moved && files::file_name(&m.path) == "node_modules")).collect();
            let made: Vec<Made> = made.into_iter().filter(|m| !is_put_elsewhere(unit, stage, &m.path)).collect();
            for mount in service.mounts.iter().filter(|m| m.kind == MountKind::Bind) {
                let target = files::normalize(&mount.target);
                let hidden = made.iter().find(|m| {
                    let below = files::strip_prefix(&target, &m.path).is_some_and(|rest| rest != ".");
                    let kept = service.mounts.iter().any(|other| {
                        let t = files::normalize(&other.target);
                        t.len() > target.len() && files::strip_prefix(&t, &m.path).is_some()
                    });
                    below && !kept
                });
                let Some(hidden) = hidden else { continue };
                cx.report(
                    mount.span,
                    format!(
                        "the mount hides `{}`, which the image {}: `{}` sees only what lies in the mounted folder",
                        hidden.path, hidden.what, service.name.value
                    ),
                )
                .label(hidden.at, "made here, at build time")
                .help(format!("keep it with a volume of its own (`- {}`), or mount only the folders that are edited", hidden.path));
            }
        }
    }
}

/// The start of the container installs again what the mount hides.
fn reinstalls(runtime: &crate::stack::Runtime) -> bool {
    runtime.processes.iter().any(|p| {
        let verb = p.args().first().map_or("", |a| a.value.as_str());
        matches!((p.name(), verb), ("npm" | "yarn" | "pnpm" | "bun" | "composer" | "bundle" | "poetry", "install" | "ci" | "i"))
            || (p.name() == "yarn" && p.args().is_empty())
    })
}

/// Whether the image has a folder of the same name at another place, made or moved there by a step, or on a search path.
fn is_put_elsewhere(unit: &DockerfileUnit, stage: usize, path: &str) -> bool {
    let name = files::file_name(path);
    let is_other = |word: &str| word.starts_with('/') && files::file_name(word) == name && files::normalize(word) != path;
    unit.chain(stage).into_iter().any(|n| {
        let steps = unit.ast.stages.get(n).into_iter().flat_map(|s| unit.ast.stage_instructions(s));
        let scripts = steps.filter(|(_, i)| matches!(i.op, Op::Run(_))).filter_map(|(item, _)| unit.script(item));
        let mut words = scripts.flat_map(|s| &s.commands).flat_map(|c| c.args()).filter_map(|w| w.literal());
        let values = unit.stages.get(n).into_iter().flat_map(|s| &s.env).filter_map(|e| e.value.as_deref());
        words.any(|w| is_other(&w)) || values.flat_map(|v| v.split(':')).any(|v| is_other(v.trim_end_matches("/.bin")))
    })
}

fn made(unit: &DockerfileUnit, stage: usize) -> Vec<Made> {
    let mut found = Vec::new();
    for n in unit.chain(stage) {
        let Some(ast) = unit.ast.stages.get(n) else { continue };
        for (item, instruction) in unit.ast.stage_instructions(ast) {
            if !matches!(instruction.op, Op::Run(_)) {
                continue;
            }
            let Some(script) = unit.script(item) else { continue };
            let mut dir = unit.workdir_at(n, item);
            for (_, command) in script.walk() {
                if command.name().as_deref() == Some("cd") && !command.place.subshell {
                    dir = match (&dir, command.words.get(1).and_then(|w| w.literal())) {
                        (Some(dir), Some(to)) => Some(files::join(dir, &to)),
                        (None, Some(to)) if to.starts_with('/') => Some(to.into_owned()),
                        _ => None,
                    };
                    continue;
                }
                found.extend(made_by(command, dir.as_deref(), unit, n, item));
            }
        }
    }
    found
}

fn made_by(command: &Command, dir: Option<&str>, unit: &DockerfileUnit, stage: usize, item: usize) -> Option<Made> {
    let effective = command.effective();
    let name = effective.name()?;
    let args: Vec<_> = effective.args().iter().filter_map(|w| w.literal()).collect();
    let first = args.iter().find(|a| !a.starts_with('-')).map_or("", |a| a.as_ref());
    let global = args.iter().any(|a| matches!(a.as_ref(), "-g" | "--global" | "--location=global"));
    let in_project = || {
        let value = unit.lookup(stage, item, "POETRY_VIRTUALENVS_IN_PROJECT");
        matches!(value, crate::stack::Lookup::Known(v) if matches!(v.to_lowercase().as_str(), "1" | "true" | "yes"))
    };
    let (path, what) = match (name.as_ref(), first) {
        ("npm", "install" | "ci" | "i" | "clean-install") | ("yarn" | "pnpm" | "bun", "install" | "i") | ("yarn", "") if !global => {
            ("node_modules", "installed")
        }
        ("composer", "install" | "update") => ("vendor", "installed"),
        ("poetry", "install") if in_project() => (".venv", "installed"),
        ("uv", "sync") if !matches!(unit.lookup(stage, item, "UV_PROJECT_ENVIRONMENT"), crate::stack::Lookup::Known(_)) => {
            (".venv", "installed")
        }
        ("npm" | "yarn" | "pnpm", "run") if args.iter().any(|a| a == "build") && args.len() <= 2 => return None,
        _ if (name == "virtualenv" || (name.starts_with("python") && args.iter().take(2).eq(["-m", "venv"]))) => {
            let place = args.iter().rfind(|a| !a.starts_with('-') && *a != "venv")?;
            return Some(Made { path: files::join(dir?, place), at: command.span, what: "made" });
        }
        _ => return None,
    };
    Some(Made { path: files::join(dir?, path), at: command.span, what })
}
