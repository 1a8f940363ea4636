//! Steps of the model as layers and commands, those that the line in question has a part in.

use super::project::touches;
use super::{Executes, Kind, Layer, View};
use crate::files::file_name;
use crate::quoting::{
    Environment, Executed, Flow, Machine, Mark, Outcome, Reader, Step, Substitution, Value, names_in, trace_argv, trace_file,
};
use crate::source::{FileId, Span};
use crate::stack::{Runtime, ScriptOrigin, Stack, ViaKind};
use crate::text::Text;

/// What surrounds a text.
#[derive(Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) stack: &'a Stack,
    /// The container that it runs in, by its place in the stack.
    pub(super) runtime: Option<usize>,
    /// The line in question, where only some of the commands stand on it.
    pub(super) focus: Option<Span>,
}

pub(super) fn layer(by: &str, kind: Kind, text: Flow, marks: Vec<Mark>, note: Option<String>) -> Layer {
    Layer { by: by.to_owned(), kind, text, marks, note, uncertain: false, input: Vec::new() }
}

/// Adds what words lead to that are executed as they are.
pub(super) fn add_argv(around: &Around<'_>, argv: &[Flow], environment: Environment, machine: Machine, view: &mut View) {
    let executed = trace_argv(argv, environment.clone(), machine);
    let mut all = Flow::default();
    for (n, word) in argv.iter().enumerate() {
        if n > 0 {
            let at = all.span_of(all.len()..all.len());
            all.push(" ", at, crate::quoting::Origin::Decoded);
        }
        all.append(word);
    }
    add_executed(around, &all, &executed, view);
    let runtime = around.runtime.and_then(|n| around.stack.runtimes.get(n));
    let script = runtime.and_then(|r| script_of(around.stack, r, argv));
    if let Some((file, at)) = script {
        follow(around, file, argv.get(at + 1..).unwrap_or_default(), environment, machine, view);
    }
}

/// The script of the project that words run, and its place among them.
fn script_of(stack: &Stack, runtime: &Runtime, argv: &[Flow]) -> Option<(FileId, usize)> {
    let mut scripts = runtime.processes.iter().filter_map(|process| {
        let path = process.via.iter().find_map(|v| match &v.kind {
            ViaKind::Script(path) => Some(path.as_str()),
            _ => None,
        })?;
        Some((file_name(path), process.span.file))
    });
    let shell = argv.first().is_some_and(|w| crate::syntax::shell::shell(file_name(w.text())).is_some());
    let at = usize::from(shell);
    let name = file_name(argv.get(at)?.text());
    let (_, file) = scripts.find(|(path, _)| *path == name)?;
    let own = stack.scripts.iter().any(|s| s.origin == ScriptOrigin::File(file)) && !stack.dockerfiles.iter().any(|u| u.file == file);
    own.then_some((file, at))
}

/// Adds what a script makes of its arguments.
fn follow(around: &Around<'_>, file: FileId, args: &[Flow], environment: Environment, machine: Machine, view: &mut View) {
    let source = around.stack.sources.get(file);
    let name = file_name(&source.path);
    if args.is_empty() {
        view.notes.push(format!("{name} is {}: its lines can be traced, too", source.path));
        return;
    }
    let text = Flow::source(&source.text, source.span());
    let shell = super::scripts::shell_of(around.stack, file, machine);
    let step = trace_file(&text, name, shell, environment, machine, Some(args.to_vec()));
    let given = |m: &&Mark| matches!(m.name.as_str(), "@" | "*") || m.name.parse::<u32>().is_ok_and(|n| n > 0);
    let used: Vec<Span> = step.marks.iter().filter(given).map(|m| text.span_of(m.range.clone())).collect();
    if used.is_empty() {
        view.notes.push(format!("{} makes no use of its arguments: none of them is ever run", source.path));
        return;
    }
    view.runs.clear();
    let within = Around { focus: None, ..*around };
    let mut narrowed = step;
    narrowed.commands.retain(|c| used.iter().any(|u| touches(text.span_of(c.range.clone()), *u)));
    narrowed.marks.retain(|m| narrowed.commands.iter().any(|c| c.range.start <= m.range.start && m.range.end <= c.range.end));
    add_step(&within, &narrowed, source.span(), view);
}

/// Adds what a command leads to; `text` is the one that it stands in.
fn add_executed(around: &Around<'_>, text: &Flow, executed: &Executed, view: &mut View) {
    let mut shells = false;
    for step in &executed.inner {
        shells |= matches!(step.reader, Reader::Shell { .. });
        add_step(around, step, text.span_of(executed.range.clone()), view);
    }
    if shells {
        return;
    }
    if executed.argv.is_empty() {
        view.results.extend(executed.assigns.iter().map(|(name, value)| (name.clone(), value.text.clone())));
        return;
    }
    let redirects = executed.redirects.iter().filter_map(|r| {
        let fd = r.fd.map(|n| n.to_string()).unwrap_or_default();
        Some((format!("{fd}{}", r.operator), r.target.clone()?))
    });
    view.runs.push(Executes {
        argv: executed.argv.clone(),
        redirects: redirects.collect(),
        runs: executed.runs,
        join: executed.place.join,
        substitution: executed.place.substitution,
        span: text.span_of(executed.range.clone()),
    });
}

