//! Lines of `.env` and of the files that `env_file` names.

use std::collections::BTreeMap;

use super::layers::layer;
use super::project::{Variables, touches};
use super::{Kind, Request, Trace, View, joined};
use crate::compose::Project;
use crate::quoting::{Flow, Mark, Outcome, Setter, Value, names_in};
use crate::source::{FileId, Span};
use crate::stack::Stack;
use crate::syntax::dotenv::{self, Format, Variable};
use crate::text::Text;

/// Traces a line of an env file.
pub(super) fn trace(stack: &Stack, request: &Request<'_>, file: FileId, focus: Span) -> Option<Trace> {
    let mut views = Vec::new();
    let mut notes = Vec::new();
    for project in &stack.projects {
        let own = is_own(stack, project, request, file);
        if own {
            notes.extend(uses(stack, project, focus));
        }
        let readers = project.services.iter().filter(|s| s.env_files.iter().any(|f| f.file == Some(file)));
        let readers = readers.filter(|s| request.service.is_none_or(|name| name == s.name.value));
        let services: Vec<String> = readers.map(|s| s.name.value.clone()).collect();
        if own || !services.is_empty() {
            views.extend(view(stack, project, request, file, focus, services, own));
        }
    }
    notes.dedup();
    let written = views.first().and_then(|v| v.layers.first()).map(|l| l.text.clone())?;
    Some(Trace { subject: "env file".to_owned(), span: focus, written, views: joined(views), notes })
}

/// Compose takes its own variables from the file.
fn is_own(stack: &Stack, project: &Project, request: &Request<'_>, file: FileId) -> bool {
    let path = stack.sources.path(file);
    match request.env_files {
        [] => path == crate::files::join(&project.dir, ".env"),
        given => given.iter().any(|f| f == path),
    }
}

/// Where Compose fills the line's value in.
fn uses(stack: &Stack, project: &Project, focus: Span) -> Vec<String> {
    let used = project.variables.iter().filter(|v| v.from.is_some_and(|from| touches(from, focus)));
    used.map(|v| format!("Compose fills it in at {}:{}", stack.sources.path(v.span.file), stack.sources.line(v.span))).collect()
}

fn view(
    stack: &Stack,
    project: &Project,
    request: &Request<'_>,
    file: FileId,
    focus: Span,
    services: Vec<String>,
    own: bool,
) -> Option<View> {
    let source = stack.sources.get(file);
    let variables = (!own).then(|| Variables::of(stack, project, request));
    // Compose's variables go before those of the file
    let outer = |name: &str| variables.as_ref().map_or((Value::Unset, None), |v| v.look_up(name));
    let mut known: BTreeMap<String, (Flow, Span)> = BTreeMap::new();
    let parsed = dotenv::parse(source, Format::Compose, &|name| match outer(name) {
        (Value::Known(value), _) => Some(value.text().to_owned()),
        _ => None,
    });
    for variable in &parsed.variables {
        let secret = (request.is_secret)(&variable.name.value, Some(variable.span));
        let value = variable.value.as_ref().map(|v| Flow::value(v, variable.span, secret));
        if !touches(variable.span, focus) {
            known.extend(value.map(|v| (variable.name.value.clone(), (v, variable.span))));
            continue;
        }
        let look_up = |name: &str| match (outer(name), known.get(name)) {
            ((Value::Known(value), set_by), _) => Outcome::Known { value, set_by },
            (_, Some((value, span))) => {
                let set_by = Setter { what: "the same file".to_owned(), span: Some(*span) };
                Outcome::Known { value: value.clone(), set_by: Some(set_by) }
            }
            _ => {
                Outcome::Unknown("not in a file here: docker compose takes it from the shell that starts it, or makes it empty".to_owned())
            }
        };
        let text = written(source.text.get(variable.span.range())?, variable, secret);
        let marks = marks(&text, &look_up);
        let note = match text.text().split_once('=') {
            None => Some("no value: docker compose takes it from the shell that starts it".to_owned()),
            Some(_) if marks.is_empty() => Some("replaces nothing here".to_owned()),
            Some(_) => None,
        };
        let by = if own { "Compose, its own variables" } else { "env_file" };
        let made = layer(by, Kind::Compose, text, marks, note);
        let results = value.map(|v| (variable.name.value.clone(), v)).into_iter().collect();
        return Some(View { services, layers: vec![made], results, ..View::default() });
    }
    None
}

/// The line, a secret's value marked.
fn written(line: &str, variable: &Variable, secret: bool) -> Flow {
    let whole = Flow::source(line, variable.span);
    let head = line.find('=').map_or(line.len(), |at| at + 1);
    if !secret || line.get(head..).is_some_and(|value| value.contains('$')) {
        return whole;
    }
    let mut text = whole.slice(0..head);
    text.append(&whole.slice(head..line.len()).into_secret());
    text
}

fn marks(text: &Flow, look_up: &dyn Fn(&str) -> Outcome) -> Vec<Mark> {
    let line = text.text();
    let head = line.find('=').map_or(line.len(), |at| at + 1);
    let value = line.get(head..).unwrap_or_default();
    let single = value.trim_start().starts_with('\'');
    let names = names_in(&Text::verbatim(line, Span::new(FileId(0), 0, line.len())));
    let mark = |name: crate::source::At<String>| {
        let range = name.span.range();
        let escaped = line.get(..range.start).is_some_and(|before| before.ends_with('\\'));
        let outcome = match (single, escaped) {
            (true, _) => Outcome::Stays("single quotes".to_owned()),
            (_, true) => Outcome::Stays("the backslash".to_owned()),
            _ => look_up(&name.value),
        };
        Mark { range, name: name.value, outcome }
    };
    names.into_iter().filter(|n| n.span.range().start >= head).map(mark).collect()
}
