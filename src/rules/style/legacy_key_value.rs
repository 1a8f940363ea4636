use crate::diagnostic::{Applicability, Edit};
use crate::rule::{Cx, Rule, replace, rule};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Op, Pair};

rule!(LegacyKeyValue, "style/legacy-key-value");

impl Rule for LegacyKeyValue {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in unit.ast.instructions() {
            let (Op::Env(pairs) | Op::Label(pairs)) = &instruction.op else { continue };
            let Some(pair) = pairs.iter().find(|p| p.legacy) else { continue };
            if instruction.error.is_some() {
                continue;
            }
            let word = &instruction.word.value;
            let edits = edits(pair);
            let report = cx
                .report(
                    instruction.head,
                    format!("`{word} {}` has no `=`: all that follows it is one value, a second pair too", pair.key.value),
                )
                .help(format!("write `{word} {}=…`", pair.key.value));
            if let Some(edits) = edits {
                report.fix("write it with `=`", Applicability::Safe, edits);
            }
        }
    }
}

/// The edits that keep the value as it is; none where quotes and escapes leave a doubt.
fn edits(pair: &Pair) -> Option<Vec<Edit>> {
    let value = pair.value.as_ref()?;
    let text = value.value.as_str();
    let gap = pair.key.span.at_end().to(value.span.at_start());
    if pair.key.contains(['"', '\'', '\\', '$', '=']) || text.is_empty() {
        return None;
    }
    let bare = !text.contains(['"', '\'', '\\', '`']);
    let blank = text.contains(char::is_whitespace);
    if (bare && !blank) || quoted(text) {
        return Some(vec![replace(gap, "=")]);
    }
    bare.then(|| vec![replace(gap, "=\""), replace(value.span.at_end(), "\"")])
}

/// Whether a value is one quoted string from end to end.
fn quoted(text: &str) -> bool {
    ['"', '\''].iter().any(|q| {
        let inner = text.strip_prefix(*q).and_then(|t| t.strip_suffix(*q));
        inner.is_some_and(|i| !i.contains([*q, '\\', '`']))
    })
}
