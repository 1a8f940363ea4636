//! Which command a shell ends with, and whether it gives way to it: measured on dash 0.5.12, bash 5.2 and busybox 1.35.

use crate::source::Span;
use crate::syntax::shell::{Command, GroupKind, Join, Programs, Script, Word};
use crate::text::Text;

/// Whether a shell that was given a text with `-c` replaces itself by this command, its last one. Debian's dash never does; bash
/// does for a command that stands by itself, without redirections; busybox also inside `if` and `case` and with redirections.
pub(super) fn gives_way(shell: &str, script: &Script, command: &Command, text: &Form) -> bool {
    // a shell that is to do something at its end, or on a signal, stays, and so does one that measures the time
    if script.may_run(TRAP) && script.commands.iter().any(sets_trap) || command.name().as_deref() == Some("time") {
        return false;
    }
    match shell {
        "bash" | "zsh" | "ksh" | "mksh" => {
            let alone = is_plain(command) && command.redirects.is_empty();
            alone && (shell != "bash" || !ends_longer_line(script, command, text))
        }
        // it looks whether the text ends right behind the command
        "ash" | "busybox" if text.open => false,
        "ash" | "busybox" => {
            let open = |kind: &GroupKind| matches!(kind, GroupKind::If | GroupKind::Case | GroupKind::Brace | GroupKind::Subshell);
            let plain = command.place.pipe_len <= 1 && !command.place.negated;
            plain && script.around(command.place.group).all(|(_, group)| open(&group.kind) && group.redirects.is_empty())
        }
        _ => false,
    }
}

/// The form of a text that a shell is given with `-c`.
#[derive(Default)]
pub(super) struct Form {
    /// It ends with a line break.
    open: bool,
    /// Where its line breaks stand.
    breaks: Vec<u32>,
}

impl Form {
    /// The form of this text.
    pub(super) fn of(text: &Text) -> Form {
        let escaped = |at: usize| text.value.get(..at).is_some_and(|before| before.ends_with('\\'));
        let breaks = text.value.match_indices('\n').filter(|(at, _)| !escaped(*at));
        Form { open: text.value.ends_with('\n'), breaks: breaks.map(|(at, _)| text.span_of(at, at + 1).start).collect() }
    }

    fn are_on_one_line(&self, first: Span, second: Span) -> bool {
        let after = self.breaks.partition_point(|at| *at < first.end);
        self.breaks.get(after).is_none_or(|at| *at >= second.start)
    }
}

/// Whether a command ends a list with `&&` or `||` that does not begin its line, `a; b && command`, or follows a job,
/// `job & command`: bash reads a line as one and gives way only to a last command that is its own half of it.
fn ends_longer_line(script: &Script, command: &Command, text: &Form) -> bool {
    let commands = script.commands.iter().map(|c| (c.place, c.span));
    let groups = script.groups.iter().filter(|g| g.kind != GroupKind::Substitution).map(|g| (g.place, g.span));
    let mut before: Vec<_> =
        commands.chain(groups).filter(|(p, s)| p.depth == 0 && !p.substitution && s.start <= command.span.start).collect();
    before.sort_by_key(|(_, span)| std::cmp::Reverse(span.start));
    let Some(head) = before.iter().position(|(p, _)| !matches!(p.join, Join::And | Join::Or | Join::Pipe)) else { return false };
    let (Some((place, span)), Some((_, previous))) = (before.get(head), before.get(head + 1)) else { return false };
    (head > 0 || place.join == Join::Background) && text.are_on_one_line(*previous, *span)
}

/// Neither in a pipeline nor in a group.
pub(super) fn is_plain(command: &Command) -> bool {
    command.place.pipe_len <= 1 && !command.place.negated && command.place.depth == 0
}

/// Whether a command that is not the script's last is what the script is there for all the same: only talk follows it, a last
/// function ends with it (see [`is_called_last`]), a last loop starts it again and again, or the script only waits for it.
pub(super) fn stays_for(script: &Script, command: &Command) -> bool {
    only_talk_follows(script, command, false)
        || is_before_exit(script, command)
        || is_repeated(script, command)
        || is_waited_for(script, command)
}

