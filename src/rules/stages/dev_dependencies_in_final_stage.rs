use std::borrow::Cow;

use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::dependencies::{self, INSTALLERS, Install, Needs, Tool};
use crate::rules::support::purpose;
use crate::rules::support::steps::{self, Step};
use crate::source::Span;
use crate::stack::{DockerfileUnit, Lookup};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{Command, Script, Word};

rule!(DevDependenciesInFinalStage, "stages/dev-dependencies-in-final-stage");

impl Rule for DevDependenciesInFinalStage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let mut said: Vec<Span> = Vec::new();
        for &stage in &purpose::serving_stages(unit, cx).0 {
            let history = steps::history(unit, stage);
            let mut found = shipped(unit, &history);
            for (n, step) in history.iter().enumerate() {
                let Some(from) = modules_from(unit, step) else { continue };
                let cleaned =
                    history.get(n..).unwrap_or_default().iter().any(|s| s.run(unit).is_some_and(|r| r.walk().any(|(_, c)| prunes(c))));
                if !cleaned {
                    found.extend(shipped(unit, &steps::history(unit, from)).into_iter().filter(|f| f.node));
                }
            }
            for kept in found {
                if said.contains(&kept.span) {
                    continue;
                }
                said.push(kept.span);
                let name =
                    unit.stages.get(stage).and_then(|s| s.name.as_deref()).map_or("the image".to_owned(), |n| format!("stage `{n}`"));
                let mut report = cx
                    .report(kept.span, format!("what `{}` puts in for building and testing ships with {name}", kept.title))
                    .help(kept.help);
                if let Some(build) = kept.build {
                    report = report.label(build, "needed up to here");
                }
                let _ = report;
            }
        }
    }
}

struct Kept {
    span: Span,
    title: String,
    help: &'static str,
    build: Option<Span>,
    node: bool,
}

/// The installs of a history that leave packages for developers at its end.
fn shipped(unit: &DockerfileUnit, history: &[Step<'_>]) -> Vec<Kept> {
    let mut found: Vec<Kept> = Vec::new();
    for step in history {
        // what builds and what prunes matters only after an install
        if found.is_empty() && !step.may_run(unit, INSTALLERS) {
            continue;
        }
        for (_, command) in step.run(unit).into_iter().flat_map(Script::walk) {
            if prunes(command) {
                found.retain(|k| !k.node);
                continue;
            }
            if builds(command) {
                for kept in found.iter_mut().filter(|k| k.node) {
                    kept.build = Some(command.span);
                }
            }
            let Some(install) = dependencies::install(command) else { continue };
            let Needs::Manifests(manifests) = &install.needs else { continue };
            if install.tool.is_node() {
                found.retain(|k| !k.node || k.title.starts_with("composer"));
            }
            if let Some(help) = takes_dev(unit, step, &install, manifests) {
                found.push(Kept { span: install.head, title: install.title.clone(), help, build: None, node: install.tool.is_node() });
            }
        }
    }
    // a build step says that there are packages which only the build needs
    found.retain(|k| !k.node || k.build.is_some());
    found
}

fn takes_dev(unit: &DockerfileUnit, step: &Step<'_>, install: &Install<'_>, manifests: &[String]) -> Option<&'static str> {
    let words: Vec<_> = install.args.iter().map(Word::lossy).collect();
    let has = |flags: &[&str]| words.iter().any(|w| flags.contains(&w.as_ref()));
    let env = |name: &str| match unit.lookup(step.stage, step.item, name) {
        Lookup::Known(value) => Some(value),
        Lookup::Unknown => Some(String::new()),
        Lookup::Unset => None,
    };
    match install.tool {
        tool if tool.is_node() => {
            let without = has(&["--production", "--prod", "-P", "--omit=dev", "--only=production", "--only=prod", "--production=true"])
                || words
                    .windows(2)
                    .any(|w| matches!(w, [a, b] if (a == "--omit" && b == "dev") || (a == "--only" && b.starts_with("prod"))));
            let with = has(&["--production=false", "--include=dev", "--dev", "-D"]) || words.windows(2).any(|w| w == ["--include", "dev"]);
            let environment = env("NODE_ENV").is_some_and(|v| v.is_empty() || v == "production")
                || env("NPM_CONFIG_PRODUCTION").is_some()
                || env("NPM_CONFIG_OMIT").is_some();
            (!without && (with || !environment))
                .then_some("after the build run `npm prune --omit=dev`, or copy the result into a stage that installs without them")
        }
        Tool::Composer => {
            let verb = words.iter().any(|w| w == "install" || w == "update");
            (verb && !has(&["--no-dev"]) && env("COMPOSER_NO_DEV").is_none()).then_some("add `--no-dev`")
        }
        Tool::Pip | Tool::Uv if install.title != "uv sync" => {
            manifests.iter().any(|m| is_dev_file(m)).then_some("install what the image runs on from a requirements file of its own")
        }
        Tool::Pipenv => has(&["--dev", "-d"]).then_some("drop `--dev`"),
        Tool::Poetry => words
            .windows(2)
            .any(|w| matches!(w, [a, b] if a == "--with" && b.split(',').any(|g| g == "dev" || g == "test")))
            .then_some("leave the group out with `--only main`"),
        _ => None,
    }
}

fn is_dev_file(path: &str) -> bool {
    let stem = files::file_name(path).split('.').next().unwrap_or_default().to_lowercase();
    stem.split(['-', '_']).any(|w| ["dev", "develop", "development", "test", "tests", "testing", "lint"].contains(&w))
}

fn words(command: &Command) -> Vec<Cow<'_, str>> {
    command.effective().words.iter().map(Word::lossy).collect()
}

fn builds(command: &Command) -> bool {
    let effective = command.effective();
    let name = effective.program().unwrap_or_default();
    let mut rest = effective.args().iter().map(Word::lossy);
    match name.as_ref() {
        "npm" | "pnpm" | "yarn" | "bun" => rest.any(|w| w == "build" || w.starts_with("build:")),
        "tsc" => true,
        "vite" | "next" | "nuxt" | "ng" | "nest" | "webpack" | "rollup" | "turbo" | "nx" => {
            name == "webpack" || name == "rollup" || rest.any(|w| w == "build")
        }
        _ => false,
    }
}

/// Takes the packages for developers out again.
fn prunes(command: &Command) -> bool {
    match command.effective().program().as_deref() {
        Some("npm" | "pnpm" | "yarn") => {
            let words = words(command);
            words.iter().any(|w| w == "prune" || w == "deploy") || words.windows(3).any(|w| w == ["workspaces", "focus", "--production"])
        }
        Some("rm") => words(command).iter().any(|w| w.contains("node_modules")),
        Some("node-prune" | "modclean") => true,
        _ => false,
    }
}

/// The stage that a COPY takes `node_modules` from.
fn modules_from(unit: &DockerfileUnit, step: &Step<'_>) -> Option<usize> {
    let Op::Copy(copy) = &step.instruction.op else { return None };
    copy.from.as_ref()?;
    let modules = copy.sources.iter().any(|s| s.trim_end_matches('/').ends_with("node_modules"));
    let need = unit.stages.get(step.stage)?.needs.iter().find(|n| n.item == step.item)?;
    modules.then_some(need.stage)
}
