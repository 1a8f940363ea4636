//! Which command a shell ends with, and whether it gives way to it: measured on dash 0.5.12, bash 5.2 and busybox 1.35.

use crate::syntax::shell::{Command, Group, GroupKind, Script};

/// Whether a shell that was given a text with `-c` replaces itself by this command, its last one. Debian's dash never does; bash
/// does for a command that stands by itself, without redirections; busybox also inside `if` and `case` and with redirections.
pub(super) fn gives_way(shell: &str, script: &Script, command: &Command) -> bool {
    match shell {
        "bash" | "zsh" | "ksh" | "mksh" => is_plain(command) && command.redirects.is_empty(),
        "ash" | "busybox" => {
            let open = |kind: &GroupKind| matches!(kind, GroupKind::If | GroupKind::Case | GroupKind::Brace | GroupKind::Subshell);
            let plain = command.place.pipe_len <= 1 && !command.place.negated;
            plain && around(script, command).iter().all(|group| open(&group.kind) && group.redirects.is_empty())
        }
        _ => false,
    }
}

/// Neither in a pipeline nor in a group.
pub(super) fn is_plain(command: &Command) -> bool {
    command.place.pipe_len <= 1 && !command.place.negated && command.place.depth == 0
}

/// The groups that hold a command, innermost first.
fn around<'a>(script: &'a Script, command: &Command) -> Vec<&'a Group> {
    let mut found = Vec::new();
    let mut next = command.place.group;
    while let Some(group) = next.and_then(|at| script.groups.get(at)) {
        found.push(group);
        next = group.place.group;
    }
    found
}

/// What comes after a command, if anything, only reports or ends the script: the command is what the script is there for. The
/// parts of a last pipeline count, too.
pub(super) fn only_talk_follows(script: &Script, command: &Command) -> bool {
    let place = command.place;
    if place.depth > 0 || place.substitution || place.background || place.condition {
        return false;
    }
    let talk = |c: &Command| matches!(c.name().as_deref(), Some("echo" | "printf" | "true" | "exit" | ":" | "date"));
    let pipe =
        |c: &Command| c.place.pipe_index > 0 && matches!(c.name().as_deref(), Some("tee" | "cat" | "ts" | "sed" | "grep" | "logger"));
    let after = script.commands.iter().filter(|c| c.span.start >= command.span.end);
    after.into_iter().all(|c| c.place.depth == 0 && (talk(c) || pipe(c)))
}

/// Whether a command ends a function that the script ends with, called without arguments of its own, so that `$@` stays what it is.
pub(super) fn is_called_last(script: &Script, command: &Command) -> bool {
    if !command.place.function || !command.place.tail {
        return false;
    }
    let function = around(script, command).into_iter().find_map(|group| match &group.kind {
        GroupKind::Function(name) => Some(name.as_str()),
        _ => None,
    });
    let Some(function) = function else { return false };
    let passes_on = |c: &Command| c.args().iter().all(|w| w.lossy() == "$@");
    script.commands.iter().any(|c| c.place.last && !c.place.background && c.name().as_deref() == Some(function) && passes_on(c))
}