/// Whether a command comes right before the `exec "$@"` of a script without arguments, which does nothing.
pub(super) fn is_before_nothing(script: &Script, command: &Command) -> bool {
    let sets = |c: &Command| c.name().as_deref() == Some("set") && c.args().iter().any(|w| w.lossy() == "--");
    only_talk_follows(script, command, true) && !script.commands.iter().any(sets)
}

/// Whether the next command of the same list is `exit`.
fn is_before_exit(script: &Script, command: &Command) -> bool {
    let place = command.place;
    if place.background || place.condition || place.substitution || place.function || place.pipe_len > 1 {
        return false;
    }
    let next = after(script, command).iter().find(|c| !c.place.substitution);
    next.is_some_and(|c| c.place.group == place.group && c.place.join != Join::First && c.name().as_deref() == Some("exit"))
}

/// Whether a loop at the end of the script, or one without an end, starts a command again whenever it stops.
fn is_repeated(script: &Script, command: &Command) -> bool {
    let Some(at) = command.place.group else { return false };
    let Some(group) = script.groups.get(at).filter(|g| g.kind == GroupKind::Loop && g.place.depth == 0) else { return false };
    let place = command.place;
    let within = || script.commands.iter().filter(|c| c.place.group == Some(at));
    let endless = within().filter(|c| c.place.condition).all(|c| matches!(c.name().as_deref(), Some("true" | ":")));
    // a job that is done every now and then
    let rests = within().any(|c| c.name().as_deref() == Some("sleep") && !c.args().iter().any(is_short_pause));
    !(place.background || place.substitution || rests) && (endless && !place.condition || group.place.last)
}

/// Whether a script does nothing else from a command on than to rest in a loop without an end.
pub(super) fn rests_for_ever(script: &Script, command: &Command) -> bool {
    let Some(at) = command.place.group else { return false };
    let Some(group) = script.groups.get(at).filter(|g| g.kind == GroupKind::Loop && g.place.depth == 0 && !g.place.background) else {
        return false;
    };
    let mut within = script.commands.iter().filter(|c| group.span.contains(c.span));
    let endless = |c: &Command| !c.place.condition || matches!(c.name().as_deref(), Some("true" | ":"));
    let idle = |c: &Command| matches!(c.name().as_deref(), Some("sleep" | "true" | ":" | "echo" | "printf" | "date"));
    command.name().as_deref() == Some("sleep") && within.all(|c| c.place.group == Some(at) && idle(c) && endless(c))
}

/// Whether a loop starts a command.
pub(super) fn is_in_loop(script: &Script, command: &Command) -> bool {
    script.around(command.place.group).any(|(_, group)| group.kind == GroupKind::Loop)
}

fn is_short_pause(word: &Word) -> bool {
    word.literal().and_then(|seconds| seconds.trim_end_matches('s').parse::<f32>().ok()).is_some_and(|seconds| seconds <= 10.0)
}

/// Whether a command was put into the background and the shell does nothing but wait from then on, or at the end.
fn is_waited_for(script: &Script, command: &Command) -> bool {
    let place = command.place;
    place.background && place.depth == 0 && place.pipe_len == 1 && only_waits(script)
}

