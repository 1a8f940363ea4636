use crate::diagnostic::{Applicability, Edit};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::dependencies::Tool;
use crate::rules::support::lockfiles::{self, Placed};
use crate::rules::support::steps;
use crate::stack::{BuildContext, DockerfileUnit, Lookup};
use crate::syntax::shell::Word;

rule!(InstallIgnoresLockfile, "cache/install-ignores-lockfile");

impl Rule for InstallIgnoresLockfile {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let context = steps::context(cx.stack, unit);
        for placed in lockfiles::installs(cx.stack, unit) {
            let Some(instead) = instead(unit, &placed, context) else { continue };
            let lockfile = placed.install.tool.lockfiles().iter().find_map(|name| Some((name, placed.brings(name, context)?)));
            let Some((name, brought)) = lockfile else { continue };
            let title = &placed.install.title;
            let mut report = cx
                .report(placed.install.head, format!("`{title}` may install other versions than `{name}` says, and nobody is told"))
                .help(format!("`{}` installs what the lockfile says, or fails", instead.reads));
            if let Some(copy) = brought.by {
                report = report.label(copy.step.instruction.head, "the lockfile is copied here");
            }
            if let Some(edit) = instead.edit {
                report.fix(format!("use `{}`", instead.reads), Applicability::Unsafe, vec![edit]);
            }
        }
    }
}

/// What keeps to the lockfile.
struct Instead {
    reads: String,
    edit: Option<Edit>,
}

fn instead(unit: &DockerfileUnit, placed: &Placed<'_>, context: Option<&BuildContext>) -> Option<Instead> {
    let install = &placed.install;
    let has = |flags: &[&str]| install.args.iter().any(|w| flags.contains(&w.lossy().split('=').next().unwrap_or_default()));
    let set = |names: &[&str]| {
        names.iter().any(|name| {
            let here = placed.command.assigns.iter().any(|a| a.name == *name);
            let env = match unit.lookup(placed.step.stage, placed.step.item, name) {
                Lookup::Known(value) => !["", "0", "false"].contains(&value.as_str()),
                Lookup::Unknown => true,
                Lookup::Unset => false,
            };
            here || env
        })
    };
    let verb = install.args.iter().find(|w| w.span.end == install.head.end);
    let add = |flag: &str| Instead { reads: format!("{} {flag}", install.title), edit: after(install.head.end, placed, flag) };
    match install.tool {
        Tool::Npm if verb.is_some_and(|v| ["install", "i", "add"].contains(&v.lossy().as_ref())) => {
            // `npm install --no-package-lock` says that it means it
            let meant =
                has(&["--no-package-lock", "--package-lock", "--package-lock-only", "--dry-run"]) || set(&["NPM_CONFIG_PACKAGE_LOCK"]);
            let edit = verb.filter(|v| is_plain(v)).map(|v| replace(v.span, "ci"));
            (!meant).then(|| Instead { reads: "npm ci".to_owned(), edit })
        }
        Tool::Yarn => {
            let frozen = has(&["--frozen-lockfile", "--immutable", "--pure-lockfile", "--immutable-cache", "--no-lockfile", "--offline"]);
            let modern = context.is_some_and(|c| c.listing.entries.iter().any(|e| e.path.ends_with(".yarnrc.yml")));
            let meant = frozen || set(&["CI", "YARN_ENABLE_IMMUTABLE_INSTALLS", "YARN_FROZEN_LOCKFILE"]);
            (!meant).then(|| add(if modern { "--immutable" } else { "--frozen-lockfile" }))
        }
        Tool::Pnpm if !install.title.ends_with("fetch") => {
            let meant =
                has(&["--frozen-lockfile", "--no-frozen-lockfile", "--lockfile-only"]) || set(&["CI", "NPM_CONFIG_FROZEN_LOCKFILE"]);
            (!meant).then(|| add("--frozen-lockfile"))
        }
        Tool::Bun => (!has(&["--frozen-lockfile", "--no-save"])).then(|| add("--frozen-lockfile")),
        Tool::Uv if install.title == "uv sync" => {
            let meant = has(&["--frozen", "--locked"]) || set(&["UV_FROZEN", "UV_LOCKED"]);
            (!meant).then(|| add("--locked"))
        }
        Tool::Pipenv if verb.is_some_and(|v| v.lossy() == "install") => {
            (!has(&["--deploy", "--ignore-pipfile"]) && !set(&["PIPENV_IGNORE_PIPFILE"])).then(|| add("--deploy"))
        }
        Tool::Composer if verb.is_some_and(|v| v.lossy() == "update") => {
            Some(Instead { reads: "composer install".to_owned(), edit: verb.filter(|v| is_plain(v)).map(|v| replace(v.span, "install")) })
        }
        _ => None,
    }
}

fn is_plain(word: &Word) -> bool {
    word.literal().is_some() && word.pieces.iter().all(|p| p.quote == crate::syntax::shell::Quote::None)
}

fn after(end: u32, placed: &Placed<'_>, flag: &str) -> Option<Edit> {
    let word = placed.command.words.iter().find(|w| w.span.end == end).filter(|w| is_plain(w))?;
    Some(replace(word.span.at_end(), format!(" {flag}")))
}
