//! Shell options in effect: `errexit`, `pipefail` and the like, from SHELL, from a shell's own words and from `set`.

use crate::syntax::shell::{Command, GroupKind, Script};

/// The options of a shell that decide what becomes of a failure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// `-e`: a failing command ends the script.
    pub errexit: bool,
    /// `-o pipefail`: a pipeline fails where one of its commands does.
    pub pipefail: bool,
    /// `-u`: an unset variable is an error.
    pub nounset: bool,
}

/// The options that words like `-euo pipefail -c` set, in addition to those of `before`.
pub fn shell_options<'a>(before: Options, words: impl IntoIterator<Item = &'a str>) -> Options {
    let mut options = before;
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let on = match word.as_bytes() {
            [b'-', b'-'] => break,
            [b'-', b'-', ..] => continue,
            [b'-', _, ..] => true,
            [b'+', _, ..] => false,
            _ => continue,
        };
        for letter in word.chars().skip(1) {
            match letter {
                'e' => options.errexit = on,
                'u' => options.nounset = on,
                'o' => match words.next() {
                    Some("errexit") => options.errexit = on,
                    Some("pipefail") => options.pipefail = on,
                    Some("nounset") => options.nounset = on,
                    _ => {}
                },
                _ => {}
            }
        }
    }
    options
}

/// The options in effect at each command of a script, in order, given those with which its shell starts. What a subshell, a
/// substitution or a function sets holds in it alone.
pub fn options_at(script: &Script, start: Options) -> Vec<Options> {
    let mut current: Vec<(Option<usize>, Options)> = vec![(None, start)];
    let mut found = Vec::with_capacity(script.commands.len());
    for command in &script.commands {
        let scope = scope(script, command);
        while current.len() > 1 && current.last().is_some_and(|(open, _)| *open != scope && !holds(script, *open, scope)) {
            current.pop();
        }
        let options = current.last().map_or(start, |c| c.1);
        if current.last().is_some_and(|(open, _)| *open != scope) {
            current.push((scope, options));
        }
        found.push(options);
        if command.name().as_deref() == Some("set") {
            let words: Vec<_> = command.args().iter().map(|w| w.lossy()).collect();
            if let Some(last) = current.last_mut() {
                last.1 = shell_options(options, words.iter().map(|w| w.as_ref()));
            }
        }
    }
    found
}

/// The innermost group around a command that has options of its own.
fn scope(script: &Script, command: &Command) -> Option<usize> {
    let mut group = command.place.group;
    while let Some(at) = group {
        let found = script.groups.get(at)?;
        let own = matches!(found.kind, GroupKind::Subshell | GroupKind::Substitution | GroupKind::Function(_));
        if own {
            return Some(at);
        }
        group = found.place.group;
    }
    None
}

/// Whether the group `outer` holds the group `inner`.
fn holds(script: &Script, outer: Option<usize>, inner: Option<usize>) -> bool {
    let Some(outer) = outer else { return true };
    let mut group = inner;
    while let Some(at) = group {
        if at == outer {
            return true;
        }
        group = script.groups.get(at).and_then(|g| g.place.group);
    }
    false
}