/// Adds a layer, and what its commands lead to.
pub(super) fn add_step(around: &Around<'_>, step: &Step, call: Span, view: &mut View) {
    let mut made = layer("", Kind::Shell, step.text.clone(), step.marks.clone(), None);
    made.uncertain = step.uncertain;
    match &step.reader {
        Reader::Shell { how, note, .. } => {
            made.by.clone_from(how);
            made.note.clone_from(note);
            let chosen = chosen(around, step);
            if chosen.len() < step.commands.len() {
                made.marks.retain(|m| chosen.iter().any(|c| c.range.start <= m.range.start && m.range.end <= c.range.end));
                let here = chosen.iter().map(|c| c.range.clone()).reduce(|a, b| a.start.min(b.start)..a.end.max(b.end));
                made = cut(made, here.unwrap_or(0..step.text.len()));
            }
            view.layers.push(made);
            for command in chosen {
                add_executed(around, &step.text, command, view);
            }
        }
        Reader::Envsubst(found) => {
            made.by = "envsubst".to_owned();
            made.kind = Kind::Envsubst;
            made.note = Some(format_note(found, &step.text));
            made.input = input(around, found, call);
            view.layers.push(made);
        }
        Reader::Prints { program, output } => {
            made.by.clone_from(program);
            made.kind = Kind::Prints;
            made.text = output.clone();
            made.note = Some("prints this".to_owned());
            if output.text() != step.text.text() {
                view.layers.push(made);
            }
        }
        Reader::Own(program) => {
            made.by.clone_from(program);
            made.kind = Kind::Own;
            view.layers.push(made);
        }
    }
}

/// The commands that stand on the line in question; all where none does.
fn chosen<'s>(around: &Around<'_>, step: &'s Step) -> Vec<&'s Executed> {
    let all: Vec<&Executed> = step.commands.iter().collect();
    let Some(focus) = around.focus else { return all };
    let on_line: Vec<&Executed> = all.iter().copied().filter(|c| touches(step.text.span_of(c.range.clone()), focus)).collect();
    if on_line.is_empty() { all } else { on_line }
}

/// The part of a layer's text that matters, its marks moved along.
fn cut(mut layer: Layer, range: std::ops::Range<usize>) -> Layer {
    layer.text = layer.text.slice(range.clone());
    for mark in &mut layer.marks {
        mark.range = mark.range.start.saturating_sub(range.start)..mark.range.end.saturating_sub(range.start);
    }
    layer
}

fn format_note(found: &Substitution, format: &Flow) -> String {
    match &found.names {
        _ if found.unknown => "which names its SHELL-FORMAT holds is not known here".to_owned(),
        None => "without a SHELL-FORMAT it replaces every $name of its input".to_owned(),
        Some(names) if names.is_empty() && format.is_empty() => "an empty SHELL-FORMAT: replaces nothing".to_owned(),
        Some(names) if names.is_empty() => "this SHELL-FORMAT names no variable: replaces nothing".to_owned(),
        Some(_) => "SHELL-FORMAT: replaces these names only".to_owned(),
    }
}

/// What envsubst does to each name in its input; without a known input, to the names of its SHELL-FORMAT.
fn input(around: &Around<'_>, found: &Substitution, call: Span) -> Vec<(String, Outcome)> {
    let stack = around.stack;
    let calls = stack.templates.iter().filter(|t| around.runtime.is_none_or(|r| r == t.runtime));
    let mut names: Vec<String> = Vec::new();
    for file in calls.filter(|t| touches(t.call, call)).map(|t| t.file) {
        let source = stack.sources.get(file);
        for name in names_in(&Text::verbatim(source.text.clone(), source.span())) {
            if !names.contains(&name.value) {
                names.push(name.value);
            }
        }
    }
    if names.is_empty() {
        names = found.names.clone().unwrap_or_default();
    }
    names.into_iter().map(|name| (name.clone(), substituted(found, &name))).collect()
}

/// What envsubst does to a name.
pub(super) fn substituted(found: &Substitution, name: &str) -> Outcome {
    if found.unknown {
        return Outcome::Unknown("its SHELL-FORMAT is not known".to_owned());
    }
    if found.names.as_ref().is_some_and(|names| !names.iter().any(|n| n == name)) {
        return Outcome::Stays("not in the SHELL-FORMAT".to_owned());
    }
    match found.environment.look_up(name) {
        (Value::Known(value), set_by) => Outcome::Known { value, set_by },
        (Value::Unset, _) => Outcome::Empty,
        (Value::Unknown(why), _) => Outcome::Unknown(why),
    }
}
