use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::{blocks, on_first_line};
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Op, unquote};

rule!(InvalidLabelKey, "style/invalid-label-key");

impl Rule for InvalidLabelKey {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for (_, instruction) in blocks(unit).into_iter().flat_map(|b| b.instructions) {
            let Op::Label(pairs) = &instruction.op else { continue };
            for pair in pairs {
                let key = unquote(&pair.key, unit.ast.escape).value;
                let Some(why) = fault(&key) else { continue };
                let place = on_first_line(cx, instruction, pair.key.span);
                cx.report(place, format!("the label `{key}` {why}")).help("write it as `org.example.some-name`");
            }
        }
    }
}

fn fault(key: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if ["com.docker.", "io.docker.", "org.dockerproject."].iter().any(|p| key.starts_with(p)) {
        return Some("stands in a name space that Docker keeps for itself");
    }
    if !key.starts_with(|c: char| c.is_ascii_lowercase()) || !key.ends_with(plain) {
        return Some("begins or ends with something other than a lower-case letter (or, at the end, a digit)");
    }
    if !key.chars().all(|c| plain(c) || matches!(c, '.' | '-' | '_')) {
        return Some("has other characters than lower-case letters, digits, `.`, `-` and `_`");
    }
    (key.contains("..") || key.contains("--")).then_some("has two separators in a row")
}
