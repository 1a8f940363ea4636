use std::collections::BTreeSet;

use crate::compose::Project;
use crate::rule::{Cx, Rule, rule};

rule!(VariableUnset, "compose/variable-unset");

impl Rule for VariableUnset {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        // where few are set, there is no `.env` to go by: the values come from elsewhere
        let named = |set: bool| -> BTreeSet<&str> {
            project.variables.iter().filter(|v| v.set == set && !v.has_default).map(|v| v.name.as_str()).collect()
        };
        let (set, unset) = (named(true), named(false));
        if set.is_empty() || unset.len() > set.len() {
            return;
        }
        let mut said: Vec<&str> = Vec::new();
        for variable in project.variables.iter().filter(|v| !v.set && !v.has_default) {
            let outside =
                ["PWD", "HOME", "USER", "UID", "GID", "HOSTNAME", "COMPOSE_", "DOCKER_"].iter().any(|p| variable.name.starts_with(p));
            if outside || said.contains(&variable.name.as_str()) {
                continue;
            }
            said.push(&variable.name);
            cx.report(variable.span, format!("`{}` is empty here: `.env` sets other variables and not this one", variable.name))
                .help(format!("set it in `.env`, or say what happens without it: `${{{0}:-value}}`, `${{{0}:?message}}`", variable.name));
        }
    }
}