/// Whether a script ends in waiting: for its children, or for nothing.
fn only_waits(script: &Script) -> bool {
    let is_wait = |c: &Command| match c.name().as_deref() {
        Some("wait" | "fg") => true,
        Some("tail") => c.args().iter().any(|w| w.literal().is_some_and(|v| v.starts_with("-f") || v.starts_with("-F") || v == "--follow")),
        Some("sleep") => c.args().iter().any(|w| w.literal().is_some_and(|v| v.starts_with("inf") || v.len() > 4)),
        _ => false,
    };
    let idles = |c: &Command| is_wait(c) || matches!(c.name().as_deref(), Some("sleep" | "kill" | "true" | ":" | "[" | "test" | "echo"));
    let talks = |c: &&Command| !matches!(c.name().as_deref(), Some("exit" | "echo" | "printf" | "kill" | "true" | ":"));
    let mut last = script.commands.iter().rev().filter(|c| c.place.depth == 0 && !c.place.background && !c.words.is_empty());
    let mut loops = script.groups.iter().enumerate().filter(|(_, g)| g.kind == GroupKind::Loop && g.place.last);
    last.find(talks).is_some_and(is_wait) || loops.any(|(at, _)| script.commands.iter().filter(|c| c.place.group == Some(at)).all(idles))
}

/// Whether a script answers the signal that stops its container and passes it on. A shell runs its `trap` only after the command
/// that it waits for, so that without anything in the background it answers too late.
pub(super) fn passes_signals_on(script: &Script) -> bool {
    let stops = |w: &Word| match w.literal().as_deref() {
        Some(signal) => matches!(signal.trim_start_matches("SIG"), "TERM" | "15"),
        None => true,
    };
    let mut background = script.commands.iter().map(|c| c.place).chain(script.groups.iter().map(|g| g.place)).filter(|p| p.background);
    background.next().is_some() && script.commands.iter().any(|c| sets_trap(c) && c.args().iter().skip(1).any(stops))
}

const TRAP: Programs = Programs::of(&["trap"]);

/// `trap` with something to do; an empty text ignores the signal, `-` takes the trap off.
fn sets_trap(command: &Command) -> bool {
    command.may_start(TRAP)
        && command.name().as_deref() == Some("trap")
        && command.args().len() > 1
        && command.args().first().is_some_and(|w| w.literal().is_none_or(|v| !v.is_empty() && !v.starts_with('-')))
}

/// What comes after a command, if anything, only reports or ends the script: the command is what the script is there for. The
/// parts of a last pipeline count, too, and so does an `exec "$@"` of a script that is `bare`.
fn only_talk_follows(script: &Script, command: &Command, bare: bool) -> bool {
    let place = command.place;
    if place.depth > 0 || place.substitution || place.background || place.condition {
        return false;
    }
    let nothing = |c: &Command| bare && c.words.len() == 2 && c.words.iter().map(Word::lossy).eq(["exec", "$@"]);
    let talk = |c: &Command| matches!(c.name().as_deref(), Some("echo" | "printf" | "true" | "exit" | ":" | "date")) || nothing(c);
    let pipe =
        |c: &Command| c.place.pipe_index > 0 && matches!(c.name().as_deref(), Some("tee" | "cat" | "ts" | "sed" | "grep" | "logger"));
    after(script, command).iter().all(|c| c.place.depth == 0 && (talk(c) || pipe(c)))
}

/// The commands that start behind a command's end.
fn after<'a>(script: &'a Script, command: &Command) -> &'a [Command] {
    // they are in the order of their starts
    let first = script.commands.partition_point(|c| c.span.start < command.span.end);
    script.commands.get(first..).unwrap_or_default()
}

/// The function that a command is the last of.
pub(super) fn ended_by<'a>(script: &'a Script, command: &Command) -> Option<&'a str> {
    if !command.place.function || !command.place.tail {
        return None;
    }
    script.around(command.place.group).find_map(|(_, group)| match &group.kind {
        GroupKind::Function(name) => Some(name.as_str()),
        _ => None,
    })
}

/// Whether a script ends with a function, called without arguments of its own, so that `$@` stays what it is.
pub(super) fn is_called_last(script: &Script, function: &str) -> bool {
    let passes_on = |c: &Command| c.args().iter().all(|w| w.lossy() == "$@");
    let ends = |c: &Command| (c.place.last || is_before_exit(script, c)) && !c.place.background;
    let named = Programs::of(&[function]);
    script.commands.iter().any(|c| c.may_start(named) && c.name().as_deref() == Some(function) && ends(c) && passes_on(c))
}
