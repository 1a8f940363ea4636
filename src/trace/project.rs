//! Lines of Compose files: interpolation, words, what the container runs.

use std::collections::BTreeMap;

use super::layers::{Around, add_argv, layer};
use super::{IsSecret, Kind, Layer, Request, Trace, View, environment, joined};
use crate::compose::{self, CommandLine, Project, Service};
use crate::files;
use crate::quoting::{Flow, Mark, Origin, Outcome, Setter, Value};
use crate::source::{FileId, Span};
use crate::stack::{Launch, Runtime, Stack};
use crate::syntax::dotenv::{self, Format};
use crate::syntax::interpolate::{Use, interpolate};
use crate::syntax::yaml::{Node, Value as Yaml};
use crate::text::Text;

/// Stands for a value that is not known, while Compose's own rules are applied to the text around it.
const HOLE: char = '\u{f8ff}';

/// What Compose's interpolation knows.
pub(super) struct Variables<'a> {
    known: BTreeMap<String, (String, Setter)>,
    is_secret: IsSecret<'a>,
}

impl<'a> Variables<'a> {
    pub(super) fn of(stack: &Stack, project: &Project, request: &Request<'a>) -> Self {
        let (given, is_secret) = (request.env, request.is_secret);
        let mut known: BTreeMap<String, (String, Setter)> = BTreeMap::new();
        let own = vec![files::join(&project.dir, ".env")];
        let paths = if request.env_files.is_empty() { own.as_slice() } else { request.env_files };
        for file in paths.iter().filter_map(|path| stack.sources.find(path)) {
            let before = known.clone();
            let look_up = |name: &str| before.get(name).map(|k| k.0.clone());
            let parsed = dotenv::parse(stack.sources.get(file), Format::Compose, &look_up);
            let what = files::file_name(stack.sources.path(file)).to_owned();
            for variable in parsed.variables {
                let Some(value) = variable.value else { continue };
                let setter = Setter { what: what.clone(), span: Some(variable.span) };
                known.insert(variable.name.value, (value.value, setter));
            }
        }
        known.insert(
            "COMPOSE_PROJECT_NAME".to_owned(),
            (project.name.clone(), Setter { what: "the project's name".to_owned(), span: None }),
        );
        for (name, value) in given {
            known.insert(name.clone(), (value.clone(), Setter { what: "--env".to_owned(), span: None }));
        }
        Variables { known, is_secret }
    }

    pub(super) fn look_up(&self, name: &str) -> (Value, Option<Setter>) {
        match self.known.get(name) {
            Some((value, setter)) => {
                let at = setter.span.unwrap_or(Span::new(FileId(0), 0, 0));
                (Value::Known(Flow::value(value, at, (self.is_secret)(name, setter.span))), Some(setter.clone()))
            }
            None => (Value::Unset, None),
        }
    }

    /// The value of a text whose places are not kept.
    pub(super) fn value_of(&self, raw: &str, span: Span) -> Flow {
        let text = Text::verbatim(raw, span);
        let (done, uses) = self.replaced(&text);
        let mut flow = Flow::default();
        for part in done.split_inclusive(HOLE) {
            let plain = part.strip_suffix(HOLE).unwrap_or(part);
            flow.push(plain, span, Origin::Value);
            if plain.len() < part.len() {
                flow.push(raw, span, Origin::Unknown);
            }
        }
        let secret = uses.iter().any(|u| u.set && (self.is_secret)(&u.name, self.known.get(&u.name).and_then(|k| k.1.span)));
        if secret { flow.into_secret() } else { flow }
    }

    /// The text after interpolation, with a hole for each variable that is not known, and the variables.
    fn replaced(&self, text: &Text) -> (Text, Vec<Use>) {
        let known = |name: &str| self.known.get(name).map(|k| k.0.clone());
        let uses = interpolate(text, &known).uses;
        let open = |name: &str| uses.iter().any(|u| u.name == name && !u.set && !u.has_default);
        let outcome = interpolate(text, &|name| known(name).or_else(|| open(name).then(|| HOLE.to_string())));
        (outcome.text, uses)
    }

    /// Compose's layer for a text, and what it makes of it.
    pub(super) fn layer(&self, text: &Text) -> (Layer, Text, Vec<Use>) {
        let (done, uses) = self.replaced(text);
        let flow = Flow::of_text(text);
        let mut marks: Vec<Mark> = uses.iter().filter_map(|u| self.mark(&flow, text, u)).collect();
        for (at, _) in text.match_indices("$$") {
            if !marks.iter().any(|m| m.range.contains(&at)) {
                let value = Flow::value("$", text.span_of(at, at + 2), false);
                marks.push(Mark { range: at..at + 2, name: "$$".to_owned(), outcome: Outcome::Known { value, set_by: None } });
            }
        }
        marks.sort_by_key(|m| m.range.start);
        let note = marks.is_empty().then(|| "replaces nothing here".to_owned());
        (layer("Compose", Kind::Compose, flow, marks, note), done, uses)
    }

