use crate::rule::{Cx, Rule, rule};
use crate::rules::support::copies;
use crate::rules::support::dependencies::{self, INSTALLERS, Needs};
use crate::rules::support::steps;
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::shell::{Command, Word};

rule!(NoDependencyLayer, "cache/no-dependency-layer");

impl Rule for NoDependencyLayer {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        if !unit.may_run(INSTALLERS) {
            return;
        }
        for stage in 0..unit.stages.len() {
            let history = steps::history(unit, stage);
            let mut copied: Option<Span> = None;
            let mut fetched = false;
            for step in &history {
                if let Some(copy) = copies::copy(unit, *step, None) {
                    let folder = copy.sources.iter().any(|s| s.kind == copies::SourceKind::Dir || s.path == "*");
                    copied = copied.or_else(|| folder.then_some(step.instruction.head));
                }
                // a cache mount keeps what a build fetches, and a build before the source comes is a layer of its own
                let cached = step.mounts().iter().any(|m| m.kind == "cache");
                for placed in step.commands(unit) {
                    let builds = builds(placed.command);
                    let installs = dependencies::install(placed.command).is_some_and(|i| matches!(i.needs, Needs::Manifests(_)));
                    if installs || (builds.is_some() && copied.is_none()) {
                        fetched = true;
                    }
                    let (Some(build), Some(copy)) = (builds, copied) else { continue };
                    if fetched || cached || step.stage != stage {
                        continue;
                    }
                    fetched = true;
                    cx.report(
                        build.span,
                        format!("`{}` fetches every dependency again after each edit: it has no step of its own", build.title),
                    )
                    .label(copy, "any edit here starts it over")
                    .help(build.help);
                }
            }
        }
    }
}

struct Build {
    span: Span,
    title: String,
    help: &'static str,
}

/// A command that fetches dependencies and builds the project in one go.
fn builds(command: &Command) -> Option<Build> {
    let effective = command.effective();
    let name = effective.program()?;
    let words: Vec<_> = effective.args().iter().map(Word::lossy).collect();
    let has = |names: &[&str]| words.iter().find(|w| names.contains(&w.as_ref())).cloned();
    let offline = words.iter().any(|w| w == "--offline" || w == "-o" && name.starts_with("mvn") || w == "--no-restore");
    let (verb, help) = match name.as_ref() {
        "cargo" => (
            has(&["build", "install"])?,
            "copy the manifests first and build once with an empty `main.rs`, or mount a cache on the registry",
        ),
        "mvn" | "mvnw" => (
            has(&["package", "install", "verify", "compile"])?,
            "copy `pom.xml` first and run `mvn dependency:go-offline`, or mount a cache on `/root/.m2`",
        ),
        "gradle" | "gradlew" => (
            has(&["build", "assemble", "bootJar", "shadowJar", "installDist"])?,
            "copy the build files first and run `gradle dependencies`, or mount a cache on `/root/.gradle`",
        ),
        "go" if words.first().is_some_and(|w| w == "build") => {
            (words.first()?.clone(), "copy `go.mod` and `go.sum` first and run `go mod download`")
        }
        "dotnet" => (has(&["publish", "build"])?, "copy the project files first and run `dotnet restore`"),
        _ => {
            let install = dependencies::install(command).filter(|i| i.needs == Needs::Project)?;
            let bare = words.iter().any(|w| w == "--no-deps") || install.named.iter().any(|w| w.lossy().contains(".whl"));
            return (!bare).then_some(Build {
                span: install.head,
                title: install.title,
                help: "install the dependencies from a requirements file before the source is copied, and the project after",
            });
        }
    };
    (!offline).then(|| Build { span: command.span, title: format!("{name} {verb}"), help })
}
