use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::instructions::on_first_line;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::Op;

rule!(InconsistentAsCase, "style/inconsistent-as-case");

impl Rule for InconsistentAsCase {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let Op::From(from) = &instruction.op else { continue };
            let Some(word) = &from.as_word else { continue };
            let keyword = instruction.word.value.as_str();
            let wanted = match keyword {
                k if k == k.to_uppercase() => "AS",
                k if k == k.to_lowercase() => "as",
                _ => continue,
            };
            if word.value == wanted {
                continue;
            }
            let place = on_first_line(cx, instruction, word.span);
            let verbatim = cx.text(word.span) == word.value;
            let report = cx.report(place, format!("`{}` and `{keyword}` are written in different cases", word.value));
            if verbatim {
                report.fix(format!("write `{wanted}`"), Applicability::Safe, vec![replace(word.span, wanted)]);
            }
        }
    }
}
