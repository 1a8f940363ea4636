use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::steps;
use crate::stack::{BuildContext, DockerfileUnit};
use crate::syntax::dockerfile::Op;

rule!(CopiedFileIsIgnored, "cache/copied-file-is-ignored");

impl Rule for CopiedFileIsIgnored {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let Some(context) = steps::context(cx.stack, unit).filter(|c| c.ignore.path.is_some()) else { return };
        for step in (0..unit.stages.len()).flat_map(|n| steps::own(unit, n)) {
            let (Op::Copy(copy) | Op::Add(copy)) = &step.instruction.op else { continue };
            if copy.from.is_some() {
                continue;
            }
            for source in &copy.sources {
                let Some(path) = unit.expand_at(step.stage, step.item, source) else { continue };
                let Some(found) = ignored(context, &path) else { continue };
                let head = step.instruction.head;
                // the builder names the line of the instruction
                let same_line = cx.stack.sources.line(source.span) == cx.stack.sources.line(head);
                let at = if same_line { source.span } else { head };
                let ignore = context.ignore.path.as_deref().unwrap_or(".dockerignore");
                let message = match found.root {
                    true => format!("nothing is copied: `{ignore}` ignores the whole context"),
                    false => format!("`{}` is not found: `{ignore}` keeps it out of the build", source.value),
                };
                let mut report = cx.report(at, message).help("take the pattern back with `!`, or do not copy what it ignores");
                if let Some(span) = found.pattern {
                    report = report.label(span, "ignored by this pattern");
                }
                if found.beyond {
                    report.without_aliases(&["CopyIgnoredFile"]);
                }
            }
        }
    }
}

struct Ignored {
    pattern: Option<crate::source::Span>,
    root: bool,
    /// Exceptions had to be weighed, which BuildKit's check does not do.
    beyond: bool,
}

fn ignored(context: &BuildContext, written: &str) -> Option<Ignored> {
    let rules = &context.ignore.rules;
    if written.contains("://") || written.starts_with("git@") {
        return None;
    }
    // such a path names the same file, but not for BuildKit's check
    let absolute = written.starts_with('/') || files::normalize(written).starts_with("..");
    let path = files::in_context(written);
    let beyond = rules.patterns.iter().any(|p| p.exception);
    if path == "." {
        let all = rules.patterns.iter().find(|p| ["*", "**", "**/*"].contains(&p.text.as_str()));
        return all.filter(|_| !beyond && !absolute).map(|p| Ignored { pattern: Some(p.span), root: true, beyond });
    }
    let taken_back = || rules.may_take_back_below(&path) || path.contains(['*', '?', '[']);
    if !rules.matches(&path) || (beyond && taken_back()) {
        return None;
    }
    Some(Ignored { pattern: rules.deciding(&path).map(|p| p.span), root: false, beyond: beyond || absolute })
}
