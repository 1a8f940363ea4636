use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Keyword, Op};

rule!(MaintainerInstruction, "style/maintainer-instruction");

impl Rule for MaintainerInstruction {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions().filter(|(_, i)| i.keyword == Keyword::Maintainer) {
            let report = cx
                .report(
                    instruction.head,
                    "MAINTAINER is deprecated: it fills a field that `docker inspect` shows and label filters pass over",
                )
                .help("`LABEL org.opencontainers.image.authors=\"…\"` says the same to every tool");
            let Op::Maintainer(who) = &instruction.op else { continue };
            let who = who.trim_matches(['"', '\'']);
            let plain = !who.is_empty() && instruction.error.is_none() && !who.contains(['"', '\\', '`', '$', '\n']);
            if plain {
                let keyword = if instruction.word.value == instruction.word.to_lowercase() { "label" } else { "LABEL" };
                let label = format!("{keyword} org.opencontainers.image.authors=\"{who}\"");
                report.fix("write it as a label", Applicability::Unsafe, vec![replace(instruction.head, label)]);
            }
        }
    }
}
