//! The pipes of a RUN whose failures nothing sees.

use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Form, Instruction, Op};
use crate::syntax::shell::{Command, Dialect, GroupKind, Nested, Place, Script, Word};

/// A pipe of a RUN without `pipefail`.
pub(crate) struct Pipe {
    /// What feeds it.
    pub span: Span,
    /// The same, for a message.
    pub fed_by: String,
    /// What feeds it has nothing to fail at: the status of the last command is all there is.
    pub harmless: bool,
}

/// The pipe of a RUN that matters most, and what to do.
pub(crate) fn unseen_pipe(unit: &DockerfileUnit, stage: Option<usize>, item: usize, instruction: &Instruction) -> Option<(Pipe, String)> {
    let (Op::Run(run), Some(script)) = (&instruction.op, unit.script(item)) else { return None };
    let shell = stage.map(|stage| unit.shell_at(stage, item));
    if shell.as_ref().is_some_and(|s| s.dialect == Dialect::Windows) {
        return None;
    }
    let told = |pipe: &Pipe| script.walk().any(|(_, c)| sets_pipefail(c) && c.span.start < pipe.span.start);
    let exec = !matches!(run.form, Form::Shell(_));
    let set = shell.as_ref().is_some_and(|s| s.argv.iter().any(|w| w == "pipefail"));
    let own = first_pipe(script).filter(|pipe| !set && !exec && !told(pipe)).map(|pipe| {
        let sh = shell.map_or_else(|| "/bin/sh".to_owned(), |s| s.argv.first().cloned().unwrap_or_default());
        let alpine = stage.and_then(|s| unit.root_image(s)).and_then(crate::stack::knowledge::system_shell) == Some("ash");
        let help = if alpine || sh.ends_with("bash") {
            "begin the RUN with `set -o pipefail &&`"
        } else {
            "write `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` above (a plain sh has no pipefail)"
        };
        (pipe, help.to_owned())
    });
    // another shell starts without the options of the one around it
    own.or_else(|| {
        let nested = script.commands.iter().filter_map(|c| Some((c, c.nested.as_deref()?)));
        let open = nested.filter(|(command, nested)| nested.by != "eval" && !is_told(command, nested));
        let (pipe, by) = open.filter_map(|(_, nested)| Some((first_pipe(&nested.script).filter(|p| !told(p))?, &nested.by))).next()?;
        Some((pipe, format!("begin what `{by}` is given with `set -o pipefail;`, where it is a shell that knows it")))
    })
}

fn sets_pipefail(command: &Command) -> bool {
    command.name().as_deref() == Some("set")
        && command.args().windows(2).any(|w| matches!(w, [option, name] if name.lossy() == "pipefail" && option.lossy().starts_with('-')))
}

/// Whether the words before the text of another shell set the option.
fn is_told(command: &Command, nested: &Nested) -> bool {
    command.words.iter().take_while(|w| w.span != nested.span).any(|w| w.lossy() == "pipefail")
}

/// The pipe of a script that matters most, of those whose status counts: what is asked in a condition decides by itself what
/// its status means, and that of `$(…)` in an argument is lost, whatever the shell is told.
fn first_pipe(script: &Script) -> Option<Pipe> {
    let counts = |place: &Place| place.pipe_len > 1 && place.pipe_index == 0 && !in_condition(script, place) && !is_lost(script, place);
    let commands = script.commands.iter().filter(|c| counts(&c.place)).map(|c| {
        let harmless = c.place.pipe_len == 2 && cannot_fail(c);
        (c.span, fed_by(c), harmless)
    });
    let groups = script.groups.iter().enumerate().filter(|(_, g)| !matches!(g.kind, GroupKind::Substitution) && counts(&g.place));
    let groups = groups.map(|(at, g)| {
        let inside = || script.commands.iter().filter(move |c| c.place.group == Some(at));
        let simple = !script.groups.iter().any(|other| other.place.group == Some(at));
        let harmless = g.place.pipe_len == 2 && simple && inside().next().is_some() && inside().all(cannot_fail);
        (g.span, Some("what feeds the pipe".to_owned()), harmless)
    });
    let mut pipes: Vec<_> = commands.chain(groups).collect();
    pipes.sort_by_key(|(span, _, _)| span.start);
    pipes.first().filter(|(_, what, _)| what.is_some())?;
    let found = pipes.iter().find(|(_, what, harmless)| what.is_some() && !harmless).or(pipes.first())?.clone();
    Some(Pipe { span: found.0, fed_by: found.1?, harmless: found.2 })
}

/// Commands that have nothing to fail at.
fn cannot_fail(command: &Command) -> bool {
    matches!(command.name().as_deref(), Some("echo" | "printf" | "true" | ":" | "yes" | "pwd"))
}

/// What feeds a pipe; `None` for a shell of Windows, whose pipes are its own.
fn fed_by(command: &Command) -> Option<String> {
    let name = command.name().or_else(|| command.words.first().map(Word::lossy)).unwrap_or_default();
    match name.as_ref() {
        "pwsh" | "powershell" => None,
        "" => Some("what feeds the pipe".to_owned()),
        name => Some(format!("`{name}`")),
    }
}

fn in_condition(script: &Script, place: &Place) -> bool {
    place.condition || script.around(place.group).any(|(_, g)| g.place.condition)
}

/// Whether it stands in a substitution other than the whole of an assignment, whose status is the command's.
fn is_lost(script: &Script, place: &Place) -> bool {
    let substitutions = script.around(place.group).map(|(_, g)| g).filter(|g| g.kind == GroupKind::Substitution);
    let assigned = |span: Span| {
        let values = script.commands.iter().filter(|c| c.words.is_empty()).flat_map(|c| c.assigns.iter().rev().take(1));
        values.filter_map(|a| a.value.as_ref()).any(|v| v.span.start <= span.start && span.end <= v.span.end)
    };
    substitutions.into_iter().any(|g| !assigned(g.span))
}
