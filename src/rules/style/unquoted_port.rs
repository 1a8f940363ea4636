use crate::diagnostic::{Applicability, Severity};
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::layout::services;
use crate::source::Span;
use crate::stack::Stack;
use crate::syntax::yaml::{Node, Style, Value};

rule!(UnquotedPort, "style/unquoted-port");

impl Rule for UnquotedPort {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for (_, service) in services(stack) {
            let lists = ["ports", "expose"].iter().filter_map(|key| service.value.get(key));
            let all: Vec<(Style, &str, Span)> = lists.flat_map(Node::items).filter_map(scalar).collect();
            let quote = if all.iter().any(|p| p.0 == Style::Single) { '\'' } else { '"' };
            for (_, text, span) in all.iter().filter(|p| p.0 == Style::Plain && !p.1.is_empty()) {
                let sixty = base_sixty(text);
                let message = match sixty {
                    Some(number) => format!("podman-compose and other readers of YAML 1.1 take `{text}` for the number {number}"),
                    None => format!("`{text}` is not in quotes: what digits and colons mean without them depends on who reads the file"),
                };
                let report = cx.report(*span, message).help("put it in quotes");
                let report = if sixty.is_some() { report.severity(Severity::Warning) } else { report };
                if reads_as_written(text) {
                    report.fix("put the port in quotes", Applicability::Safe, vec![replace(*span, format!("{quote}{text}{quote}"))]);
                }
            }
        }
    }
}

fn scalar(node: &Node) -> Option<(Style, &str, Span)> {
    match &node.value {
        Value::Scalar(s) if node.tag.is_none() => Some((s.style, s.text.value.as_str(), node.span)),
        _ => None,
    }
}

/// The number that `22:22` is in YAML 1.1: base sixty.
fn base_sixty(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let first = parts.next().filter(|p| p.starts_with(|c: char| matches!(c, '1'..='9')))?;
    let mut number: u64 = first.parse().ok()?;
    let mut further = 0;
    for part in parts {
        let digit = Some(part).filter(|p| (1..=2).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))?.parse::<u64>().ok()?;
        number = number.checked_mul(60)?.checked_add(digit).filter(|_| digit < 60)?;
        further += 1;
    }
    (further > 0).then_some(number)
}

/// Whether Compose gets these very characters, so that quotes change nothing: `1e3` and `0x50` are other numbers to it.
fn reads_as_written(text: &str) -> bool {
    let number = !text.starts_with('0') && text.len() < 10 && text.bytes().all(|b| b.is_ascii_digit());
    let pair = text.contains([':', '/', '-', '$']) && !text.starts_with(['-', '+', '.']) && !text.contains(['\'', '"', '\\', '\n']);
    number || pair
}
