//! Lines of templates that envsubst reads.

use super::layers::{layer, substituted};
use super::{Kind, Request, Trace, View, environment, joined};
use crate::quoting::{Environment, Executed, Flow, Mark, Outcome, Reader, Step, Substitution, Value, names_in, trace_argv, trace_file};
use crate::source::{FileId, Span};
use crate::stack::{Runtime, Stack, TemplateUse, nginx_templates};
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
    for used in stack.nginx.iter().filter(|n| n.file == file && n.template) {
        let Some(runtime) = stack.runtimes.get(used.runtime).filter(|r| nginx_templates::renders(r)) else { continue };
        let put_there = nginx_templates::templates(stack, runtime).iter().any(|t| t.span == used.brought_by);
        if put_there && request.service.is_none_or(|name| environment::is_service(stack, runtime, name)) {
            views.push(by_image(stack, request, runtime, used.brought_by, Flow::source(text, focus)));
        }
    }
    let written = Flow::source(text, focus);
    (!views.is_empty()).then(|| Trace { subject: "template".to_owned(), span: focus, written, views: joined(views), notes: Vec::new() })
}

/// What the entrypoint of the nginx image makes of a line: it fills in the names that are set, and leaves the others to nginx.
fn by_image(stack: &Stack, request: &Request<'_>, runtime: &Runtime, brought_by: Span, line: Flow) -> View {
    let services = environment::service_name(stack, runtime);
    if !nginx_templates::rendered(stack, runtime).contains(&brought_by) {
        let why = match nginx_templates::launch_in_the_way(runtime) {
            Some(launch) => {
                let place = format!("{}:{}", stack.sources.path(launch.file), stack.sources.line(launch));
                format!("not rendered: the image does so only where the command is `nginx` itself, and {place} starts something else")
            }
            None => "not rendered: the image passes over files of this name".to_owned(),
        };
        let made = layer("nginx image", Kind::Envsubst, line.clone(), Vec::new(), Some(why));
        return View { services, layers: vec![made], results: vec![(String::new(), line)], ..View::default() };
    }
    let environment = environment::of_runtime(stack, request, runtime);
    let outcome = |name: &str| match environment.look_up(name) {
        (Value::Unset, _) => Outcome::Stays("not set in the container: nginx gets it".to_owned()),
        (Value::Unknown(_), None) => Outcome::Stays("nothing here sets it: nginx gets it, unless the container is given it".to_owned()),
        (value, set_by) => match (nginx_templates::filtered_out(runtime, name), value) {
            (Some(true), _) => Outcome::Stays("NGINX_ENVSUBST_FILTER leaves it out".to_owned()),
            (None, _) => Outcome::Unknown("what NGINX_ENVSUBST_FILTER leaves out is not known here".to_owned()),
            (_, Value::Known(value)) => Outcome::Known { value, set_by },
            (_, Value::Unknown(why)) => Outcome::Unknown(why),
            (_, Value::Unset) => Outcome::Empty,
        },
    };
    let names = names_in(&Text::verbatim(line.text(), Span::new(FileId(0), 0, line.len())));
    let marks: Vec<Mark> = names.into_iter().map(|n| Mark { range: n.span.range(), outcome: outcome(&n.value), name: n.value }).collect();
    let result = result(&line, &marks);
    let note = Some("its entrypoint runs envsubst over /etc/nginx/templates, for the names that are set".to_owned());
    let made = layer("nginx image", Kind::Envsubst, line, marks, note);
    View { services, layers: vec![made], results: vec![(String::new(), result)], ..View::default() }
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
