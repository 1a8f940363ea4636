//! What the Dockerfile parser could not read, said by the rule of its family.

use crate::diagnostic::Severity;
use crate::rule::Cx;
use crate::source::TextProblem;
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::dockerfile::{Instruction, Keyword, Op};
use crate::syntax::{SyntaxError, SyntaxErrorKind};

/// Reports the errors of one family. A file whose text could not be had at all is `unreadable-text`'s.
pub(crate) fn report(unit: &DockerfileUnit, cx: &mut Cx<'_>, kind: SyntaxErrorKind) {
    let problem = &cx.stack.sources.get(unit.file).problem;
    if matches!(problem, Some(TextProblem::WideEncoding(_) | TextProblem::TooLarge { .. })) {
        return;
    }
    if let Some((error, mark)) = template(unit, cx.stack) {
        if error.kind == kind {
            cx.report(error.span, format!("`{mark}` marks a template: builders read this file only after something has filled it in"))
                .severity(Severity::Info)
                .aliases(&["DL1000"]);
        }
        return;
    }
    for error in unit.ast.errors.iter().filter(|e| e.kind == kind) {
        // what follows a line that is no instruction, and is none itself, belongs to the same fault
        if kind == SyntaxErrorKind::UnknownInstruction && follows_unknown(unit, error) {
            continue;
        }
        let report = cx.report(error.span, error.message.clone()).aliases(aliases(unit, error));
        if let Some(help) = &error.help {
            report.help(help.clone());
        }
    }
}

/// The first error that stands on a line with the marks of a template, and the mark.
pub(crate) fn template<'a>(unit: &'a DockerfileUnit, stack: &Stack) -> Option<(&'a SyntaxError, &'static str)> {
    let file = stack.sources.get(unit.file);
    unit.ast.errors.iter().find_map(|error| {
        let line = file.line_text(file.line_of(error.span.start as usize));
        let mark = ["{{", "{%", "<%"].into_iter().find(|mark| line.contains(mark))?;
        Some((error, mark))
    })
}

/// Whether the instruction before the one that an error is about is no known one either.
fn follows_unknown(unit: &DockerfileUnit, error: &SyntaxError) -> bool {
    let mut previous: Option<&Instruction> = None;
    for (_, instruction) in unit.ast.instructions() {
        if instruction.error.as_deref() == Some(error) {
            return previous.is_some_and(|p| p.keyword == Keyword::Unknown);
        }
        previous = Some(instruction);
    }
    false
}

/// hadolint has rules of their own for two errors, and stops at all others.
fn aliases(unit: &DockerfileUnit, error: &SyntaxError) -> &'static [&'static str] {
    let owner = unit.ast.instructions().find(|(_, i)| i.error.as_deref() == Some(error));
    match owner {
        Some((_, Instruction { op: Op::Onbuild(inner), .. }))
            if matches!(inner.keyword, Keyword::Onbuild | Keyword::From | Keyword::Maintainer) =>
        {
            &["DL3043", "from_or_maintainer_cannot_be_triggered_within_onbuild"]
        }
        Some((item, i)) if unit.ast.stage_of(item).is_none() && i.keyword != Keyword::Unknown && error.span.start == i.word.span.start => {
            if unit.ast.stages.is_empty() {
                &["DL3061", "first_instruction_should_be_arg_or_from", "should_specify_base_image"]
            } else {
                &["DL3061", "first_instruction_should_be_arg_or_from"]
            }
        }
        _ => &["DL1000"],
    }
}
