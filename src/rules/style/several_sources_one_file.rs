use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, on_first_line, value_at};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(SeveralSourcesOneFile, "style/several-sources-one-file");

impl Rule for SeveralSourcesOneFile {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                let (Op::Copy(copy) | Op::Add(copy)) = &instruction.op else { continue };
                if copy.sources.len() + instruction.heredocs.len() < 2 {
                    continue;
                }
                let Some(dest) = value_at(unit, block.stage, *item, &copy.dest) else { continue };
                if dest.is_empty() || dest.ends_with(['/', '\\', '.']) {
                    continue;
                }
                let place = on_first_line(cx, instruction, copy.dest.span);
                cx.report(
                    place,
                    format!("`{dest}` has no `/` at its end: unless it is a folder already, each source becomes that one file"),
                )
                .help(format!("write `{dest}/`"));
            }
        }
    }
}
