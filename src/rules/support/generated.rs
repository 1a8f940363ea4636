//! Scripts that an image writes out of a Dockerfile's own text: which of their `$names` are lost while they are written.

use super::variables::{inherited, is_brought};
use crate::source::{At, Span};
use crate::stack::{DockerfileUnit, Lookup};

/// Names that a base image may well set.
pub(crate) fn from_base(name: &str) -> bool {
    const NAMES: [&str; 12] = ["PATH", "HOME", "USER", "PWD", "LANG", "SHELL", "TERM", "HOSTNAME", "TMPDIR", "UID", "EUID", "OSTYPE"];
    const ENDS: [&str; 8] = ["_VERSION", "_HOME", "_PATH", "_DIR", "_ROOT", "_PREFIX", "_VER", "_OPTS_DEFAULT"];
    NAMES.contains(&name) || ENDS.iter().any(|end| name.ends_with(end)) || ["TARGET", "BUILD"].iter().any(|p| name.starts_with(p))
}

/// Names that a base image may well set for the builder, which has none of a shell's.
pub(crate) fn from_base_image(name: &str) -> bool {
    const OF_SHELL: [&str; 9] = ["HOME", "USER", "PWD", "SHELL", "TERM", "HOSTNAME", "UID", "EUID", "OSTYPE"];
    !OF_SHELL.contains(&name) && from_base(name)
}

/// `$@`, `$1`, `$0`, `$#` …: what a script gets when it runs.
pub(crate) fn positional(name: &str) -> bool {
    matches!(name, "@" | "*" | "#" | "?" | "!" | "$" | "-") || name.bytes().all(|b| b.is_ascii_digit()) && !name.is_empty()
}

/// Whether a shell has a value for a name wherever it runs: another one than the script was to get.
pub(crate) fn is_never_empty(name: &str) -> bool {
    matches!(name, "#" | "?" | "$" | "-" | "0")
}

/// Whether a text is a script, or lines for a shell.
pub(crate) fn is_script(path: &str, text: &str) -> bool {
    const ENDS: [&str; 9] = [".sh", ".bash", "/crontab", "bashrc", "zshrc", "/.profile", "/.bash_profile", "/.zprofile", "/etc/profile"];
    text.trim_start().starts_with("#!")
        || ENDS.iter().any(|end| path.ends_with(end))
        || path.contains("/cron.d/")
        || path.contains("/crontabs/")
}

/// Those of `names` that have no value while the image is built. `set_in_script` are names that the generated script sets
/// itself, `own` those that the writing script sets; `elsewhere` tells of names that have a value all the same.
pub(crate) fn lost(
    unit: &DockerfileUnit,
    item: usize,
    names: &[At<String>],
    set_in_script: &[String],
    own: &[String],
    elsewhere: fn(&str) -> bool,
) -> Vec<At<String>> {
    let Some(stage) = unit.ast.stage_of(item) else { return Vec::new() };
    let base = inherited(unit, stage);
    let is_lost = |name: &&At<String>| {
        let n = name.value.as_str();
        if positional(n) {
            return true;
        }
        let word = n.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let unset = word && unit.lookup(stage, item, n) == Lookup::Unset && !own.iter().any(|o| o == n);
        unset && !is_brought(&base, n) && (set_in_script.iter().any(|s| s == n) || !elsewhere(n))
    };
    names.iter().filter(is_lost).cloned().collect()
}

/// `$a`, `$b` and `$c` for a message.
pub(crate) fn listed(names: &[At<String>]) -> String {
    let mut shown: Vec<String> = Vec::new();
    for name in names {
        let text = format!("`${}`", name.value);
        if !shown.contains(&text) {
            shown.push(text);
        }
    }
    match shown.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if shown.len() <= 4 => format!("{} and {last}", first.join(", ")),
        [first, second, third, ..] => format!("{first}, {second}, {third} and {} more", shown.len() - 3),
        _ => shown.concat(),
    }
}

/// Edits that put a backslash before each `$`, where each of the places is one.
pub(crate) fn escaped(text: &dyn Fn(Span) -> String, names: &[At<String>]) -> Option<Vec<crate::diagnostic::Edit>> {
    let at_dollar = names.iter().all(|n| text(n.span).starts_with('$'));
    at_dollar.then(|| names.iter().map(|n| crate::rule::replace(n.span.at_start(), "\\")).collect())
}
