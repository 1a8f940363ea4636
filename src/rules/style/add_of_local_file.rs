use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::instructions::{blocks, on_first_line};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Op, unquote};

rule!(AddOfLocalFile, "style/add-of-local-file");

const UNPACKED: [&str; 14] = [".tar", ".gz", ".bz2", ".xz", ".tgz", ".tbz", ".tbz2", ".txz", ".tb2", ".lz", ".lzma", ".tlz", ".Z", ".zst"];

impl Rule for AddOfLocalFile {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in blocks(unit).into_iter().flat_map(|b| b.instructions) {
            let Op::Add(add) = &instruction.op else { continue };
            if add.sources.is_empty()
                || !instruction.heredocs.is_empty()
                || instruction.error.as_ref().is_some_and(|e| e.span != instruction.word.span)
            {
                continue;
            }
            let sources: Vec<String> = add.sources.iter().map(|s| unquote(s, unit.ast.escape).value).collect();
            if !sources.iter().all(|s| is_plain(s)) {
                continue;
            }
            let span = add.sources.first().map_or(instruction.head, |s| s.span);
            let place = on_first_line(cx, instruction, span);
            let verbatim = cx.text(instruction.word.span) == instruction.word.value;
            let shared = instruction.flags.iter().all(|f| matches!(f.name.value.as_str(), "chown" | "chmod" | "link" | "exclude"));
            let lower = instruction.word.value == instruction.word.to_lowercase();
            let report = cx
                .report(place, "ADD would unpack this if it were an archive; nothing here asks for that")
                .help("COPY takes files as they are");
            if verbatim && shared {
                let word = if lower { "copy" } else { "COPY" };
                report.fix("copy it", Applicability::Unsafe, vec![replace(instruction.word.span, word)]);
            }
        }
    }
}

/// Whether a source is neither remote nor an archive by its name, nor left open.
fn is_plain(source: &str) -> bool {
    let remote = source.contains("://") || source.starts_with("git@") || source.ends_with(".git") || source.contains(".git#");
    let open = source.contains(['$', '*', '?', '[']);
    !remote && !open && !UNPACKED.iter().any(|end| source.ends_with(end))
}
