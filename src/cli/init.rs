//! `stacklint init`: a configuration that fits what is there, and what makes a check happen by itself.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::Failure;
use crate::discover;
use crate::files::{Disk, Files};
use crate::rule::{Config, FailOn, OWN_NAMES};
use crate::stack::{self, Base, ImageRef, LabelKind, Stack};

/// The arguments of `stacklint init`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
    /// Have pre-commit check before every commit
    #[arg(long)]
    pre_commit: bool,
    /// Have GitHub check every pull request
    #[arg(long)]
    github: bool,
}

const PRE_COMMIT: &str = ".pre-commit-config.yaml";
const WORKFLOW: &str = ".github/workflows/stacklint.yml";
const SCHEMA: &str = "https://raw.githubusercontent.com/stacklint/stacklint/main/docs/stacklint.schema.json";
const REVISION: &str = concat!("v", env!("CARGO_PKG_VERSION"));

/// Folders of stacks that are usually not meant to be in order.
const ASIDE: [&str; 10] = ["example", "examples", "fixtures", "sample", "samples", "test", "testdata", "tests", "third_party", "vendor"];

pub(super) fn run(args: &Args) -> Result<u8, Failure> {
    let disk = Disk::new(".");
    let there = |path: &&str| disk.kind(path).is_some();
    let own = OWN_NAMES.iter().copied().find(|path| there(path));
    let taken = own.into_iter().chain(args.github.then_some(WORKFLOW).filter(there)).find(|_| !args.force);
    if let Some(path) = taken {
        return Err(format!("{path} is there already; --force writes over it"));
    }
    let found = discover::find(&[".".to_owned()], &|_| false);
    let stack = stack::load(&stack::Request { candidates: found.candidates, ..stack::Request::default() }, &disk);
    let others = super::settings::of_others(&disk);
    let read = |path: &String| super::settings::read(Some(path), ".", &disk, &super::here());
    let carried = others.iter().map(read).reduce(|all, one| Ok(all?.beside(one?))).transpose()?;
    let [first, ..] = OWN_NAMES;
    write(own.unwrap_or(first), &configuration(&stack, carried.as_ref().map(|config| (others.join(" and "), config))))?;
    if args.pre_commit {
        pre_commit(&disk)?;
    }
    if args.github {
        write(WORKFLOW, &workflow())?;
    }
    if stack.dockerfiles.is_empty() && stack.projects.is_empty() {
        super::say("stacklint: there is no Dockerfile and no Compose file in this folder yet");
    }
    super::say(
        "next: `stacklint check`; `stacklint check --write-baseline .stacklint-baseline.json` accepts what is there, for later runs with --baseline",
    );
    Ok(0)
}

fn write(path: &str, text: &str) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| format!("cannot write {path}: {}", super::reason(&error));
    std::fs::create_dir_all(crate::files::parent(path)).map_err(cannot)?;
    std::fs::write(path, text).map_err(cannot)?;
    super::say(&format!("wrote {path}"));
    Ok(())
}

/// The hook of a file that is there stands beside others, and where only its owner knows.
fn pre_commit(disk: &Disk) -> Result<(), Failure> {
    let hook = format!("  - repo: https://github.com/stacklint/stacklint\n    rev: {REVISION}\n    hooks:\n      - id: stacklint\n");
    if disk.kind(PRE_COMMIT).is_none() {
        return write(PRE_COMMIT, &format!("repos:\n{hook}"));
    }
    let text = disk.read(PRE_COMMIT).map_err(|error| format!("cannot read {PRE_COMMIT}: {error}"))?;
    if String::from_utf8_lossy(&text).contains("id: stacklint") {
        super::say(&format!("{PRE_COMMIT} has the hook already"));
        return Ok(());
    }
    super::say(&format!("{PRE_COMMIT} is there; add this to its `repos`:"));
    super::print(&hook);
    Ok(())
}

fn workflow() -> String {
    format!(
        "name: stacklint\non:\n  push:\n    branches: [main, master]\n  pull_request:\npermissions:\n  contents: read\njobs:\n  check:\n    \
         runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: stacklint/stacklint@{REVISION}\n"
    )
}