    fn mark(&self, flow: &Flow, text: &Text, found: &Use) -> Option<Mark> {
        let range = flow.offset_of(found.span)?;
        let written = text.get(range.clone())?;
        let set_by = self.known.get(&found.name).map(|k| k.1.clone());
        let known = |name: &str| self.known.get(name).map(|k| k.0.clone());
        let outcome = if !found.set && !found.has_default {
            Outcome::Unknown("not in .env: docker compose takes it from the shell that starts it, or makes it empty".to_owned())
        } else {
            let whole = Text::verbatim(written, found.span);
            let value = interpolate(&whole, &known).text.value;
            let secret = found.set && (self.is_secret)(&found.name, set_by.as_ref().and_then(|s| s.span));
            Outcome::Known { value: Flow::value(&value, found.span, secret), set_by: set_by.filter(|_| found.set) }
        };
        Some(Mark { range, name: found.name.clone(), outcome })
    }

    /// A text after interpolation, with the origin of each part.
    fn flow(&self, done: &Text, original: &Text, uses: &[Use]) -> Flow {
        let mut flow = Flow::default();
        let mut at = 0;
        for (start, c) in done.char_indices() {
            if start < at {
                continue;
            }
            let end = start + c.len_utf8();
            let span = done.span_of(start, end);
            let used = uses.iter().find(|u| u.span.contains(span) && !span.is_empty());
            match used {
                Some(used) if c == HOLE => {
                    let written = Flow::of_text(original).offset_of(used.span).and_then(|r| original.get(r));
                    flow.push(written.unwrap_or("$…"), used.span, Origin::Unknown);
                }
                Some(used) => {
                    let secret = used.set && (self.is_secret)(&used.name, self.known.get(&used.name).and_then(|k| k.1.span));
                    let part = Flow::value(done.get(start..end).unwrap_or_default(), used.span, secret);
                    flow.append(&part);
                }
                None => {
                    let part = done.get(start..end).unwrap_or_default();
                    flow.push(part, span, if span.len() == part.len() { Origin::Source } else { Origin::Decoded });
                }
            }
            at = end;
        }
        flow
    }
}

/// A value of a Compose file: where it stands, and its key path.
struct Found<'a> {
    node: &'a Node,
    path: Vec<String>,
}

/// Traces a line of a Compose file.
pub(super) fn trace(stack: &Stack, request: &Request<'_>, file: FileId, focus: Span) -> Option<Trace> {
    let tree = stack.yaml.get(&file)?;
    let found = tree.documents.iter().find_map(|root| descend(root, &mut Vec::new(), focus))?;
    let subject = found.path.join(".");
    let mut views = Vec::new();
    let mut notes = Vec::new();
    for (p, project) in stack.projects.iter().enumerate().filter(|(_, p)| p.files.contains(&file)) {
        for (s, service) in project.services.iter().enumerate() {
            if request.service.is_some_and(|name| name != service.name.value) {
                continue;
            }
            if let Some(view) = command_view(stack, request, (p, s), found.node) {
                views.push(view);
            }
        }
        if views.is_empty() {
            let variables = Variables::of(stack, project, request);
            views.extend(value_view(&variables, &found));
        }
    }
    let command = matches!(found.path.last().map(String::as_str), Some("command" | "entrypoint" | "test"));
    if command && views.iter().all(|v| v.runs.is_empty()) {
        notes.push("another file, or another entry, of the project sets this instead".to_owned());
    }
    if views.iter().all(|v| v.layers.is_empty()) && views.is_empty() {
        return None;
    }
    let written = views.first().and_then(|v| v.layers.first()).map(|l| l.text.clone()).unwrap_or_default();
    Some(Trace { subject, span: found.node.span, written, views: joined(views), notes })
}

/// The value on the line, or the list that an item on it belongs to.
fn descend<'a>(node: &'a Node, path: &mut Vec<String>, focus: Span) -> Option<Found<'a>> {
    if path.len() > 30 {
        return None;
    }
    match &node.value {
        Yaml::Map(entries) => {
            let on_line = |span: Span| touches(span, focus);
            for entry in entries {
                let key = entry.key.as_str().unwrap_or_default().to_owned();
                let whole = entry.key.span.to(entry.value.span);
                if !on_line(whole) {
                    continue;
                }
                path.push(key);
                let within = descend(&entry.value, path, focus);
                if within.is_some() {
                    return within;
                }
                path.pop();
            }
            None
        }
        Yaml::Seq(items) => {
            let command = matches!(path.last().map(String::as_str), Some("command" | "entrypoint" | "test"));
            if command {
                return Some(Found { node, path: path.clone() });
            }
            items.iter().filter(|i| touches(i.span, focus)).find_map(|i| descend(i, path, focus))
        }
        Yaml::Scalar(_) => Some(Found { node, path: path.clone() }),
        Yaml::Alias(_) => None,
    }
}

