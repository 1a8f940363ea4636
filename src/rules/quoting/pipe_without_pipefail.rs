use crate::rule::{Cx, Rule, rule};
use crate::rules::support::instructions::blocks;
use crate::source::Span;
use crate::stack::DockerfileUnit;
use crate::syntax::dockerfile::{Form, Instruction, Op};
use crate::syntax::shell::{Command, Dialect, Group, GroupKind, Nested, Place, Script, Word};

rule!(PipeWithoutPipefail, "quoting/pipe-without-pipefail");

impl Rule for PipeWithoutPipefail {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        for block in blocks(unit) {
            for (item, instruction) in &block.instructions {
                look_at(unit, block.stage, *item, instruction, cx);
            }
        }
    }
}

fn look_at(unit: &DockerfileUnit, stage: Option<usize>, item: usize, instruction: &Instruction, cx: &mut Cx<'_>) {
    let (Op::Run(run), Some(script)) = (&instruction.op, unit.script(item)) else { return };
    let shell = stage.map(|stage| unit.shell_at(stage, item));
    if shell.as_ref().is_some_and(|s| s.dialect == Dialect::Windows) || script.walk().any(|(_, c)| sets_pipefail(c)) {
        return;
    }
    let exec = !matches!(run.form, Form::Shell(_));
    let set = shell.as_ref().is_some_and(|s| s.argv.iter().any(|w| w == "pipefail"));
    if let Some(pipe) = first_pipe(script).filter(|_| !set && !exec) {
        let sh = shell.map_or_else(|| "/bin/sh".to_owned(), |s| s.argv.first().cloned().unwrap_or_default());
        let alpine = stage.and_then(|s| unit.root_image(s)).and_then(crate::stack::knowledge::system_shell) == Some("ash");
        let help = if alpine || sh.ends_with("bash") {
            "begin the RUN with `set -o pipefail &&`"
        } else {
            "write `SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]` above (a plain sh has no pipefail)"
        };
        report(cx, pipe, help);
        return;
    }
    // another shell starts without the options of the one around it
    let nested = script.commands.iter().filter_map(|c| Some((c, c.nested.as_deref()?)));
    let open = nested.filter(|(command, nested)| nested.by != "eval" && !is_told(command, nested));
    if let Some((pipe, by)) = open.filter_map(|(_, nested)| Some((first_pipe(&nested.script)?, &nested.by))).next() {
        report(cx, pipe, &format!("begin what `{by}` is given with `set -o pipefail;`, where it is a shell that knows it"));
    }
}

fn report(cx: &mut Cx<'_>, (at, what): (Span, String), help: &str) {
    cx.report(at, format!("the RUN goes on when {what} fails: a pipe has the status of its last command")).help(help);
}

fn sets_pipefail(command: &Command) -> bool {
    command.name().as_deref() == Some("set") && command.args().iter().any(|w| w.literal().as_deref() == Some("pipefail"))
}

/// Whether the words before the text of another shell set the option.
fn is_told(command: &Command, nested: &Nested) -> bool {
    command.words.iter().take_while(|w| w.span != nested.span).any(|w| w.lossy() == "pipefail")
}

/// The first pipe of a script whose status counts, with what feeds it: what is asked in a condition decides by itself what
/// its status means, and that of `$(…)` in an argument is lost, whatever the shell is told.
fn first_pipe(script: &Script) -> Option<(Span, String)> {
    let counts = |place: &Place| place.pipe_len > 1 && place.pipe_index == 0 && !in_condition(script, place) && !is_lost(script, place);
    let commands = script.commands.iter().filter(|c| counts(&c.place)).map(|c| (c.span, fed_by(c)));
    let groups = script.groups.iter().filter(|g| !matches!(g.kind, GroupKind::Substitution) && counts(&g.place));
    let groups = groups.map(|g| (g.span, Some("what feeds the pipe".to_owned())));
    let (at, what) = commands.chain(groups).min_by_key(|(span, _)| span.start)?;
    Some((at, what?))
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

fn groups_around<'s>(script: &'s Script, place: &Place) -> impl Iterator<Item = &'s Group> {
    let mut next = place.group;
    let mut left = script.groups.len();
    std::iter::from_fn(move || {
        let group = script.groups.get(next?)?;
        left = left.checked_sub(1)?;
        next = group.place.group;
        Some(group)
    })
}

fn in_condition(script: &Script, place: &Place) -> bool {
    place.condition || groups_around(script, place).any(|g| g.place.condition)
}

/// Whether it stands in a substitution other than the whole of an assignment, whose status is the command's.
fn is_lost(script: &Script, place: &Place) -> bool {
    let substitutions = groups_around(script, place).filter(|g| g.kind == GroupKind::Substitution);
    let assigned = |span: Span| {
        let values = script.commands.iter().filter(|c| c.words.is_empty()).flat_map(|c| c.assigns.iter().rev().take(1));
        values.filter_map(|a| a.value.as_ref()).any(|v| v.span.start <= span.start && span.end <= v.span.end)
    };
    substitutions.into_iter().any(|g| !assigned(g.span))
}
