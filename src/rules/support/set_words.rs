//! Words behind `set` that were meant to be something else than its operands.

use crate::syntax::shell::{Command, Script, Word};

/// Words that `set` takes for operands.
pub(crate) struct Swallowed<'a> {
    /// The first of them.
    pub(crate) word: &'a Word,
    /// The last of them.
    pub(crate) last: &'a Word,
    /// It is the name of an option; otherwise a program.
    pub(crate) option: bool,
}

/// Names of options that mean nothing else.
const OPTIONS: [&str; 13] = [
    "pipefail",
    "errexit",
    "nounset",
    "xtrace",
    "noglob",
    "noclobber",
    "noexec",
    "allexport",
    "errtrace",
    "functrace",
    "hashall",
    "braceexpand",
    "ignoreeof",
];

/// Programs that nobody gives a script for an argument.
const PROGRAMS: [&str; 48] = [
    "chmod", "chown", "mkdir", "rm", "cp", "mv", "ln", "touch", "tar", "unzip", "gunzip", "gzip", "find", "sed", "cat", "echo", "printf",
    "cd", "export", "exec", "source", "curl", "wget", "git", "make", "cmake", "apt", "apt-get", "apk", "yum", "dnf", "microdnf", "pip",
    "pip3", "npm", "yarn", "pnpm", "go", "cargo", "mvn", "composer", "useradd", "adduser", "groupadd", "addgroup", "python", "python3",
    "install",
];

/// What a `set` without `--` takes for operands, where its first operand is an option's name or a program.
pub(crate) fn swallowed<'a>(script: &'a Script, command: &'a Command) -> Option<Swallowed<'a>> {
    if command.words.first()?.literal().as_deref() != Some("set") {
        return None;
    }
    let mut words = command.args();
    let word = loop {
        let (word, rest) = words.split_first()?;
        let text = word.literal()?;
        words = rest;
        match text.strip_prefix(['-', '+']) {
            Some("" | "-") => return None,
            // the next word is the name of an option
            Some(letters) if letters.contains('o') => words = rest.get(1..).unwrap_or_default(),
            Some(_) => {}
            None => break word,
        }
    };
    let name = word.literal()?;
    let last = words.last().unwrap_or(word);
    if OPTIONS.contains(&name.as_ref()) {
        return Some(Swallowed { word, last, option: true });
    }
    let keeps = PROGRAMS.contains(&name.as_ref()) && !reads_operands(script);
    keeps.then_some(Swallowed { word, last, option: false })
}

/// Whether a script makes use of what `set` sets.
fn reads_operands(script: &Script) -> bool {
    let positional = |name: &str| matches!(name, "@" | "*" | "#") || name.starts_with(|c: char| c.is_ascii_digit() && c != '0');
    let reads = |w: &Word| w.params().any(|(p, _)| positional(&p.name));
    let commands = || script.walk().map(|(_, c)| c);
    commands().any(|c| {
        let values = c.assigns.iter().filter_map(|a| a.value.as_ref());
        matches!(c.name().as_deref(), Some("shift" | "getopts")) || c.words.iter().chain(values).any(reads)
    }) || script.groups.iter().any(|g| g.words.iter().any(reads))
}
