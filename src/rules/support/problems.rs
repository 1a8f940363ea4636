//! What the Compose loader found wrong, told as findings.

use crate::compose::{ProblemKind, Project};
use crate::diagnostic::Severity;
use crate::rule::Cx;

/// Reports all problems of a kind. What compose accepts is a warning.
pub(crate) fn report(project: &Project, kind: ProblemKind, cx: &mut Cx<'_>) {
    tell(project, kind, false, cx);
}

/// Reports the problems of a kind for which compose refuses the project.
pub(crate) fn report_fatal(project: &Project, kind: ProblemKind, cx: &mut Cx<'_>) {
    tell(project, kind, true, cx);
}

fn tell(project: &Project, kind: ProblemKind, fatal_only: bool, cx: &mut Cx<'_>) {
    for problem in project.problems.iter().filter(|p| p.kind == kind && (p.fatal || !fatal_only)) {
        let mut report = cx.report(problem.span, problem.message.clone());
        for (span, text) in &problem.related {
            report = report.label(*span, text.clone());
        }
        if let Some(help) = &problem.help {
            report = report.help(help.clone());
        }
        if !problem.fatal {
            report.severity(Severity::Warning);
        }
    }
}
