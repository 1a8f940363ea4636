use crate::diagnostic::{Applicability, Edit};
use crate::rule::{Cx, Rule, replace, rule};
use crate::source::Span;
use crate::stack::{ScriptOrigin, ScriptUnit, Stack};

rule!(CrlfLineEndings, "quoting/crlf-line-endings");

impl Rule for CrlfLineEndings {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        let stack = cx.stack;
        let ScriptOrigin::File(file) = unit.origin else { return };
        let source = stack.sources.get(file);
        let ends: Vec<usize> = source.text.match_indices("\r\n").map(|(at, _)| at).collect();
        let Some(&first) = ends.first() else { return };
        if converted(stack) {
            return;
        }
        let line = source.text.get(..first).unwrap_or_default();
        let start = line.rfind('\n').map_or(0, |n| n + 1);
        let shebang = start == 0 && line.trim_start_matches('\u{feff}').starts_with("#!");
        let message = if shebang {
            format!(
                "the container does not start: the line ends in CRLF, so the kernel looks for `{}\\r`",
                line.trim_start_matches('\u{feff}').trim_start_matches("#!").trim()
            )
        } else {
            "this line ends in CRLF: the shell takes the `\\r` for a part of the last word".to_owned()
        };
        let edits: Vec<Edit> = ends.iter().map(|&at| replace(Span::new(file, at, at + 1), "")).collect();
        cx.report(Span::new(file, start, first), message)
            .help("end the lines in LF, and keep git from changing them with `*.sh text eol=lf` in .gitattributes")
            .fix("end the lines in LF", Applicability::Safe, edits);
    }
}

/// Some RUN takes the carriage returns out.
fn converted(stack: &Stack) -> bool {
    let texts = stack.dockerfiles.iter().flat_map(|d| d.ast.instructions()).map(|(_, i)| i.rest.value.as_str());
    texts.into_iter().any(|text| text.contains("dos2unix") || text.contains("\\r"))
}
