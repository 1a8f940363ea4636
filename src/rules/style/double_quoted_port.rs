use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::layout::services;
use crate::stack::Stack;
use crate::syntax::yaml::{Node, Style, Value};

rule!(DoubleQuotedPort, "style/double-quoted-port");

impl Rule for DoubleQuotedPort {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for (_, service) in services(stack) {
            let lists = ["ports", "expose"].iter().filter_map(|key| service.value.get(key));
            for item in lists.flat_map(Node::items).filter(|i| i.tag.is_none()) {
                let Value::Scalar(scalar) = &item.value else { continue };
                let text = scalar.text.value.as_str();
                if scalar.style != Style::Double || text.contains(|c: char| c.is_control() || c == '\'') {
                    continue;
                }
                cx.report(item.span, format!("`{text}` is in double quotes, where single ones say the same"))
                    .help("use single quotes")
                    .fix("use single quotes", Applicability::Safe, vec![replace(item.span, format!("'{text}'"))]);
            }
        }
    }
}
