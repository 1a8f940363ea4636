use crate::compose::EnvVar;
use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::source::Span;
use crate::stack::Stack;

rule!(QuotesKeptInValue, "quoting/quotes-kept-in-value");

impl Rule for QuotesKeptInValue {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut told: Vec<Span> = Vec::new();
        for service in stack.projects.iter().flat_map(|p| &p.services) {
            let args = service.build.iter().flat_map(|b| &b.args);
            for variable in service.environment.iter().chain(args) {
                if !told.contains(&variable.span) && check(variable, cx) {
                    told.push(variable.span);
                }
            }
        }
    }
}

/// Pairs that word processors make of plain quotes.
const TYPESET: [(char, &[char]); 4] = [
    ('\u{201c}', &['\u{201d}', '\u{201c}']),
    ('\u{201e}', &['\u{201c}', '\u{201d}']),
    ('\u{201d}', &['\u{201d}']),
    ('\u{2018}', &['\u{2019}']),
];

fn check(variable: &EnvVar, cx: &mut Cx<'_>) -> bool {
    typeset(variable, cx) || (!variable.from_file && in_list(variable, cx))
}

/// Quotes that no program takes for some.
fn typeset(variable: &EnvVar, cx: &mut Cx<'_>) -> bool {
    let Some(value) = &variable.value else { return false };
    let text = value.value.as_str();
    let closed = |(open, close): &(char, &[char])| text.strip_prefix(*open).and_then(|rest| rest.strip_suffix(*close));
    let Some(inner) = TYPESET.iter().find_map(closed).filter(|inner| !inner.is_empty()) else { return false };
    let name = variable.name.value.as_str();
    let message =
        format!("the quotes around the value of `{name}` are those of typesetters: no program takes them off, they become a part of it");
    let report = cx.report(value.span, message).help("write plain quotes, or none");
    // what needs no quotes in any of the formats
    if inner.starts_with(|c: char| c.is_ascii_alphabetic()) && inner.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c)) {
        report.fix("take the quotes off", Applicability::Unsafe, vec![replace(value.span, inner)]);
    }
    true
}

/// `- NAME="value"`: YAML takes no quotes off in the middle of a text.
fn in_list(variable: &EnvVar, cx: &mut Cx<'_>) -> bool {
    let written = cx.text(variable.span);
    let name = variable.name.value.as_str();
    let Some(value) = written.strip_prefix(name).and_then(|w| w.strip_prefix('=')) else { return false };
    let quote = |q: char| value.strip_prefix(q).and_then(|v| v.strip_suffix(q)).filter(|v| !v.is_empty() && !v.contains(q));
    let help = format!("write `{name}: …` with quotes around the value, or `{name}=…` without any");
    let Some(inner) = quote('"').or_else(|| quote('\'')) else {
        let open = ['"', '\''].into_iter().find(|q| value.len() > 1 && value.starts_with(*q) && value.matches(*q).count() == 1);
        if open.is_some() {
            let message = format!("the value of `{name}` begins with a quote that is never closed: it becomes a part of the value");
            cx.report(variable.span, message).help(help);
        }
        return open.is_some();
    };
    let report = cx.report(variable.span, format!("the quotes are a part of the value: `{name}` begins and ends with one")).help(help);
    if inner.chars().all(|c| c.is_ascii_alphanumeric() || "_-./@+$,".contains(c)) {
        report.fix("take the quotes off", Applicability::Unsafe, vec![replace(variable.span, format!("{name}={inner}"))]);
    }
    true
}
