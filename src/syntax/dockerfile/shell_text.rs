//! Shell text cut out of an instruction so that its offsets are the file's.

use std::ops::Range;

use super::ast::{Heredoc, ShellText};
use super::lines::Logical;
use crate::source::{SourceFile, Span};

/// The shell text of a range of the line: what joining leaves out becomes an escaped line break and spaces.
pub(super) fn masked(file: &SourceFile, line: &Logical<'_>, range: Range<usize>) -> ShellText {
    let span = line.span(range.clone());
    ShellText { text: mask(file, line, range, span), span }
}

fn mask(file: &SourceFile, line: &Logical<'_>, range: Range<usize>, span: Span) -> String {
    let mut out = String::with_capacity(span.len());
    let mut at = span.start as usize;
    for gap in line.gaps(range) {
        out.push_str(file.text.get(at..gap.start).unwrap_or_default());
        let len = gap.end - gap.start;
        // The line break moves up to its escape, so that blanks and comments behind it cannot end the command.
        out.push_str("\\\n");
        out.extend(std::iter::repeat_n(' ', len.saturating_sub(2)));
        at = gap.end;
    }
    out.push_str(file.text.get(at..span.end as usize).unwrap_or_default());
    out
}

/// The shell text of a RUN with heredocs: head, bodies and terminator lines. A carriage return that the builder drops
/// from the head's and the terminators' ends becomes a blank or a line break.
pub(super) fn with_heredocs(file: &SourceFile, line: &Logical<'_>, range: Range<usize>, heredocs: &[Heredoc], end: usize) -> ShellText {
    let head = line.span(range.clone());
    let mut out = mask(file, line, range, head);
    let mut at = head.end as usize;
    for heredoc in heredocs {
        let body = heredoc.body.range();
        push_without_returns(&mut out, file.text.get(at..body.start).unwrap_or_default(), at == head.end as usize);
        out.push_str(file.text.get(body.clone()).unwrap_or_default());
        at = body.end;
    }
    push_without_returns(&mut out, file.text.get(at..end).unwrap_or_default(), false);
    ShellText { text: out, span: Span::new(file.id, head.start as usize, end) }
}

/// What stands between the head and a body, or around a terminator.
fn push_without_returns(out: &mut String, text: &str, head: bool) {
    for c in text.chars() {
        match c {
            '\r' if head => out.push(' '),
            '\r' => out.push('\n'),
            c => out.push(c),
        }
    }
}
