//! Which program a script leaves as its own process: the shell stays, unless its last command takes its place.

use crate::syntax::shell::{Command, Effective, GroupKind, Script};

/// A program that a script can end in.
#[derive(Clone, Debug)]
pub struct Process<'a> {
    /// The command, in the innermost script.
    pub command: &'a Command,
    /// The command seen through its wrappers.
    pub effective: Effective<'a>,
    /// Whether it takes the place of every shell around it, by `exec` or because the shell does so by itself.
    pub replaces: bool,
    /// How many shells stay above it where it does not.
    pub shells: usize,
    /// Written with `exec` at every level.
    pub explicit: bool,
    /// It runs in the background: the script goes on, or ends, without it.
    pub background: bool,
}

/// Functions call each other, and scripts nest, at most this deep.
const MAX_DEPTH: usize = 8;

/// The programs that a script can end in, one for each of its last branches. `execs_last` says whether the shell replaces
/// itself with the last command of a `-c` text on its own: bash and busybox do, dash does not, and none does in a script file.
/// `of_shell` says the same of a nested shell by its name.
pub fn first_process<'a>(script: &'a Script, execs_last: bool, of_shell: &dyn Fn(&str) -> bool) -> Vec<Process<'a>> {
    let mut found = Vec::new();
    let last = script.commands.iter().filter(|c| c.place.last);
    let state = State { replaces: true, explicit: true, shells: 0, depth: 0 };
    for command in last {
        follow(script, command, execs_last, of_shell, state, &mut found);
    }
    found
}

#[derive(Clone, Copy)]
struct State {
    replaces: bool,
    explicit: bool,
    shells: usize,
    depth: usize,
}

fn follow<'a>(
    script: &'a Script,
    command: &'a Command,
    execs_last: bool,
    of_shell: &dyn Fn(&str) -> bool,
    state: State,
    found: &mut Vec<Process<'a>>,
) {
    let effective = command.effective();
    if state.depth < MAX_DEPTH
        && let Some(name) = effective.name().filter(|_| effective.through().is_empty())
    {
        let bodies = function_ends(script, &name);
        if !bodies.is_empty() {
            for end in bodies {
                follow(script, end, false, of_shell, State { depth: state.depth + 1, ..state }, found);
            }
            return;
        }
    }
    let place = command.place;
    let plain = place.pipe_len == 1 && !place.background && !place.negated && place.group.is_none() && !place.condition;
    let implicit = execs_last && plain && command.redirects.is_empty() && !traps(script);
    let subshells = usize::from(place.subshell || place.pipe_len > 1);
    let replaces = (effective.exec || implicit) && subshells == 0 && !place.background;
    let next = State {
        replaces: state.replaces && replaces,
        explicit: state.explicit && effective.exec,
        shells: state.shells + usize::from(!replaces),
        depth: state.depth + 1,
    };
    if let Some(nested) = command.nested.as_ref().filter(|n| state.depth < MAX_DEPTH && n.by != "eval") {
        let inner = of_shell(&nested.by);
        let ends: Vec<_> = nested.script.commands.iter().filter(|c| c.place.last).collect();
        for end in &ends {
            follow(&nested.script, end, inner, of_shell, next, found);
        }
        if !ends.is_empty() {
            return;
        }
    }
    let background = place.background;
    found.push(Process { command, effective, replaces: next.replaces, shells: next.shells, explicit: next.explicit, background });
}

/// A trap keeps a shell from replacing itself.
fn traps(script: &Script) -> bool {
    script.commands.iter().any(|c| c.name().as_deref() == Some("trap"))
}

/// The commands in which a function of the script can end.
fn function_ends<'a>(script: &'a Script, name: &str) -> Vec<&'a Command> {
    let Some(function) = script.groups.iter().rposition(|g| g.kind == GroupKind::Function(name.to_owned())) else {
        return Vec::new();
    };
    let inside = |command: &&Command| {
        let mut group = command.place.group;
        while let Some(at) = group {
            match script.groups.get(at) {
                _ if at == function => return true,
                Some(found) if !matches!(found.kind, GroupKind::Function(_)) => group = found.place.group,
                _ => return false,
            }
        }
        false
    };
    script.commands.iter().filter(|c| c.place.tail).filter(inside).collect()
}
