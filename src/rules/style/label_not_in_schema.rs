use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, on_first_line};
use crate::stack::DockerfileUnit;
use crate::syntax::closest;
use crate::syntax::dockerfile::{Op, unquote};

rule!(LabelNotInSchema, "style/label-not-in-schema");

impl Rule for LabelNotInSchema {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let options = cx.stack.options.clone();
        if !options.strict_labels {
            return;
        }
        for (_, instruction) in blocks(unit).into_iter().flat_map(|b| b.instructions) {
            let Op::Label(pairs) = &instruction.op else { continue };
            for pair in pairs {
                let key = unquote(&pair.key, unit.ast.escape).value;
                if options.label_schema.contains_key(&key) {
                    continue;
                }
                let place = on_first_line(cx, instruction, pair.key.span);
                let report = cx.report(place, format!("the configuration's list of labels has no `{key}`"));
                if let Some(near) = closest(&key, options.label_schema.keys().map(String::as_str)) {
                    report.help(format!("did you mean `{near}`?"));
                }
            }
        }
    }
}
