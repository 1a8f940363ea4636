use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::source::Span;
use crate::stack::DockerfileUnit;

rule!(BlankLineInContinuation, "syntax/blank-line-in-continuation");

impl Rule for BlankLineInContinuation {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let Some(blank) = instruction.blank_line else { continue };
            let file = cx.stack.sources.get(unit.file);
            // the builder reports the last line of the instruction
            let last = file.line_range(file.line_of(instruction.head.end.max(blank.start) as usize));
            let text = file.text.get(last.clone()).unwrap_or_default();
            let indent = text.len() - text.trim_start().len();
            let line = file.line_of(blank.start as usize);
            let next = file.text.get(blank.start as usize..).and_then(|t| t.find('\n')).map(|n| blank.start as usize + n + 1);
            let report = cx
                .report(
                    Span::new(unit.file, last.start + indent, last.end),
                    format!("line {line}, inside this instruction, is empty: Docker warns now and means to end the instruction there"),
                )
                .label(blank, "the empty line")
                .help("delete the empty line, or make it a comment: `#`");
            if let Some(next) = next {
                report.fix(
                    "delete the empty line",
                    Applicability::Safe,
                    vec![replace(Span::new(unit.file, blank.start as usize, next), "")],
                );
            }
        }
    }
}
