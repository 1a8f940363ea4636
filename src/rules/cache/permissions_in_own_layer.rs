use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::copies::{self, SourceKind};
use crate::rules::support::steps;
use crate::stack::DockerfileUnit;

rule!(PermissionsInOwnLayer, "cache/permissions-in-own-layer");

impl Rule for PermissionsInOwnLayer {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for stage in 0..unit.stages.len() {
            let steps: Vec<_> = steps::own(unit, stage).collect();
            for (n, step) in steps.iter().enumerate() {
                let commands = step.commands(unit);
                let only = !commands.is_empty()
                    && commands.iter().all(|p| matches!(p.command.effective().program().as_deref(), Some("chmod" | "chown" | "chgrp")));
                if !only || !step.mounts().is_empty() {
                    continue;
                }
                for placed in commands {
                    let effective = placed.command.effective();
                    let name = effective.program().unwrap_or_default();
                    let flag = if name == "chmod" { "--chmod" } else { "--chown" };
                    let operands = effective.operands(&["--reference", "--from"]);
                    let paths = operands.iter().skip(1).filter_map(|w| unit.expand_at(stage, step.item, &w.lossy()));
                    let targets: Vec<String> = paths.filter_map(|p| placed.dir.as_ref().map(|d| files::join(d, &p))).collect();
                    let earlier = steps.get(..n).unwrap_or_default().iter().rev();
                    let brought = earlier.filter_map(|s| copies::copy(unit, *s, None)).find(|copy| {
                        let has_flag = copy.step.instruction.flag(flag.trim_start_matches('-')).is_some();
                        !has_flag
                            && copy.sources.iter().any(|source| {
                                let file = files::join(&copy.dest, files::file_name(&source.path));
                                targets.iter().any(|t| match source.kind {
                                    SourceKind::File => (copy.dest_is_dir && *t == file) || (!copy.dest_is_dir && *t == copy.dest),
                                    _ => *t == copy.dest && effective.has_flag("-R", "--recursive"),
                                })
                            })
                    });
                    let Some(copy) = brought else { continue };
                    let value = operands.first().map(|w| w.lossy()).unwrap_or_default();
                    let mode = if value.chars().all(|c| c.is_ascii_digit()) || name != "chmod" { value.as_ref() } else { "755" };
                    cx.report(placed.command.span, "this layer holds every file a second time, only to change who may use it")
                        .label(copy.step.instruction.head, "copied here")
                        .help(format!("write `COPY {flag}={mode} …` and drop this step"));
                }
            }
        }
    }
}
