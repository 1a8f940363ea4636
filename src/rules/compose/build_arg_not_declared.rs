use std::collections::BTreeSet;

use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::closest;
use crate::syntax::dockerfile::{Op, unquote};

rule!(BuildArgNotDeclared, "compose/build-arg-not-declared");

impl Rule for BuildArgNotDeclared {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for build in stack.builds.iter().filter(|b| b.service.is_some()) {
            let Some(unit) = stack.dockerfiles.get(build.dockerfile) else { continue };
            if !unit.ast.errors.is_empty() || unit.ast.stages.is_empty() || has_frontend(unit) {
                continue;
            }
            let declared = declared(unit);
            for arg in build.args.iter().filter(|a| !predefined(&a.name.value)) {
                let name = arg.name.value.as_str();
                if name.is_empty() || declared.contains(name) || name.contains('$') {
                    continue;
                }
                let near = closest(name, declared.iter().map(String::as_str)).map(str::to_owned);
                let hint = near.as_ref().map(|n| format!("; did you mean `{n}`?")).unwrap_or_default();
                let mut report = cx
                    .report(arg.name.span, format!("the build never sees `{name}`: {} declares no ARG of this name{hint}", unit.path))
                    .help(format!("add `ARG {name}` to the stage that needs it, or drop the argument"));
                if let Some(near) = near {
                    report = report.fix(format!("rename it to {near}"), Applicability::Unsafe, vec![replace(arg.name.span, near)]);
                }
                let _ = report;
            }
        }
    }
}

/// Another frontend may take arguments of its own.
fn has_frontend(unit: &DockerfileUnit) -> bool {
    unit.ast.directives.iter().any(|d| d.name.value == "syntax" && !d.value.value.starts_with("docker/dockerfile"))
}

fn declared(unit: &DockerfileUnit) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, instruction) in unit.ast.instructions() {
        let op = match &instruction.op {
            Op::Onbuild(inner) => &inner.op,
            op => op,
        };
        if let Op::Arg(pairs) = op {
            names.extend(pairs.iter().map(|p| unquote(&p.key, unit.ast.escape).value));
        }
    }
    names
}

/// Arguments that builders know without an ARG.
fn predefined(name: &str) -> bool {
    let lower = name.to_lowercase();
    let proxy = matches!(lower.as_str(), "http_proxy" | "https_proxy" | "ftp_proxy" | "no_proxy" | "all_proxy");
    proxy
        || name.starts_with("BUILDKIT_")
        || name.starts_with("BUILDX_")
        || matches!(name, "SOURCE_DATE_EPOCH" | "DOCKER_BUILDKIT" | "COMPOSE_DOCKER_CLI_BUILD")
}
