use globset::Glob;

use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, on_first_line};
use crate::source::Span;
use crate::stack::{DockerfileUnit, ImageRef};
use crate::syntax::dockerfile::{Instruction, Op};

rule!(UntrustedRegistry, "images/untrusted-registry");

impl Rule for UntrustedRegistry {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let trusted = cx.stack.options.trusted_registries.clone();
        if trusted.is_empty() {
            return;
        }
        let names: Vec<String> = unit.ast.stages.iter().filter_map(|s| s.name.as_ref()).map(|n| n.value.clone()).collect();
        let mut used: Vec<(&Instruction, String, Span)> = Vec::new();
        for (_, instruction) in unit.ast.instructions() {
            if let Op::From(from) = &instruction.op {
                used.push((instruction, from.image.value.clone(), from.image.span));
            }
        }
        for (_, instruction) in blocks(unit).into_iter().flat_map(|b| b.instructions) {
            let from = match &instruction.op {
                Op::Copy(copy) => copy.from.iter().collect(),
                Op::Run(run) => run.mounts.iter().filter_map(|m| m.get("from")).collect(),
                _ => Vec::new(),
            };
            used.extend(from.into_iter().map(|f| (instruction, f.value.clone(), f.span)));
        }
        for (instruction, name, span) in used {
            let stage = names.contains(&name.to_lowercase()) || name.parse::<usize>().is_ok();
            if stage || name == "scratch" || name.contains('$') {
                continue;
            }
            let image = ImageRef::parse(&name);
            let hosts: Vec<&str> = image.registry.as_deref().map_or_else(|| vec!["docker.io", "hub.docker.com"], |host| vec![host]);
            if hosts.iter().any(|host| trusted.iter().any(|glob| matches(glob, host))) {
                continue;
            }
            let place = on_first_line(cx, instruction, span);
            let host = hosts.first().copied().unwrap_or_default();
            cx.report(place, format!("`{name}` comes from {host}, which is none of the trusted registries"))
                .help(format!("take it from one of {}", trusted.join(", ")));
        }
    }
}

fn matches(glob: &str, host: &str) -> bool {
    glob == host || Glob::new(glob).is_ok_and(|g| g.compile_matcher().is_match(host))
}
