use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::layout::{in_brackets, services};
use crate::stack::Stack;
use crate::syntax::yaml::{Style, Value};

rule!(QuotedVolume, "style/quoted-volume");

impl Rule for QuotedVolume {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for (_, service) in services(stack) {
            let Some(list) = service.value.get("volumes") else { continue };
            let flow = in_brackets(stack, list);
            for item in list.items() {
                let Value::Scalar(scalar) = &item.value else { continue };
                let text = scalar.text.value.as_str();
                if !matches!(scalar.style, Style::Single | Style::Double) || item.tag.is_some() || !plain(text, flow) {
                    continue;
                }
                cx.report(item.span, format!("`{text}` is the same without quotes")).help("drop the quotes").fix(
                    "drop the quotes",
                    Applicability::Safe,
                    vec![replace(item.span, text)],
                );
            }
        }
    }
}

/// Whether YAML reads a text without quotes as that very string.
fn plain(text: &str, flow: bool) -> bool {
    let start = text.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '.' | '/' | '$' | '_')) || text.starts_with("~/");
    let word = text.contains('/')
        || !matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    let numeric = text.starts_with('.') && !text.starts_with("./") && !text.starts_with("..");
    let breaks = text.contains(": ") || text.contains(" #") || text.ends_with([':', ' ']) || text.contains(|c: char| c.is_control());
    let brackets = flow && text.contains([',', '[', ']', '{', '}']);
    start && word && !numeric && !breaks && !brackets
}
