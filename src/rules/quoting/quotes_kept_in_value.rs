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
            for variable in service.environment.iter().chain(args).filter(|v| !v.from_file) {
                if !told.contains(&variable.span) && check(variable, cx) {
                    told.push(variable.span);
                }
            }
        }
    }
}

/// `- NAME="value"`: YAML takes no quotes off in the middle of a text.
fn check(variable: &EnvVar, cx: &mut Cx<'_>) -> bool {
    let written = cx.text(variable.span);
    let name = variable.name.value.as_str();
    let Some(value) = written.strip_prefix(name).and_then(|w| w.strip_prefix('=')) else { return false };
    let quote = |q: char| value.strip_prefix(q).and_then(|v| v.strip_suffix(q)).filter(|v| !v.is_empty() && !v.contains(q));
    let Some(inner) = quote('"').or_else(|| quote('\'')) else { return false };
    let report = cx
        .report(variable.span, format!("the quotes are a part of the value: `{name}` begins and ends with one"))
        .help(format!("write `{name}: …` with quotes around the value, or `{name}=…` without any"));
    if inner.chars().all(|c| c.is_ascii_alphanumeric() || "_-./@+$,".contains(c)) {
        report.fix("take the quotes off", Applicability::Unsafe, vec![replace(variable.span, format!("{name}={inner}"))]);
    }
    true
}