/// Whether a span stands on the line in question (or around it).
pub(super) fn touches(span: Span, focus: Span) -> bool {
    span.file == focus.file && span.start < focus.end.max(focus.start + 1) && focus.start < span.end.max(span.start + 1)
}

/// A command of a service, where the node is one that it uses.
fn command_view(stack: &Stack, request: &Request<'_>, at: (usize, usize), node: &Node) -> Option<View> {
    let (project, service) = stack.service(at)?;
    let runtime = stack.runtime_of(at)?;
    let variables = Variables::of(stack, project, request);
    let mut view = View { services: environment::service_name(stack, runtime), ..View::default() };
    let is = |line: &&CommandLine| line.span == node.span;
    let environment = environment::of_runtime(stack, request, runtime);
    let machine = environment::machine(runtime.image.as_ref());
    if service.healthcheck.as_ref().and_then(|h| h.test.as_ref()).is_some_and(|l| is(&l)) {
        let words = words(&variables, node, &mut view, true)?;
        let mut argv: Vec<Flow> = words;
        match argv.first().map(|w| w.text().to_owned()).as_deref() {
            Some("CMD-SHELL") => {
                let text = argv.get(1)?.clone();
                let at = text.span_of(0..1).at_start();
                argv = vec![Flow::value("/bin/sh", at, false), Flow::value("-c", at, false), text];
            }
            Some("CMD") => {
                argv.remove(0);
            }
            _ => {}
        }
        add_argv(&Around { stack, runtime: Some(runtime.index), focus: None }, &argv, environment, machine, &mut view);
        return Some(view);
    }
    if service.hooks.iter().any(|l| is(&l)) {
        let argv = words(&variables, node, &mut view, false)?;
        add_argv(&Around { stack, runtime: Some(runtime.index), focus: None }, &argv, environment, machine, &mut view);
        return Some(view);
    }
    let entrypoint = service.entrypoint.as_ref().is_some_and(|l| is(&l));
    if !entrypoint && !service.command.as_ref().is_some_and(|l| is(&l)) {
        return None;
    }
    let own = words(&variables, node, &mut view, false)?;
    view.notes.extend(meant_inside(service, &view));
    let argv = whole_argv(stack, request, runtime, own, entrypoint, &mut view);
    add_argv(&Around { stack, runtime: Some(runtime.index), focus: None }, &argv, environment, machine, &mut view);
    Some(view)
}

/// Variables that the service sets for its container, while the text asks for those of the host.
fn meant_inside(service: &Service, view: &View) -> Vec<String> {
    let marks = view.layers.iter().flat_map(|l| &l.marks).filter(|m| matches!(m.outcome, Outcome::Unknown(_)));
    let mut names: Vec<&str> = marks.map(|m| m.name.as_str()).filter(|name| service.env(name).is_some()).collect();
    names.dedup();
    names
        .into_iter()
        .map(|name| format!("{name} of `environment` is set in the container only: `$${name}` is left to a shell there"))
        .collect()
}

/// Entrypoint and command together.
fn whole_argv(stack: &Stack, request: &Request<'_>, runtime: &Runtime, own: Vec<Flow>, entrypoint: bool, view: &mut View) -> Vec<Flow> {
    let other = runtime.launches.iter().find(|l| l.entrypoint != entrypoint);
    let Some((launch, words)) = other.and_then(|l| Some((l, launched(stack, request, runtime, l)?))) else { return own };
    if entrypoint {
        return own.into_iter().chain(words).collect();
    }
    if launch.shell_form {
        view.notes.push(format!("{} is in shell form and takes no arguments: this command is ignored", place_of(stack, launch)));
        return words;
    }
    view.notes.push(format!("{} gets these words as its arguments", place_of(stack, launch)));
    words.into_iter().chain(own).collect()
}

/// The words of an entrypoint or a command, as a service or an instruction gives them.
pub(super) fn launched(stack: &Stack, request: &Request<'_>, runtime: &Runtime, launch: &Launch) -> Option<Vec<Flow>> {
    if launch.instruction.is_some() {
        return Some(launch.argv.iter().map(Flow::of_text).collect());
    }
    let (project, service) = stack.service(runtime.service?)?;
    launch_argv(stack, project, service, request, launch.entrypoint)
}

fn place_of(stack: &Stack, launch: &Launch) -> String {
    format!("the entrypoint ({}:{})", stack.sources.path(launch.span.file), stack.sources.line(launch.span))
}

