use crate::diagnostic::Severity;
use crate::rule::{Cx, Rule, rule};
use crate::source::{MAX_FILE_BYTES, Span, TextProblem};
use crate::stack::Stack;

rule!(UnreadableText, "syntax/unreadable-text");

impl Rule for UnreadableText {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for &file in &stack.checked {
            let source = stack.sources.get(file);
            let start = source.span().at_start();
            match &source.problem {
                Some(TextProblem::WideEncoding(name)) => {
                    cx.report(start, format!("the file is {name}, which no builder and no Compose reads"))
                        .help("save it as UTF-8 (PowerShell: `Set-Content -Encoding utf8`)");
                }
                Some(TextProblem::TooLarge { bytes }) => {
                    cx.report(start, format!("the file has {bytes} bytes and is not read: the limit is {MAX_FILE_BYTES}"))
                        .severity(Severity::Warning)
                        .help("what is this large is data; let the build copy it instead");
                }
                Some(TextProblem::NotUtf8 { first, count }) => {
                    let bytes = if *count == 1 { "a byte".to_owned() } else { format!("{count} bytes") };
                    let line = source.line_of(*first);
                    cx.report(
                        Span::new(file, *first, first + 1),
                        format!("{bytes} from line {line} on are no UTF-8, so tools disagree on the text"),
                    )
                    .severity(Severity::Warning)
                    .help("save the file as UTF-8; it was likely written as Latin-1 or Windows-1252");
                }
                None => {}
            }
        }
    }
}
