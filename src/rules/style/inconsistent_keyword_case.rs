use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Instruction, Keyword};

rule!(InconsistentKeywordCase, "style/inconsistent-keyword-case");

impl Rule for InconsistentKeywordCase {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let first = unit.ast.stages.first().map_or(usize::MAX, |s| s.from);
        let known = |i: &Instruction| i.keyword != Keyword::Unknown;
        let all: Vec<&Instruction> = unit.ast.instructions().filter(|(n, i)| *n >= first && known(i)).map(|(_, i)| i).collect();
        let lower = all.iter().filter(|i| i.word.value == i.word.value.to_lowercase()).count();
        let upper = all.iter().filter(|i| i.word.value == i.word.value.to_uppercase()).count();
        let to_lower = lower > upper;
        for instruction in all {
            let word = &instruction.word.value;
            let wanted = if to_lower { word.to_lowercase() } else { word.to_uppercase() };
            if *word == wanted {
                continue;
            }
            let verbatim = cx.text(instruction.word.span) == word;
            let case = if to_lower { "lower" } else { "upper" };
            let report = cx.report(
                instruction.word.span,
                format!("`{word}` stands in a file that writes its instructions in {case} case, so a search for `{wanted}` passes it over"),
            );
            if verbatim {
                report.fix(format!("write `{wanted}`"), Applicability::Safe, vec![replace(instruction.word.span, wanted)]);
            }
        }
    }
}
