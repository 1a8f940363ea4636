use crate::rule::{Cx, Rule, rule};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Op, unquote};

rule!(LabelMissing, "style/label-missing");

impl Rule for LabelMissing {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let schema = cx.stack.options.label_schema.clone();
        if schema.is_empty() {
            return;
        }
        for stage in &unit.stages {
            // a stage that another one needs is no image of its own
            if unit.stages.iter().any(|other| other.needs.iter().any(|n| n.stage == stage.index)) {
                continue;
            }
            let chain = unit.chain(stage.index);
            let instructions = chain.iter().filter_map(|n| unit.ast.stages.get(*n)).flat_map(|s| unit.ast.stage_instructions(s));
            let mut has: Vec<String> = Vec::new();
            for (_, instruction) in instructions {
                if let Op::Label(pairs) = &instruction.op {
                    has.extend(pairs.iter().map(|p| unquote(&p.key, unit.ast.escape).value));
                }
            }
            let missing: Vec<String> = schema.keys().filter(|k| !has.contains(k)).map(|k| format!("`{k}`")).collect();
            if !missing.is_empty() {
                let labels = if missing.len() == 1 { "the label" } else { "the labels" };
                cx.report(stage.from, format!("the image lacks {labels} {}, which the configuration asks for", missing.join(", ")));
            }
        }
    }
}
