use std::collections::BTreeSet;

use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, replace, rule};
use crate::rules::support::broken_json::{begins_list, falls_back};
use crate::rules::support::compose_command::given;
use crate::rules::support::instructions::{looked_at, on_first_line};
use crate::source::Span;
use crate::stack::{DockerfileUnit, Stack};
use crate::syntax::dockerfile::{Form, Instruction, Op};

rule!(JsonFormFallsBack, "quoting/json-form-falls-back");

impl Rule for JsonFormFallsBack {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        let looked_at = looked_at(unit, cx.stack);
        for (item, instruction) in unit.ast.instructions() {
            let inner = if let Op::Onbuild(inner) = &instruction.op { inner } else { instruction };
            let Some(stage) = unit.ast.stage_of(item) else { continue };
            if !falls_back(inner) || inner.error.is_some() || !looked_at.get(stage).copied().unwrap_or(true) {
                continue;
            }
            let Some(span) = text_of(inner) else { continue };
            let name = inner.keyword.name();
            let text = cx.text(span);
            let own_shell = unit.shell_at(stage, item).set_by.is_some();
            let started = matches!(instruction.op, Op::Cmd(_) | Op::Entrypoint(_));
            let place = on_first_line(cx, instruction, span);
            let becomes = match inner.op {
                Op::Volume(_) => "the path of the volume is the text, brackets and quotes and all",
                Op::Copy(_) | Op::Add(_) => "each word is taken for a file, brackets and quotes and all",
                _ => "a shell is given the text, brackets and all, and finds no such program",
            };
            let report = cx.report(place, format!("this {name} is no valid JSON, so {becomes}")).help(why(text));
            let report = match started {
                true if own_shell => report.without_aliases(&["JSONArgsRecommended"]),
                true => report,
                false => report.aliases(&[]),
            };
            if let Some(fixed) = requoted(text) {
                report.fix("write valid JSON", Applicability::Unsafe, vec![replace(span, fixed)]);
            }
        }
    }

    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        in_compose(stack, cx);
    }
}

fn text_of(instruction: &Instruction) -> Option<Span> {
    match &instruction.op {
        Op::Cmd(Form::Shell(text)) | Op::Entrypoint(Form::Shell(text)) | Op::Healthcheck(Some(Form::Shell(text))) => Some(text.span),
        Op::Run(run) => match &run.form {
            Form::Shell(text) => Some(text.span),
            Form::Exec(_) => None,
        },
        Op::Volume(_) | Op::Copy(_) | Op::Add(_) => Some(instruction.rest.span),
        _ => None,
    }
}

/// `command: '["a", "b"]'`: a text that Compose splits at its blanks.
fn in_compose(stack: &Stack, cx: &mut Cx<'_>) {
    let mut told: BTreeSet<Span> = BTreeSet::new();
    for service in stack.projects.iter().flat_map(|p| &p.services) {
        for given in given(service) {
            let Some(text) = &given.line.string else { continue };
            let text = text.trim();
            if !(begins_list(text) && text.ends_with(']') && told.insert(given.line.span)) {
                continue;
            }
            let message = format!("this {} is a text, not a list: the container looks for a program whose name begins with `[`", given.key);
            let report = cx.report(given.line.span, message).aliases(&[]).help("take the quotes around the list away");
            let source = stack.sources.slice(given.line.span);
            let bare = source.strip_prefix('\'').and_then(|s| s.strip_suffix('\'')).filter(|s| !s.contains('\''));
            if let Some(list) = bare.filter(|l| serde_json::from_str::<Vec<String>>(l).is_ok()) {
                report.fix("write a list", Applicability::Unsafe, vec![replace(given.line.span, list)]);
            }
        }
    }
}

fn why(text: &str) -> &'static str {
    let trimmed = text.trim_end();
    if trimmed.contains('\'') && !trimmed.contains('"') {
        "JSON knows double quotes only"
    } else if trimmed.contains(['“', '”', '‘', '’']) {
        "these are typographic quotes: JSON knows `\"` only"
    } else if trimmed.contains('\\') && !trimmed.contains("\\\n") {
        "a backslash must be written twice in JSON"
    } else if !trimmed.ends_with(']') && trimmed.contains(']') {
        "nothing may follow the closing bracket: move comments to a line of their own"
    } else if trimmed.ends_with(",]") || trimmed.ends_with(", ]") {
        "JSON allows no comma before the closing bracket"
    } else {
        "put each word in double quotes, with commas between them"
    }
}

/// The list with double quotes, where only the kind of quotes is wrong.
fn requoted(text: &str) -> Option<String> {
    let text = text.trim_end();
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let fixed: String = inner.chars().map(|c| if matches!(c, '\'' | '“' | '”' | '‘' | '’') { '"' } else { c }).collect();
    let fixed = fixed.trim_end();
    let fixed = format!("[{}]", fixed.strip_suffix(',').unwrap_or(fixed));
    let mixed = inner.contains('"') && inner.contains(['\'', '‘', '’']);
    (!mixed && !inner.contains('\\') && serde_json::from_str::<Vec<String>>(&fixed).is_ok()).then_some(fixed)
}
