//! Values that differ in every build: commits, dates, build numbers; and the steps that are dear to run again for them.

use super::dependencies;
use super::packages::{self, Verb};
use super::steps::{self, Step};
use crate::source::Span;
use crate::stack::{DockerfileUnit, EnvSet};
use crate::syntax::dockerfile::Op;

/// Whether a name says that its value is another one for every build. Names that say "run again on purpose" are none.
pub(crate) fn is_per_build(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "GIT_SHA",
        "GIT_COMMIT",
        "GIT_REV",
        "GIT_REVISION",
        "GIT_HASH",
        "GIT_COMMIT_SHA",
        "GIT_COMMIT_HASH",
        "GIT_SHA1",
        "COMMIT",
        "COMMIT_SHA",
        "COMMIT_HASH",
        "COMMIT_ID",
        "COMMIT_REF",
        "SHA",
        "REVISION",
        "VCS_REF",
        "VCS_REVISION",
        "SOURCE_COMMIT",
        "SOURCE_VERSION",
        "BUILD_DATE",
        "BUILD_TIME",
        "BUILD_TIMESTAMP",
        "BUILDTIME",
        "BUILD_NUMBER",
        "BUILD_NUM",
        "BUILD_ID",
        "BUILD_SHA",
        "BUILD_COMMIT",
        "BUILD_REV",
        "BUILD_REVISION",
        "BUILD_URL",
        "CI_COMMIT_SHA",
        "CI_COMMIT_SHORT_SHA",
        "CI_PIPELINE_ID",
        "CI_JOB_ID",
        "GITHUB_SHA",
        "GITHUB_RUN_ID",
        "GITHUB_RUN_NUMBER",
        "SHORT_SHA",
        "HEROKU_SLUG_COMMIT",
        "RELEASE_SHA",
        "APP_REVISION",
        "APP_COMMIT",
        "CREATED",
        "DATE_CREATED",
        "TIMESTAMP",
    ];
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Names that are another one for every release, where the caller gives the value.
pub(crate) fn is_per_release(name: &str) -> bool {
    ["VERSION", "APP_VERSION", "RELEASE", "RELEASE_VERSION", "BUILD_VERSION", "IMAGE_VERSION", "PACKAGE_VERSION", "PROJECT_VERSION"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name))
}

/// A RUN that takes long and does not use a variable.
pub(crate) struct Dear {
    /// The command that takes long.
    pub(crate) span: Span,
    /// How it reads.
    pub(crate) title: String,
}

/// The first RUN of a stage after an item that installs something and does not read any of these names. `None` where a RUN before it reads one.
pub(crate) fn first_dear(unit: &DockerfileUnit, cx: &crate::rule::Cx<'_>, stage: usize, after: usize, names: &[&str]) -> Option<Dear> {
    for step in steps::own(unit, stage).filter(|s| s.item > after) {
        if !matches!(step.instruction.op, Op::Run(_)) {
            continue;
        }
        // a value that a step reads must be there; what comes after it runs again for that step's sake
        if names.iter().any(|n| mentions(cx.text(step.instruction.span), n)) {
            return None;
        }
        if let Some(dear) = dear(unit, &step) {
            return Some(dear);
        }
    }
    None
}

fn dear(unit: &DockerfileUnit, step: &Step<'_>) -> Option<Dear> {
    step.run(unit)?.walk().find_map(|(_, command)| {
        if let Some(call) = packages::system(command) {
            let title = format!("{} {}", call.program, packages::verb_word(&call));
            return matches!(call.verb, Verb::Install | Verb::Upgrade).then_some(Dear { span: call.head, title });
        }
        let install = dependencies::install(command)?;
        Some(Dear { span: install.head, title: install.title })
    })
}

/// Whether a text reads a variable.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text.get(..at).unwrap_or_default();
        let after = text.get(at + name.len()..).unwrap_or_default();
        let whole = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        whole
            && (before.ends_with('$')
                || before.ends_with("${")
                || before.ends_with("${!")
                || before.ends_with("%")
                || before.ends_with("env:"))
    })
}

/// The names that an ENV's value reads.
pub(crate) fn reads(set: &EnvSet, name: &str) -> bool {
    set.text.as_ref().is_some_and(|t| mentions(t, name))
}