/// A configuration; `carried` is what was said to other linters, and in which files.
fn configuration(stack: &Stack, carried: Option<(String, &Config)>) -> String {
    let default = Config::default();
    let config = carried.as_ref().map_or(&default, |(_, config)| config);
    let mut out = format!("# yaml-language-server: $schema={SCHEMA}\n");
    let _ = writeln!(out, "# What stacklint does in this project. `stacklint rules` lists the rules, `stacklint explain RULE` prints one.");
    let _ = writeln!(out, "# Here are {}.", inventory(stack));
    if let Some((path, _)) = &carried {
        let _ = writeln!(out, "# What {path} says was taken over; it is no longer read.");
    }
    let mut section = |why: &str, set: Option<String>, example: &str| {
        let line = set.unwrap_or_else(|| format!("# {example}"));
        let _ = writeln!(out, "\n# {why}\n{line}");
    };
    let some = |key: &str, list: &[String]| (!list.is_empty()).then(|| format!("{key}: {}", flow(list)));
    section("The rules to start from: recommended, strict, hadolint, buildkit or security.", Some("preset: recommended".to_owned()), "");
    let fail_on = match config.fail_on {
        Some(FailOn::Never) => "never",
        Some(FailOn::Severity(severity)) => severity.name(),
        None => "warning",
    };
    section("The lowest severity that makes a check fail: error, warning, info, style, or never.", Some(format!("fail-on: {fail_on}")), "");
    section(
        "Rules that do not run, by their name, their category, or the id that another linter has for them.",
        some("ignore", &config.ignore),
        "ignore: [links, DL3008]",
    );
    section("Rules beyond the preset.", some("extend-select", &config.extend_select), "extend-select: [missing-limits]");
    let severities: Vec<String> = config.severities.iter().map(|(name, severity)| format!("{}: {}", word(name), severity.name())).collect();
    let severities = (!severities.is_empty()).then(|| format!("severity: {{{}}}", severities.join(", ")));
    section("Other severities.", severities, "severity: {untagged-image: error}");
    section("Paths that are not looked at.", some("exclude", &config.exclude.written), &format!("exclude: {}", flow(&aside(stack))));
    section("What counts for some paths only.", None, "overrides: [{files: [\"dev/**\"], ignore: [debug-mode-enabled]}]");
    let registries = registries(stack);
    let why = match registries.is_empty() {
        true => "The registries that images may come from.".to_owned(),
        false => format!("The registries that images may come from; in use are {}.", registries.join(", ")),
    };
    let example = if registries.is_empty() { vec!["docker.io".to_owned()] } else { registries };
    section(&why, some("trusted-registries", &config.options.trusted_registries), &format!("trusted-registries: {}", flow(&example)));
    let kind = |kind: LabelKind| LabelKind::ALL.iter().find(|(_, other)| *other == kind).map_or("text", |(word, _)| *word);
    let labels: Vec<String> = config.options.label_schema.iter().map(|(name, of)| format!("{}: {}", word(name), kind(*of))).collect();
    let labels = (!labels.is_empty()).then(|| format!("label-schema: {{{}}}", labels.join(", ")));
    section("Labels that every image must have, and what they hold.", labels, "label-schema: {org.opencontainers.image.source: url}");
    section(
        "Whether other labels are faults.",
        config.options.strict_labels.then(|| "strict-labels: true".to_owned()),
        "strict-labels: true",
    );
    out
}

fn inventory(stack: &Stack) -> String {
    let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    let compose: BTreeSet<_> = stack.projects.iter().flat_map(|project| &project.files).collect();
    let services: usize = stack.projects.iter().map(|project| project.services.len()).sum();
    let dockerfiles = stack.dockerfiles.iter().filter(|unit| unit.inline.is_none()).count();
    let mut parts = vec![count(dockerfiles, "Dockerfile"), count(compose.len(), "Compose file")];
    if services > 0 {
        parts.push(count(services, "service"));
    }
    parts.join(", ")
}

/// The folders of examples and tests that hold a part of a stack.
fn aside(stack: &Stack) -> Vec<String> {
    let mut found = BTreeSet::new();
    for file in &stack.checked {
        let path = stack.sources.path(*file);
        let mut dir = String::new();
        for part in crate::files::parent(path).split('/') {
            dir = crate::files::join(&dir, part);
            if ASIDE.contains(&part) {
                found.insert(format!("{dir}/**"));
                break;
            }
        }
    }
    if found.is_empty() { vec!["examples/**".to_owned()] } else { found.into_iter().collect() }
}

/// The registries that base images and services' images come from.
fn registries(stack: &Stack) -> Vec<String> {
    let bases = stack.dockerfiles.iter().flat_map(|unit| &unit.stages).filter_map(|stage| match &stage.base {
        Base::Image(image) => Some(image.clone()),
        _ => None,
    });
    let pulled = stack.projects.iter().flat_map(|project| &project.services).filter(|service| service.build.is_none());
    let images = pulled.filter_map(|service| Some(ImageRef::parse(&service.image.as_ref()?.value)));
    let host = |image: ImageRef| image.registry.unwrap_or_else(|| "docker.io".to_owned());
    let known: BTreeSet<String> = bases.chain(images).filter(|image| !image.text.contains('$')).map(host).collect();
    known.into_iter().collect()
}

fn flow(list: &[String]) -> String {
    format!("[{}]", list.iter().map(|text| word(text)).collect::<Vec<_>>().join(", "))
}

/// A word of YAML, in quotes where it needs them.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    let number = text.parse::<f64>().is_ok();
    match !text.is_empty() && !number && text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(plain) {
        true => text.to_owned(),
        false => serde_json::to_string(text).unwrap_or_default(),
    }
}
