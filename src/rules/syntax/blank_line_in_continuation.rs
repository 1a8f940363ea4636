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
            // no line between the first and the last of an instruction can be empty for another reason
            let first = file.line_of(instruction.head.start as usize);
            let empty = (first..file.line_of(last.start)).filter(|n| file.line_text(*n).trim().is_empty());
            let edits = empty.map(|n| replace(Span::new(unit.file, file.line_range(n).start, file.line_range(n + 1).start), "")).collect();
            cx.report(
                Span::new(unit.file, last.start + indent, last.end),
                format!("line {line}, inside this instruction, is empty: Docker warns now and means to end the instruction there"),
            )
            .label(blank, "the empty line")
            .help("delete the empty line, or make it a comment: `#`")
            .fix("delete the empty lines", Applicability::Safe, edits);
        }
    }
}
