use crate::rule::{Cx, Rule, rule};
use crate::rules::support::steps;
use crate::source::Span;
use crate::stack::knowledge::{Distribution, distribution};
use crate::stack::{Base, DockerfileUnit, ImageRef};
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::Word;

rule!(MixedBaseArtifacts, "stages/mixed-base-artifacts");

impl Rule for MixedBaseArtifacts {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for stage in &unit.stages {
            for need in &stage.needs {
                let Some(instruction) = unit.ast.instruction(need.item) else { continue };
                let Op::Copy(copy) = &instruction.op else { continue };
                for source in &copy.sources {
                    let Some(path) = unit.expand_at(stage.index, need.item, source) else { continue };
                    let Some((message, help)) = mismatch(unit, need.stage, stage.index, path.trim_end_matches('/')) else { continue };
                    let from = unit.stages.get(need.stage).map_or(need.span, |s| s.image.span);
                    cx.report(source.span, message).label(from, "made with this").label(stage.image.span, "runs on this").help(help);
                }
            }
        }
    }
}

fn mismatch(unit: &DockerfileUnit, from: usize, to: usize, path: &str) -> Option<(String, &'static str)> {
    let made = unit.root_image(from)?;
    let runs = unit.root_image(to);
    let environment = [".venv", "venv", "site-packages", "virtualenv"]
        .iter()
        .any(|n| path.strip_suffix(n).is_some_and(|before| before.is_empty() || before.ends_with('/')));
    if environment {
        let runs = runs?;
        let (a, b) = (version(made, "python")?, version(runs, "python")?);
        if a != b {
            return Some((
                format!("this virtualenv was made for Python {a} and runs on {b}: its packages lie where that one does not look"),
                "use the same Python version in both stages",
            ));
        }
        return (libc(made)? != libc(runs)?).then(|| {
            (
                format!("what was compiled into this virtualenv needs {} and runs on {}", libc_name(made), libc_name(runs)),
                "start both stages from the same distribution",
            )
        });
    }
    let bare = matches!(unit.stages.get(*unit.chain(to).last()?)?.base, Base::Scratch);
    let (made_libc, runs_libc) = (libc(made)?, if bare { None } else { Some(runs.and_then(libc)?) });
    if Some(made_libc) == runs_libc {
        return None;
    }
    let program = dynamic(unit, from, path)?;
    let missing = runs.filter(|_| !bare).map_or("an empty image".to_owned(), |r| format!("`{}`", r.text));
    Some((
        format!(
            "this binary is linked against {}, which {missing} does not have: it fails with \"not found\" when it starts",
            libc_name(made)
        ),
        program.1,
    ))
}

/// The minor version of an official image of a language.
fn version(image: &ImageRef, language: &str) -> Option<String> {
    let tag = image.tag.as_deref().filter(|_| image.official() == Some(language))?;
    let number = tag.split('-').next().unwrap_or_default();
    let mut parts = number.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    (major.parse::<u32>().is_ok() && minor.parse::<u32>().is_ok()).then(|| format!("{major}.{minor}"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Libc {
    Gnu,
    Musl,
}

fn libc(image: &ImageRef) -> Option<Libc> {
    match distribution(image)? {
        Distribution::Debian | Distribution::RedHat => Some(Libc::Gnu),
        Distribution::Alpine => Some(Libc::Musl),
        Distribution::Busybox | Distribution::Distroless => None,
    }
}

fn libc_name(image: &ImageRef) -> &'static str {
    if libc(image) == Some(Libc::Musl) { "musl" } else { "glibc" }
}

/// Whether a path is a program that the stage links dynamically, as far as its commands say.
fn dynamic(unit: &DockerfileUnit, stage: usize, path: &str) -> Option<(Span, &'static str)> {
    let name = crate::files::file_name(path);
    let history = steps::history(unit, stage);
    let shims = ["gcompat", "libc6-compat"];
    let into = |step: &steps::Step<'_>| {
        step.run(unit).is_some_and(|s| s.walk().any(|(_, c)| c.words.iter().any(|w| shims.contains(&w.lossy().as_ref()))))
    };
    if unit.stages.iter().flat_map(|s| steps::own(unit, s.index)).any(|s| into(&s)) {
        return None;
    }
    for step in &history {
        for placed in step.commands(unit) {
            let effective = placed.command.effective();
            let words: Vec<_> = effective.args().iter().map(Word::lossy).collect();
            let joined = words.join(" ");
            match effective.program().as_deref() {
                // on musl, cargo links statically by itself
                Some("cargo")
                    if unit.root_image(stage).and_then(libc) == Some(Libc::Gnu)
                        && words.first().is_some_and(|w| w == "build" || w == "install") =>
                {
                    let target = joined.contains("musl") || joined.contains("--target") || path.contains("musl");
                    let flags =
                        ["RUSTFLAGS", "CARGO_BUILD_TARGET"].iter().any(|v| unit.lookup(stage, step.item, v) != crate::stack::Lookup::Unset);
                    let static_flags = placed.command.assigns.iter().any(|a| a.name == "RUSTFLAGS" || a.name.contains("TARGET"));
                    if (path.contains("/release/") || path.contains("/debug/")) && !target && !flags && !static_flags {
                        return Some((placed.command.span, "build for the musl target, or run on the distribution that it was built on"));
                    }
                }
                Some("gcc" | "g++" | "clang" | "cc" | "c++") => {
                    let out = effective.option("", "-o").map(|(o, _)| crate::files::file_name(&o).to_owned());
                    let library = words.iter().any(|w| w == "-static" || w == "-c" || w == "-shared");
                    if out.as_deref() == Some(name) && !library {
                        return Some((placed.command.span, "link with `-static`, or run on the distribution that it was built on"));
                    }
                }
                _ => {}
            }
        }
    }
    None
}
