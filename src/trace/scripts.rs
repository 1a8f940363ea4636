//! Lines of scripts that a container of the stack starts.

use super::layers::{Around, add_step};
use super::project::launched;
use super::{Request, Trace, View, environment, joined};
use crate::files;
use crate::quoting::{Flow, Machine, ShellKind, trace_file};
use crate::source::{FileId, Span};
use crate::stack::{Launch, Runtime, ScriptOrigin, Stack};
use crate::syntax::shell::Dialect;

/// Traces a line of a script.
pub(super) fn trace(stack: &Stack, request: &Request<'_>, file: FileId, focus: Span) -> Option<Trace> {
    // a script that a RUN writes stands in the Dockerfile
    if stack.dockerfiles.iter().any(|u| u.file == file) {
        return None;
    }
    stack.scripts.iter().find(|s| s.origin == ScriptOrigin::File(file))?;
    let source = stack.sources.get(file);
    let text = Flow::source(&source.text, source.span());
    let mut views = Vec::new();
    for runtime in stack.runtimes.iter().filter(|r| runs(stack, r, file)) {
        let services = environment::service_name(stack, runtime);
        if request.service.is_some_and(|name| !environment::is_service(stack, runtime, name)) {
            continue;
        }
        let machine = environment::machine(runtime.image.as_ref());
        let shell = shell_of(stack, file, machine);
        let environment = environment::of_runtime(stack, request, runtime);
        let (args, note) = arguments(stack, runtime, request, &source.path);
        let mut view = View { services, ..View::default() };
        let step = trace_file(&text, files::file_name(&source.path), shell, environment, machine, args);
        let around = Around { stack, runtime: Some(runtime.index), focus: Some(focus) };
        add_step(&around, &step, source.span(), &mut view);
        let given = |name: &str| name == "@" || name == "*" || name == "#" || name.parse::<u8>().is_ok_and(|n| n > 0);
        view.notes.extend(note.filter(|_| view.layers.iter().flat_map(|l| &l.marks).any(|m| given(&m.name))));
        views.push(view);
    }
    let written = source.text.get(focus.range()).unwrap_or_default().trim();
    if views.is_empty() || written.is_empty() || written.starts_with('#') {
        return None;
    }
    Some(Trace {
        subject: files::file_name(&source.path).to_owned(),
        span: focus,
        written: Flow::source(written, focus),
        views: joined(views),
        notes: Vec::new(),
    })
}

/// The shell that reads a script.
pub(super) fn shell_of(stack: &Stack, file: FileId, machine: Machine) -> ShellKind {
    match stack.scripts.iter().find(|s| s.origin == ScriptOrigin::File(file)).map(|s| s.script.dialect) {
        Some(Dialect::Bash) => ShellKind::Bash,
        Some(Dialect::Other) => ShellKind::Other,
        _ => machine.sh,
    }
}

/// Whether a container starts the script.
fn runs(stack: &Stack, runtime: &Runtime, file: FileId) -> bool {
    let path = stack.sources.path(file);
    let process = |p: &crate::stack::Process| p.span.file == file || p.via.iter().any(|v| v.span.file == file);
    runtime.started.iter().any(|s| s.file == path) || runtime.processes.iter().any(process)
}

/// The arguments that a script gets where it is the entrypoint, and who gives them.
fn arguments(stack: &Stack, runtime: &Runtime, request: &Request<'_>, path: &str) -> (Option<Vec<Flow>>, Option<String>) {
    let entry = runtime.launches.iter().find(|l| l.entrypoint);
    let command = runtime.launches.iter().find(|l| !l.entrypoint);
    let words = |launch: &Launch| launched(stack, request, runtime, launch);
    let name = files::file_name(path);
    for (first, then) in [(entry, command), (command, None)] {
        let Some(launch) = first.filter(|l| !l.shell_form) else { continue };
        let Some(mut argv) = words(launch) else { continue };
        let Some(at) = argv.iter().position(|w| files::file_name(w.text()) == name) else { continue };
        if at > 1 {
            continue;
        }
        argv.drain(..=at);
        argv.extend(then.and_then(words).unwrap_or_default());
        let given =
            then.filter(|_| !argv.is_empty()).map(|l| format!("{}:{}", stack.sources.path(l.span.file), stack.sources.line(l.span)));
        return (Some(argv), given.map(|place| format!("its arguments are the words of {place}")));
    }
    (None, None)
}
