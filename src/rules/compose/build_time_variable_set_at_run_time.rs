use crate::rule::{Cx, Rule, rule};
use crate::stack::Stack;
use crate::syntax::dockerfile::Op;

rule!(BuildTimeVariableSetAtRunTime, "compose/build-time-variable-set-at-run-time");

/// Variables that a bundler writes into the files that it makes; the running server never reads them.
const PREFIXES: [(&str, &str); 6] = [
    ("NEXT_PUBLIC_", "Next.js"),
    ("VITE_", "Vite"),
    ("REACT_APP_", "Create React App"),
    ("VUE_APP_", "Vue CLI"),
    ("GATSBY_", "Gatsby"),
    ("PUBLIC_ENV__", "SvelteKit"),
];

impl Rule for BuildTimeVariableSetAtRunTime {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for runtime in &stack.runtimes {
            let Some((_, service)) = runtime.service.and_then(|at| stack.service(at)) else { continue };
            let (Some(build), Some((unit, stage))) =
                (service.build.as_ref(), runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))))
            else {
                continue;
            };
            if !bundles(unit, stage) || starts_bundler(runtime) {
                continue;
            }
            for var in service.environment.iter().filter(|v| !v.from_file) {
                let name = var.name.value.as_str();
                let Some((_, tool)) = PREFIXES.iter().find(|(prefix, _)| name.starts_with(prefix)) else { continue };
                let at_build =
                    build.args.iter().any(|a| a.name.value == name) || unit.stages.iter().any(|s| s.env.iter().any(|e| e.name == name));
                if at_build {
                    continue;
                }
                cx.report(var.name.span, format!("`{name}` changes nothing here: {tool} writes it into the files when the image is built"))
                    .help(format!("pass it as `build.args`, with `ARG {name}` before the build step"));
            }
        }
    }
}

/// The image is made by `npm run build` or the like, in any of its stages.
fn bundles(unit: &crate::stack::DockerfileUnit, stage: usize) -> bool {
    let _ = stage;
    unit.ast.instructions().filter(|(_, i)| matches!(i.op, Op::Run(_))).any(|(item, _)| {
        unit.script(item).is_some_and(|s| {
            s.walk().any(|(_, c)| {
                let words: Vec<_> = c.effective().words.iter().filter_map(|w| w.literal()).collect();
                let has = |word: &str| words.iter().any(|w| w == word || w.starts_with("build:"));
                matches!(
                    words.first().map(|w| w.as_ref()),
                    Some("npm" | "yarn" | "pnpm" | "bun" | "npx" | "vite" | "next" | "react-scripts" | "turbo")
                ) && has("build")
            })
        })
    })
}

/// The container runs the bundler itself, which reads its environment.
fn starts_bundler(runtime: &crate::stack::Runtime) -> bool {
    runtime.processes.iter().any(|p| {
        let dev = p.args().iter().any(|a| matches!(a.value.as_str(), "dev" | "build" | "develop" | "serve"));
        matches!(p.name(), "vite" | "next" | "gatsby" | "react-scripts" | "vue-cli-service" | "npm" | "yarn" | "pnpm")
            && (dev || p.name() == "vite")
    })
}
