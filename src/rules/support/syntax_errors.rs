//! What the Dockerfile parser could not read, said by the rule of its family.

use crate::rule::Cx;
use crate::source::TextProblem;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Instruction, Keyword, Op};
use crate::syntax::{SyntaxError, SyntaxErrorKind};

/// Reports the errors of one family. A file whose text could not be had at all is `unreadable-text`'s.
pub(crate) fn report(unit: &DockerfileUnit, cx: &mut Cx<'_>, kind: SyntaxErrorKind) {
    let problem = &cx.stack.sources.get(unit.file).problem;
    if matches!(problem, Some(TextProblem::WideEncoding(_) | TextProblem::TooLarge { .. })) {
        return;
    }
    for error in unit.ast.errors.iter().filter(|e| e.kind == kind) {
        let report = cx.report(error.span, error.message.clone()).aliases(aliases(unit, error));
        if let Some(help) = &error.help {
            report.help(help.clone());
        }
    }
}

/// hadolint has rules of their own for two errors, and stops at all others.
fn aliases(unit: &DockerfileUnit, error: &SyntaxError) -> &'static [&'static str] {
    let owner = unit.ast.instructions().find(|(_, i)| i.error.as_ref() == Some(error));
    match owner {
        Some((_, Instruction { op: Op::Onbuild(inner), .. }))
            if matches!(inner.keyword, Keyword::Onbuild | Keyword::From | Keyword::Maintainer) =>
        {
            &["DL3043", "datadog:from_or_maintainer_cannot_be_triggered_within_onbuild"]
        }
        Some((item, i)) if unit.ast.stage_of(item).is_none() && i.keyword != Keyword::Unknown && error.span.start == i.word.span.start => {
            &["DL3061"]
        }
        _ => &["DL1000"],
    }
}
