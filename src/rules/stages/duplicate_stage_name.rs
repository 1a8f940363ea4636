use std::collections::BTreeMap;

use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::on_first_line;
use crate::source::Span;
use crate::stack::DockerfileUnit;

rule!(DuplicateStageName, "stages/duplicate-stage-name");

impl Rule for DuplicateStageName {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for stage in &unit.ast.stages {
            let Some(name) = &stage.name else { continue };
            let Some(earlier) = seen.insert(&name.value, name.span) else { continue };
            let Some(from) = unit.ast.instruction(stage.from) else { continue };
            let place = on_first_line(cx, from, name.span);
            let same = cx.text(earlier) == cx.text(name.span);
            let report = cx
                .report(
                    place,
                    format!("a second stage is named `{}`: what follows and names it gets this one, never the first", name.value),
                )
                .label(earlier, "the first one")
                .help("give one of them another name");
            if !same {
                // hadolint and the scanners compare names as they are written
                report.aliases(&["DuplicateStageName"]);
            }
        }
    }
}
