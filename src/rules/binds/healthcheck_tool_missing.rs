use crate::rule::{Cx, Rule, rule};
use crate::source::Span;
use crate::stack::knowledge::{self, Distribution};
use crate::stack::{DockerfileUnit, ImageRef, Runtime, ScriptUnit, Stack};
use crate::syntax::dockerfile::Op;

rule!(HealthcheckToolMissing, "binds/healthcheck-tool-missing");

impl Rule for HealthcheckToolMissing {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut said = Vec::new();
        for runtime in &stack.runtimes {
            let Some(image) = &runtime.image else { continue };
            for unit in checks(stack, runtime) {
                for (_, command) in unit.script.walk() {
                    let (Some(tool), Some(word)) = (command.effective().name(), command.effective().words.first()) else { continue };
                    if !lacks(image, &tool) || brought(stack, runtime, &tool) || said.contains(&word.span) {
                        continue;
                    }
                    said.push(word.span);
                    cx.report(
                        word.span,
                        format!("the health check always fails: `{}` has no `{tool}`, so the container never becomes healthy", image.text),
                    )
                    .help(instead(image, &tool));
                }
            }
        }
    }
}

/// The health check in effect: the service's own, else the image's.
fn checks<'a>(stack: &'a Stack, runtime: &Runtime) -> Vec<&'a ScriptUnit> {
    let service = runtime.service.and_then(|at| stack.service(at)).and_then(|(_, s)| s.healthcheck.as_ref());
    if let Some(check) = service {
        let line: Option<Span> = check.test.as_ref().filter(|_| !check.disabled).map(|t| t.span);
        return stack.scripts.iter().filter(|s| Some(s.span) == line).collect();
    }
    let Some((unit, stage)) = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))) else { return Vec::new() };
    let last = unit
        .chain(stage)
        .into_iter()
        .filter_map(|n| unit.ast.stages.get(n))
        .find_map(|s| unit.ast.stage_instructions(s).rev().find(|(_, i)| matches!(i.op, Op::Healthcheck(_))).map(|(item, _)| item));
    last.and_then(|item| unit.scripts.get(&item)).into_iter().collect()
}

/// Whether an image is known to come without a tool. Only images whose content is well known are judged.
fn lacks(image: &ImageRef, tool: &str) -> bool {
    if !matches!(tool, "curl" | "wget") {
        return false;
    }
    let tag = image.tag.as_deref().unwrap_or("");
    match (knowledge::distribution(image), image.official()) {
        (Some(Distribution::Distroless), _) => true,
        (_, Some("debian" | "ubuntu")) => true,
        (Some(Distribution::Debian), Some("python" | "node" | "ruby" | "rust" | "perl")) => tag.contains("slim"),
        (Some(Distribution::Debian), Some("postgres" | "redis")) => true,
        (Some(Distribution::Alpine), Some("python" | "node" | "ruby" | "golang" | "alpine" | "redis" | "postgres")) => tool == "curl",
        _ => false,
    }
}

/// A step of the build may have brought it: it is named there, or somebody's own script ran.
fn brought(stack: &Stack, runtime: &Runtime, tool: &str) -> bool {
    let mounted = runtime.service.and_then(|at| stack.service(at)).is_some_and(|(_, s)| s.mounts.iter().any(|m| m.target.contains(tool)));
    let Some((unit, stage)) = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))) else { return mounted };
    mounted || unit.chain(stage).into_iter().any(|n| by_stage(unit, n, tool))
}

fn by_stage(unit: &DockerfileUnit, stage: usize, tool: &str) -> bool {
    let Some(ast) = unit.ast.stages.get(stage) else { return false };
    unit.ast.stage_instructions(ast).any(|(item, instruction)| match &instruction.op {
        // an install step names what it brings; build dependencies by file, and scripts, can bring anything
        Op::Run(_) => {
            let text = unit.ast.instruction(item).map_or("", |i| i.rest.value.as_str());
            text.contains(tool) || text.contains(".sh") || text.contains('$') || !instruction.heredocs.is_empty()
        }
        Op::Copy(copy) | Op::Add(copy) => {
            instruction.rest.value.contains(tool)
                || (copy.from.is_some() && copy.sources.iter().any(|s| s.value.starts_with("/usr") || s.value == "/"))
        }
        _ => false,
    })
}

fn instead(image: &ImageRef, tool: &str) -> String {
    match (image.official(), tool) {
        (Some("postgres"), _) => "check with `pg_isready`".to_owned(),
        (Some("redis"), _) => "check with `redis-cli ping`".to_owned(),
        (Some("python"), _) => {
            "check with Python itself (`python -c \"import urllib.request as r; r.urlopen('http://localhost:…')\"`), or install it"
                .to_owned()
        }
        (Some("node"), _) => {
            "check with Node itself (`node -e \"fetch('http://localhost:…').then(r => process.exit(r.ok ? 0 : 1))\"`), or install it"
                .to_owned()
        }
        (_, "curl") if knowledge::distribution(image) == Some(Distribution::Alpine) => {
            "check with `wget -q --spider`, which Alpine has, or install curl".to_owned()
        }
        _ => format!("install `{tool}` in the image, or check with a program that it has"),
    }
}
