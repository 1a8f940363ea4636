//! What the Dockerfile parser could not read, said by the rule of its family.

use crate::rule::Cx;
use crate::source::TextProblem;
use crate::stack::DockerfileUnit;
use crate::syntax::SyntaxErrorKind;

/// Reports the errors of one family. A file whose text could not be had at all is `unreadable-text`'s.
pub(crate) fn report(unit: &DockerfileUnit, cx: &mut Cx<'_>, kind: SyntaxErrorKind) {
    let problem = &cx.stack.sources.get(unit.file).problem;
    if matches!(problem, Some(TextProblem::WideEncoding(_) | TextProblem::TooLarge { .. })) {
        return;
    }
    for error in unit.ast.errors.iter().filter(|e| e.kind == kind) {
        let report = cx.report(error.span, error.message.clone());
        if let Some(help) = &error.help {
            report.help(help.clone());
        }
    }
}
