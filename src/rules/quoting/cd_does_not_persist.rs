use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::lost::{LostIn, lost_folders, lost_in_runs};
use crate::stack::DockerfileUnit;

rule!(CdDoesNotPersist, "quoting/cd-does-not-persist");

impl Rule for CdDoesNotPersist {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for LostIn { instruction, script, alone, lost, .. } in lost_in_runs(unit) {
            let folders = lost_folders(script, &lost);
            let Some(last) = folders.last() else { continue };
            let target = last.command.args().first();
            let report = cx
                .report(last.command.span, "this `cd` ends with its RUN: what comes after it runs in the folder of the WORKDIR again")
                .help("set the folder with WORKDIR");
            if let Some(path) = target.and_then(|w| w.literal()).filter(|p| alone && !p.contains(char::is_whitespace)) {
                report.fix(
                    "set the folder with WORKDIR",
                    Applicability::Unsafe,
                    vec![replace(instruction.span, format!("WORKDIR {path}"))],
                );
            }
        }
    }
}
