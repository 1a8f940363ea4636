use crate::rule::{Cx, Rule, rule};
use crate::rules::support::volatile;
use crate::stack::{DockerfileUnit, EnvSet, StageModel};

rule!(VolatileEnvEarly, "cache/volatile-env-early");

impl Rule for VolatileEnvEarly {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for stage in &unit.stages {
            for set in stage.env.iter().filter(|s| !s.arg) {
                let Some(from) = source(stage, set) else { continue };
                let mut names = vec![set.name.as_str()];
                names.extend(from.map(|a| a.name.as_str()));
                let Some(dear) = volatile::first_dear(unit, cx, stage.index, set.item, &names) else { continue };
                let mut report = cx
                    .report(set.span, format!("`{}` is another one in every build, and each time `{}` runs again", set.name, dear.title))
                    .label(dear.span, "runs again, and does not use it")
                    .help("move it down, below what takes long");
                if let Some(arg) = from {
                    report = report.label(arg.span, "the value comes from here");
                }
                let _ = report;
            }
        }
    }
}

/// Whether an ENV differs in every build: by its name, or by the ARG that it takes its value from. A fixed value is only what it is.
fn source<'a>(stage: &'a StageModel, set: &'a EnvSet) -> Option<Option<&'a EnvSet>> {
    let arg = stage.env.iter().rev().find(|a| {
        let release = || volatile::is_per_release(&a.name) && a.value.is_none();
        a.arg && a.item < set.item && volatile::reads(set, &a.name) && (release() || volatile::is_per_build(&a.name))
    });
    let named = volatile::is_per_build(&set.name)
        && set.text.as_ref().is_some_and(|t| !["unknown", "dev", "\"\"", "", "0"].contains(&t.value.trim_matches('"')));
    (arg.is_some() || named).then_some(arg)
}
