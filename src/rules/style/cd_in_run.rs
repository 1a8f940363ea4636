use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, run_commands};
use crate::rules::support::lost::{lost_folders, lost_in_runs};
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(CdInRun, "style/cd-in-run");

impl Rule for CdInRun {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let lost: Vec<(usize, Span)> =
            lost_in_runs(unit).into_iter().filter_map(|l| Some((l.item, lost_folders(l.script, &l.lost).last()?.command.span))).collect();
        for block in blocks(unit) {
            for (item, instruction) in block.instructions.iter().filter(|(_, i)| matches!(i.op, Op::Run(_))) {
                // `cd-does-not-persist` says so
                let lost: Vec<Span> = lost.iter().filter(|l| l.0 == *item).map(|l| l.1).collect();
                for command in run_commands(unit, *item, instruction) {
                    if command.name().as_deref() == Some("cd") && !lost.contains(&command.span) {
                        let report = cx
                            .report(command.span, "`cd` holds for this RUN alone, and every later one starts over")
                            .help("set the folder with WORKDIR where more than this RUN needs it");
                        if command.args().first().is_some_and(|w| w.lossy().starts_with('/')) {
                            report.without_aliases(&["kics:run_command_cd_instead_of_workdir"]);
                        }
                    }
                }
            }
        }
    }
}
