use std::collections::BTreeSet;

use crate::diagnostic::{Applicability, Edit};
use crate::rule::{Cx, Rule, replace, rule};
use crate::source::{FileId, Span};
use crate::stack::{DockerfileUnit, ScriptOrigin, ScriptUnit, Stack};
use crate::syntax::dockerfile::{Heredoc, Instruction, Op};
use crate::syntax::shell::{Command, Dialect};

rule!(CrlfLineEndings, "quoting/crlf-line-endings");

impl Rule for CrlfLineEndings {
    fn script(&self, unit: &ScriptUnit, cx: &mut Cx<'_>) {
        // what an image generates stands in a Dockerfile
        if let ScriptOrigin::File(file) = unit.origin
            && unit.span == cx.stack.sources.get(file).span()
        {
            whole(file, cx);
        }
    }

    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (item, instruction) in unit.ast.instructions() {
            for heredoc in &instruction.heredocs {
                let Some(reader) = reader(unit, item, instruction, heredoc) else { continue };
                let (body, operator) = (cx.text(heredoc.body), cx.text(heredoc.operator).to_owned());
                let Some(first) = body.find("\r\n").filter(|_| !converted(cx.stack, unit.file)) else { continue };
                let source = cx.stack.sources.get(heredoc.body.file);
                let ends = source.text.match_indices("\r\n");
                let edits = ends.map(|(at, _)| replace(Span::new(source.id, at, at + 1), "")).collect();
                cx.report(heredoc.body.part(0, first), format!("the lines of `{operator}` end in CRLF, and {reader}"))
                    .help("end the lines of the Dockerfile in LF: what stands outside of heredocs stays the same")
                    .fix("end the lines in LF", Applicability::Safe, edits);
            }
        }
    }

    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: BTreeSet<&str> = stack.scripts.iter().map(|s| stack.sources.path(s.span.file)).collect();
        for started in stack.runtimes.iter().flat_map(|r| &r.started) {
            let file = stack.sources.find(&started.file).filter(|f| stack.sources.get(*f).text.starts_with("#!"));
            if let Some(file) = file.filter(|_| told.insert(&started.file)) {
                whole(file, cx);
            }
        }
    }
}

/// What reads the lines of a heredoc and stumbles over the `\r`.
fn reader(unit: &DockerfileUnit, item: usize, instruction: &Instruction, heredoc: &Heredoc) -> Option<&'static str> {
    let shebang = heredoc.content.starts_with("#!");
    match &instruction.op {
        Op::Copy(copy) | Op::Add(copy) if shebang || copy.dest.ends_with(".sh") => Some("the script does not start with them"),
        Op::Run(run) if run.heredoc_script && shebang => Some("the kernel looks for a program whose name ends in `\\r`"),
        Op::Run(run) if run.heredoc_script => {
            let dialect = unit.script(item)?.dialect;
            (dialect != Dialect::Windows).then_some("the shell takes the `\\r` for a part of the last word")
        }
        Op::Run(_) => {
            let reads = |c: &Command| c.nested.as_ref().is_some_and(|n| heredoc.body.contains(n.span));
            let commands = unit.script(item)?.commands.iter();
            commands.into_iter().any(reads).then_some("the shell takes the `\\r` for a part of the last word")
        }
        _ => None,
    }
}

fn whole(file: FileId, cx: &mut Cx<'_>) {
    let stack = cx.stack;
    let source = stack.sources.get(file);
    let ends: Vec<usize> = source.text.match_indices("\r\n").map(|(at, _)| at).collect();
    let Some(&first) = ends.first() else { return };
    if converted(stack, file) {
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

/// Some RUN takes the carriage returns out.
fn converted(stack: &Stack, file: FileId) -> bool {
    let texts = stack.dockerfiles_near(file).flat_map(|d| d.ast.instructions()).map(|(_, i)| i.rest.value.as_str());
    texts.into_iter().any(|text| text.contains("dos2unix") || text.contains("\\r"))
}
