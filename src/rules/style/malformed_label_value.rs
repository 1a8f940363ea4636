use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, on_first_line, value_at};
use crate::rules::support::label_values::is_of;
use crate::stack::{DockerfileUnit, LabelKind};
use crate::syntax::dockerfile::{Op, unquote};

rule!(MalformedLabelValue, "style/malformed-label-value");

impl Rule for MalformedLabelValue {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let schema = cx.stack.options.label_schema.clone();
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                let Op::Label(pairs) = &instruction.op else { continue };
                for pair in pairs {
                    let key = unquote(&pair.key, unit.ast.escape).value;
                    let (Some(kind), Some(text)) = (schema.get(&key), &pair.value) else { continue };
                    let Some(value) = value_at(unit, block.stage, *item, text) else { continue };
                    if !value.is_empty() && is_of(*kind, &value) {
                        continue;
                    }
                    let place = on_first_line(cx, instruction, pair.span);
                    let (what, alias) = wanted(*kind);
                    if value.is_empty() {
                        cx.report(place, format!("the label `{key}` is empty")).aliases(&["DL3051"]);
                    } else {
                        cx.report(place, format!("the label `{key}` is to hold {what}, and `{value}` is none")).aliases(&[alias]);
                    }
                }
            }
        }
    }
}

fn wanted(kind: LabelKind) -> (&'static str, &'static str) {
    match kind {
        LabelKind::Text => ("a text", "DL3051"),
        LabelKind::Url => ("a URL", "DL3052"),
        LabelKind::Rfc3339 => ("a time such as 2026-05-01T12:00:00Z", "DL3053"),
        LabelKind::Spdx => ("an SPDX licence", "DL3054"),
        LabelKind::Hash => ("a commit's hash", "DL3055"),
        LabelKind::Semver => ("a version such as 1.2.3", "DL3056"),
        LabelKind::Email => ("a mail address", "DL3058"),
    }
}
