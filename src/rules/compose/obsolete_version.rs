use crate::compose::{Project, Role};
use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::source::Span;

rule!(ObsoleteVersion, "compose/obsolete-version");

impl Rule for ObsoleteVersion {
    fn project(&self, project: &Project, cx: &mut Cx<'_>) {
        if project.role == Role::V1 {
            return;
        }
        for file in &project.files {
            let Some(root) = cx.stack.yaml.get(file).and_then(|y| y.documents.first()) else { continue };
            let Some(entry) = root.entry("version") else { continue };
            let source = cx.stack.sources.get(*file);
            let line = source.line_of(entry.key.span.start as usize);
            let alone = source.line_of(entry.value.span.end as usize) == line;
            let start = source.line_range(line).start;
            let mut last = line;
            while source.line_text(last + 1).trim().is_empty() && last < source.line_count() {
                last += 1;
            }
            let end = if last < source.line_count() { source.line_range(last + 1).start } else { source.text.len() };
            let report = cx
                .report(entry.key.span, "Compose ignores `version` and warns about it at every command; the file is read by what it holds")
                .help("delete the line");
            if alone {
                report.fix("delete `version`", Applicability::Safe, vec![replace(Span::new(*file, start, end), "")]);
            }
        }
    }
}
