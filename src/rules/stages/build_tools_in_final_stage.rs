use crate::rule::{Cx, Rule, rule};
use crate::rules::support::packages::{self, SYSTEM, System, Verb};
use crate::rules::support::purpose;
use crate::rules::support::steps;
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;
use crate::syntax::shell::{Command, Programs, Script};

rule!(BuildToolsInFinalStage, "stages/build-tools-in-final-stage");

impl Rule for BuildToolsInFinalStage {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        if !unit.may_run(SYSTEM) {
            return;
        }
        let mut said: Vec<Span> = Vec::new();
        for &stage in &purpose::serving_stages(unit, cx).0 {
            let history = steps::history(unit, stage);
            let brings = history.iter().any(|s| matches!(s.instruction.op, Op::Copy(_) | Op::Add(_)));
            if !brings {
                continue;
            }
            for step in &history {
                let Some(script) = step.run(unit).filter(|s| s.may_run(SYSTEM)) else { continue };
                for (span, names) in kept(script) {
                    if said.contains(&span) {
                        continue;
                    }
                    said.push(span);
                    let name = unit.stages.get(stage).and_then(|s| s.name.as_deref()).filter(|_| unit.stages.len() > 1);
                    let image = name.map_or("the image".to_owned(), |n| format!("stage `{n}`"));
                    let report = cx
                        .report(span, format!("{} in {image} that ships: every download carries what only the build needs", list(&names)));
                    report.help("build in a stage of its own and copy the result, or remove the tools in the same RUN");
                }
            }
        }
    }
}

fn list(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(3).map(|n| format!("`{n}`")).collect();
    let rest = names.len().saturating_sub(3);
    let text = if rest > 0 { format!("{} and {rest} more", shown.join(", ")) } else { shown.join(", ") };
    if names.len() == 1 { format!("{text} stays") } else { format!("{text} stay") }
}

/// The installs of a RUN whose build tools are still there at its end.
fn kept(script: &Script) -> Vec<(Span, Vec<String>)> {
    let commands: Vec<(&Command, Option<System<'_>>)> = script.walk().map(|(_, c)| (c, packages::system(c))).collect();
    let mut found = Vec::new();
    for (n, (_, call)) in commands.iter().enumerate() {
        let Some(call) = call.as_ref().filter(|c| c.verb == Verb::Install) else { continue };
        let tools: Vec<(String, Span)> = call.names().into_iter().filter(|(name, _)| is_tool(name)).collect();
        let rest = commands.get(n + 1..).unwrap_or_default();
        let left: Vec<String> = tools.iter().filter(|(name, _)| !removed(call, name, rest)).map(|(name, _)| name.clone()).collect();
        let last = tools.iter().filter(|(name, _)| left.contains(name)).map(|(_, span)| *span).next_back();
        if let Some(last) = last {
            found.push((call.head.to(last), left));
        }
    }
    found
}

const APT_MARK: Programs = Programs::of(&["apt-mark"]);

fn removed(install: &System<'_>, name: &str, rest: &[(&Command, Option<System<'_>>)]) -> bool {
    let group = crate::syntax::shell::command::option(install.args, "--virtual", "-t").map(|(v, _)| v);
    rest.iter().any(|(command, call)| {
        if command.may_start(APT_MARK) && command.effective().program().as_deref() == Some("apt-mark") {
            return true;
        }
        call.as_ref().filter(|c| c.verb == Verb::Remove).is_some_and(|call| {
            call.packages.iter().any(|w| match w.literal() {
                Some(text) => {
                    text == name
                        || Some(text.as_ref()) == group.as_deref()
                        || text.contains('*') && text.trim_matches('*').len() > 1 && name.contains(text.trim_matches('*'))
                }
                None => true,
            })
        })
    })
}

/// Compilers, headers and what drives them. `make` and `git` alone are as often needed by what runs.
fn is_tool(name: &str) -> bool {
    const TOOLS: &[&str] = &[
        "build-essential",
        "gcc",
        "g++",
        "gcc-c++",
        "clang",
        "cmake",
        "autoconf",
        "automake",
        "libtool",
        "alpine-sdk",
        "build-base",
        "base-devel",
        "gfortran",
        "nasm",
        "yasm",
        "bison",
        "flex",
        "swig",
        "rustc",
        "cargo",
        "golang",
        "golang-go",
        "ninja-build",
        "meson",
        "maven",
        "gradle",
        "sbt",
        "linux-headers",
        "libc-dev",
        "musl-dev",
        "default-jdk",
        "dpkg-dev",
    ];
    let jdk = name.starts_with("openjdk") && name.contains("jdk") && (name.ends_with("-jdk") || name.ends_with("-jdk-headless"));
    let compiler = ["gcc-", "g++-", "clang-"]
        .iter()
        .any(|p| name.strip_prefix(p).is_some_and(|v| v.bytes().all(|b| b.is_ascii_digit() || b == b'.') && !v.is_empty()));
    let headers = (name.ends_with("-dev") || name.ends_with("-devel")) && !name.starts_with('.');
    TOOLS.contains(&name) || jdk || compiler || headers || name.starts_with("linux-headers-")
}
