//! Lines of templates that envsubst reads.

use super::layers::{layer, substituted};
use super::{Kind, Request, Trace, View, environment, joined};
use crate::quoting::{Environment, Executed, Flow, Mark, Outcome, Reader, Step, Substitution, names_in, trace_argv, trace_file};
use crate::source::{FileId, Span};
use crate::stack::{Runtime, Stack, TemplateUse};
use crate::text::Text;

/// Traces a line of a template.
pub(super) fn trace(stack: &Stack, request: &Request<'_>, file: FileId, focus: Span) -> Option<Trace> {
    let source = stack.sources.get(file);
    let text = source.text.get(focus.range())?;
    if !text.contains('$') {
        return None;
    }
    let mut views = Vec::new();
    for used in stack.templates.iter().filter(|t| t.file == file) {
        let Some(runtime) = stack.runtimes.get(used.runtime) else { continue };
        let services = environment::service_name(stack, runtime);
        if request.service.is_some_and(|name| !environment::is_service(stack, runtime, name)) {
            continue;
        }
        let Some(found) = call(stack, runtime, request, used) else { continue };
        let line = Flow::source(text, focus);
        let names = names_in(&Text::verbatim(text, Span::new(file, 0, text.len())));
        let marks: Vec<Mark> =
            names.into_iter().map(|n| Mark { range: n.span.range(), outcome: substituted(&found, &n.value), name: n.value }).collect();
        let result = result(&line, &marks);
        let place = format!("{}:{}", stack.sources.path(used.call.file), stack.sources.line(used.call));
        let made = layer("envsubst", Kind::Envsubst, line, marks, Some(format!("called in {place}")));
        views.push(View { services, layers: vec![made], results: vec![(String::new(), result)], ..View::default() });
    }
    let written = Flow::source(text, focus);
    (!views.is_empty()).then(|| Trace { subject: "template".to_owned(), span: focus, written, views: joined(views), notes: Vec::new() })
}

/// The line as envsubst writes it.
fn result(line: &Flow, marks: &[Mark]) -> Flow {
    let (mut flow, mut at) = (Flow::default(), 0);
    for mark in marks {
        let here = line.span_of(mark.range.clone());
        match &mark.outcome {
            Outcome::Stays(_) => continue,
            outcome => {
                flow.append_range(line, at..mark.range.start);
                match outcome {
                    Outcome::Known { value, .. } => flow.append_value(value, here),
                    Outcome::Unknown(_) => flow.append(&Flow::unknown(line.text().get(mark.range.clone()).unwrap_or_default(), here)),
                    _ => {}
                }
                at = mark.range.end;
            }
        }
    }
    flow.append_range(line, at..line.len());
    flow
}

/// The call of envsubst as it is executed.
fn call(stack: &Stack, runtime: &Runtime, request: &Request<'_>, used: &TemplateUse) -> Option<Substitution> {
    let machine = environment::machine(runtime.image.as_ref());
    let at_run_time = environment::of_runtime(stack, request, runtime);
    for launch in &runtime.launches {
        let argv: Vec<Flow> = launch.argv.iter().map(Flow::of_text).collect();
        let executed = trace_argv(&argv, at_run_time.clone(), machine);
        if let Some(found) = in_steps(&executed.inner, used.call) {
            return Some(found);
        }
    }
    let unit = stack.dockerfiles.iter().find(|u| u.file == used.call.file);
    if let Some((unit, (item, _))) = unit.and_then(|u| Some((u, u.ast.instructions().find(|(_, i)| i.span.contains(used.call))?))) {
        let environment: Environment = environment::of_build(stack, request, unit, unit.ast.stage_of(item)?, item);
        let text = unit.scripts.get(&item).map(|s| Flow::source(stack.sources.slice(s.span), s.span))?;
        let step = trace_file(&text, "sh", machine.sh, environment, machine, None);
        return in_steps(std::slice::from_ref(&step), used.call);
    }
    let source = stack.sources.get(used.call.file);
    let text = Flow::source(&source.text, source.span());
    let step = trace_file(&text, "sh", machine.sh, at_run_time, machine, None);
    in_steps(std::slice::from_ref(&step), used.call)
}

fn in_steps(steps: &[Step], call: Span) -> Option<Substitution> {
    steps.iter().find_map(|step| step.commands.iter().find_map(|c| in_command(step, c, call)))
}

fn in_command(step: &Step, command: &Executed, call: Span) -> Option<Substitution> {
    let place = step.text.span_of(command.range.clone());
    if !super::project::touches(place, call) {
        return None;
    }
    let own = command.inner.iter().find_map(|s| match &s.reader {
        Reader::Envsubst(found) => Some((**found).clone()),
        _ => None,
    });
    own.or_else(|| in_steps(&command.inner, call))
}