/// The words that Compose makes of a command, with its layers.
fn words(variables: &Variables<'_>, node: &Node, view: &mut View, test: bool) -> Option<Vec<Flow>> {
    if let Some(text) = node.as_text() {
        let (own, done, uses) = variables.layer(text);
        view.layers.push(own);
        if test {
            let at = text.span.at_start();
            return Some(vec![Flow::value("CMD-SHELL", at, false), variables.flow(&done, text, &uses)]);
        }
        let split = compose::split_command(&done);
        let cut = cut_at(&done, split.as_deref());
        let note = match (&split, cut) {
            (None, _) => "a quote or bracket stays open: docker compose refuses this".to_owned(),
            (_, Some(c)) => format!("split into words, no shell: everything from `{c}` on is dropped"),
            _ => "split into words; no shell reads it".to_owned(),
        };
        let made = variables.flow(&done, text, &uses);
        let shown = if made.text() == text.value { Flow::default() } else { made };
        let text_of = layer("words", Kind::Words, shown, Vec::new(), Some(note));
        view.layers.push(text_of);
        return Some(split?.iter().map(|w| variables.flow(w, text, &uses)).collect());
    }
    let mut argv = Vec::new();
    let (mut text, mut marks) = (Flow::default(), Vec::new());
    for item in node.items() {
        let own = item.as_text()?;
        let (read, done, uses) = variables.layer(own);
        if !text.is_empty() {
            text.push(" ", own.span.at_start(), Origin::Decoded);
        }
        let base = text.len();
        text.append(&read.text);
        marks.extend(read.marks.into_iter().map(|m| Mark { range: m.range.start + base..m.range.end + base, ..m }));
        argv.push(variables.flow(&done, own, &uses));
    }
    let note = marks.is_empty().then(|| "replaces nothing here".to_owned());
    view.layers.push(layer("Compose", Kind::Compose, text, marks, note));
    Some(argv)
}

/// The operator from which on Compose drops the text.
fn cut_at<'t>(text: &'t Text, split: Option<&[Text]>) -> Option<&'t str> {
    let last = split?.last()?;
    let all: usize = split?.iter().map(|w| w.len()).sum();
    let from = text.value.rfind(last.value.as_str())? + last.len();
    let rest = text.value.get(from..)?.trim_start_matches(['"', '\'', ' ', '\t', '\n']);
    let end = rest.find(|c| !";&|<>".contains(c)).unwrap_or(rest.len());
    rest.get(..end).filter(|operator| !operator.is_empty() && all < text.len())
}

/// A value that is interpolated and no command.
fn value_view(variables: &Variables<'_>, found: &Found<'_>) -> Option<View> {
    let variable = found.path.iter().any(|key| key == "environment" || key == "args");
    let text = found.node.as_text().filter(|t| variable || t.contains('$'))?;
    let (mut made, done, uses) = variables.layer(text);
    let mut flow = variables.flow(&done, text, &uses);
    let key = found.path.last().cloned().unwrap_or_default();
    let pair = text.split_once('=').filter(|_| variable && key == "environment" || key == "args").map(|(name, _)| name.to_owned());
    if (variables.is_secret)(pair.as_deref().unwrap_or(&key), Some(text.span)) {
        let kept = pair.as_ref().map_or(0, |name| name.len() + 1);
        made.text = hidden(&made.text, kept);
        flow = hidden(&flow, kept);
    }
    let name = if pair.is_some() { String::new() } else { key };
    Some(View { layers: vec![made], results: vec![(name, flow)], ..View::default() })
}

/// The text with all from an offset on marked as a secret's.
fn hidden(text: &Flow, from: usize) -> Flow {
    let mut out = text.slice(0..from.min(text.len()));
    out.append(&text.slice(from.min(text.len())..text.len()).into_secret());
    out
}

/// What a service runs by its own command.
fn launch_argv(stack: &Stack, project: &Project, service: &Service, request: &Request<'_>, entrypoint: bool) -> Option<Vec<Flow>> {
    let line = if entrypoint { service.entrypoint.as_ref() } else { service.command.as_ref() }?;
    let node = stack.yaml.get(&line.span.file)?.documents.iter().find_map(|root| by_span(root, line.span, 0))?;
    let variables = Variables::of(stack, project, request);
    words(&variables, node, &mut View::default(), false)
}

fn by_span(node: &Node, span: Span, depth: usize) -> Option<&Node> {
    if node.span == span && !matches!(node.value, Yaml::Map(_)) {
        return Some(node);
    }
    if depth > 30 || !node.span.contains(span) {
        return None;
    }
    let values = node.entries().iter().map(|e| &e.value).chain(node.items());
    values.into_iter().find_map(|n| by_span(n, span, depth + 1))
}
