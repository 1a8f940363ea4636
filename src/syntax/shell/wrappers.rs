//! Programs that run their operands: what a command line really starts.

use std::borrow::Cow;

use super::model::{Base, Command, Word};

/// A command seen through its wrappers.
#[derive(Clone, Copy, Debug)]
pub struct Effective<'a> {
    /// The words of the program that really runs: its name first. Never empty unless the command has no words.
    pub words: &'a [Word],
    /// Whether the shell's `exec` was among the wrappers: the program replaces the shell.
    pub exec: bool,
    /// The words with those of the wrappers.
    all: &'a [Word],
    base: Base,
}

impl<'a> Effective<'a> {
    /// Words that no wrapper stands before.
    pub fn plain(words: &'a [Word]) -> Self {
        Effective { words, exec: false, all: words, base: Base::of_first(words) }
    }

    /// The program's name where it is literal, without its folder.
    pub fn name(&self) -> Option<Cow<'a, str>> {
        self.base.name(self.words)
    }

    /// The program's name without its folder, also where a variable holds the folder.
    pub fn program(&self) -> Option<Cow<'a, str>> {
        self.base.program(self.words)
    }

    /// The wrappers that were seen through, outermost first, without their folders. Few commands have any, and few who look at
    /// a command ask for them, so that they are read again.
    pub fn through(&self) -> Vec<Cow<'a, str>> {
        self.wrappers().map(|w| w.name).collect()
    }

    /// Words of the form `NAME=value` given to `env` and `sudo`.
    pub fn environment(&self) -> Vec<&'a Word> {
        let mut found = Vec::new();
        if self.words.len() < self.all.len() {
            self.wrappers().for_each(|w| found.extend(w.assigns));
        }
        found
    }

    fn wrappers(&self) -> impl Iterator<Item = Seen<'a>> {
        let mut words = self.all;
        let end = self.words.len();
        std::iter::from_fn(move || {
            let seen = if words.len() > end { wrapping(words, Base::of_first(words))? } else { return None };
            words = seen.rest;
            Some(seen)
        })
    }

    /// The words after the name.
    pub fn args(&self) -> &'a [Word] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// How a wrapper's own words are told from those that it runs.
struct Wrapper {
    name: &'static str,
    /// The word that must follow the name, such as `run`.
    verb: &'static str,
    /// Options whose value is the next word.
    values: &'static [&'static str],
    /// How many operands come before the command.
    operands: usize,
    /// Takes `NAME=value` words.
    assigns: bool,
}

const fn wrapper(name: &'static str, values: &'static [&'static str], operands: usize) -> Wrapper {
    Wrapper { name, verb: "", values, operands, assigns: false }
}

const fn launcher(name: &'static str, verb: &'static str, values: &'static [&'static str]) -> Wrapper {
    Wrapper { name, verb, values, operands: 0, assigns: false }
}

const SUDO: &[&str] = &[
    "-u",
    "--user",
    "-g",
    "--group",
    "-h",
    "--host",
    "-p",
    "--prompt",
    "-C",
    "--close-from",
    "-r",
    "--role",
    "-t",
    "--type",
    "-T",
    "--command-timeout",
    "-U",
    "--other-user",
    "-D",
    "--chdir",
    "-R",
    "--chroot",
];
const SETPRIV: &[&str] = &[
    "--reuid",
    "--ruid",
    "--euid",
    "--regid",
    "--rgid",
    "--egid",
    "--groups",
    "--inh-caps",
    "--ambient-caps",
    "--bounding-set",
    "--securebits",
    "--pdeathsig",
    "--selinux-label",
    "--apparmor-profile",
];
const XARGS: &[&str] =
    &["-n", "--max-args", "-I", "-L", "-P", "--max-procs", "-s", "--max-chars", "-d", "--delimiter", "-E", "-a", "--arg-file", "--replace"];
const TIME: &[&str] = &["-o", "--output", "-f", "--format"];
const CHPST: &[&str] = &["-u", "-U", "-b", "-e", "-/", "-n", "-l", "-L", "-m", "-d", "-o", "-p", "-f", "-c", "-r", "-t"];
const UV_RUN: &[&str] = &["--with", "--extra", "--group", "-p", "--python", "--env-file", "--project", "--directory", "--package"];

const WRAPPERS: &[Wrapper] = &[
    wrapper("exec", &["-a"], 0),
    wrapper("command", &[], 0),
    wrapper("builtin", &[], 0),
    Wrapper { assigns: true, ..wrapper("env", &["-u", "--unset", "-C", "--chdir", "-S", "--split-string"], 0) },
    Wrapper { assigns: true, ..wrapper("sudo", SUDO, 0) },
    wrapper("doas", &["-u", "-C"], 0),
    wrapper("gosu", &[], 1),
    wrapper("su-exec", &[], 1),
    wrapper("setuidgid", &[], 1),
    wrapper("s6-setuidgid", &[], 1),
    wrapper("with-contenv", &[], 0),
    wrapper("chpst", CHPST, 0),
    wrapper("runuser", &["-u", "--user", "-g", "--group", "-G", "--supp-group"], 0),
    wrapper("setpriv", SETPRIV, 0),
    wrapper("chroot", &["--userspec", "--groups"], 1),
    wrapper("nice", &["-n", "--adjustment"], 0),
    wrapper("ionice", &["-c", "--class", "-n", "--classdata"], 0),
    wrapper("chrt", &["-T", "-P", "-D"], 1),
    wrapper("taskset", &[], 1),
    wrapper("numactl", &["-N", "-m", "-C", "-i", "-l"], 0),
    wrapper("nohup", &[], 0),
    wrapper("setsid", &[], 0),
    wrapper("time", TIME, 0),
    wrapper("timeout", &["-k", "--kill-after", "-s", "--signal"], 1),
    wrapper("stdbuf", &["-i", "--input", "-o", "--output", "-e", "--error"], 0),
    wrapper("unbuffer", &[], 0),
    wrapper("eatmydata", &[], 0),
    wrapper("fakeroot", &[], 0),
    wrapper("flock", &["-w", "--wait", "--timeout", "-E"], 1),
    wrapper("tini", &["-p", "-e"], 0),
    wrapper("tini-static", &["-p", "-e"], 0),
    wrapper("docker-init", &["-p", "-e"], 0),
    wrapper("catatonit", &[], 0),
    wrapper("dumb-init", &["-r", "--rewrite"], 0),
    wrapper("busybox", &[], 0),
    wrapper("xargs", XARGS, 0),
    wrapper("ddtrace-run", &[], 0),
    wrapper("opentelemetry-instrument", &[], 0),
    wrapper("npx", &["-p", "--package"], 0),
    wrapper("bunx", &[], 0),
    launcher("poetry", "run", &["-C", "--directory", "-P", "--project"]),
    launcher("pipenv", "run", &[]),
    launcher("pdm", "run", &[]),
    launcher("rye", "run", &[]),
    launcher("hatch", "run", &[]),
    launcher("uv", "run", UV_RUN),
    launcher("bundle", "exec", &[]),
    launcher("pnpm", "exec", &[]),
    launcher("npm", "exec", &[]),
    launcher("conda", "run", &["-n", "--name", "-p", "--prefix", "--cwd"]),
    launcher("mamba", "run", &["-n", "--name", "-p", "--prefix", "--cwd"]),
    launcher("micromamba", "run", &["-n", "--name", "-p", "--prefix", "--cwd"]),
    launcher("newrelic-admin", "run-program", &[]),
    launcher("doppler", "run", &["-t", "--token", "-p", "--project", "-c", "--config"]),
    launcher("infisical", "run", &["--env", "--path", "--projectId", "--token"]),
];

/// Wrappers wrap each other at most this often.
const MAX_WRAPPERS: usize = 16;

/// Where a command's program stands among its words; worked out once, because every rule asks for it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Start {
    /// The place of the program's name.
    at: usize,
    /// Whether the shell's `exec` stands before it.
    exec: bool,
    /// Where the name of the first word begins.
    pub(super) first: Base,
    /// Where the name of the program begins.
    program: Base,
}

impl Start {
    pub(super) fn of(words: &[Word]) -> Start {
        let first = Base::of_first(words);
        let seen = unwrapped(words, first);
        Start { at: words.len() - seen.words.len(), exec: seen.exec, first, program: seen.base }
    }
}

impl Command {
    /// The program that the command really starts, seen through `exec`, `env A=b`, `sudo -u x`, `tini --`, `gosu user`,
    /// `timeout 5`, `poetry run` and the like. A wrapper that is given no command is the program itself.
    pub fn effective(&self) -> Effective<'_> {
        let Start { at, exec, program, .. } = self.start;
        Effective { words: self.words.get(at..).unwrap_or_default(), exec, all: &self.words, base: program }
    }
}

/// The same for bare words.
pub fn effective(words: &[Word]) -> Effective<'_> {
    unwrapped(words, Base::of_first(words))
}

fn unwrapped(words: &[Word], first: Base) -> Effective<'_> {
    let mut seen = Effective { words, exec: false, all: words, base: first };
    for _ in 0..MAX_WRAPPERS {
        let Some(wrapper) = wrapping(seen.words, seen.base) else { break };
        seen.exec |= wrapper.name == "exec";
        (seen.words, seen.base) = (wrapper.rest, Base::of_first(wrapper.rest));
    }
    seen
}

/// One wrapper, and what it runs.
struct Seen<'a> {
    name: Cow<'a, str>,
    assigns: Vec<&'a Word>,
    rest: &'a [Word],
}

/// What the first of these words wraps, if it is a wrapper that is given a command.
fn wrapping(words: &[Word], first: Base) -> Option<Seen<'_>> {
    let name = first.name(words)?;
    let (start, assigns) = skip(&name, words)?;
    let rest = words.get(start..).filter(|rest| !rest.is_empty())?;
    Some(Seen { name, assigns, rest })
}

/// For every letter, the lengths of the wrappers' names that begin with it, as bits: nearly no command is one.
const LENGTHS: [u32; 128] = {
    let mut lengths = [0; 128];
    let mut rest = WRAPPERS;
    while let [wrapper, others @ ..] = rest {
        if let [first, ..] = wrapper.name.as_bytes()
            && let (_, [slot, ..]) = lengths.split_at_mut(*first as usize)
        {
            *slot |= 1 << wrapper.name.len();
        }
        rest = others;
    }
    lengths
};

fn by_name(name: &str) -> Option<&'static Wrapper> {
    let first = name.as_bytes().first()?;
    let lengths = LENGTHS.get(usize::from(*first))?;
    let may_be = u32::try_from(name.len()).ok().and_then(|len| lengths.checked_shr(len)).is_some_and(|bits| bits & 1 == 1);
    if !may_be {
        return None;
    }
    WRAPPERS.iter().filter(|w| w.name.as_bytes().first() == Some(first)).find(|w| w.name == name)
}

/// Whether a program of this name may run what follows it.
pub fn is_wrapper(name: &str) -> bool {
    name.starts_with("wait-for") || name == "dockerize" || by_name(name).is_some()
}

/// Where the words that a wrapper runs begin; `None` where it is no wrapper.
fn skip<'a>(name: &str, words: &'a [Word]) -> Option<(usize, Vec<&'a Word>)> {
    if name.starts_with("wait-for") || name == "dockerize" && words.iter().any(|w| is(w, "--")) {
        let at = words.iter().position(|w| is(w, "--"))?;
        return Some((at + 1, Vec::new()));
    }
    let found = by_name(name)?;
    let mut at = 1;
    if !found.verb.is_empty() {
        at = verb(found, words)? + 1;
    }
    let mut assigns = Vec::new();
    while let Some(word) = words.get(at) {
        let Some(value) = word.literal() else {
            let named = found.assigns && word.lossy().split_once('=').is_some_and(|(name, _)| is_name(name));
            if !named {
                break;
            }
            assigns.push(word);
            at += 1;
            continue;
        };
        if value == "--" {
            at += 1;
            break;
        }
        if value.starts_with('-') && value.len() > 1 {
            if matches!(name, "command") && value.contains(['v', 'V']) || name == "sudo" && value == "-l" {
                return None;
            }
            at += 1 + usize::from(takes_next(&value, found.values));
        } else if value == "-" && name == "env" {
            at += 1;
        } else if found.assigns && value.split_once('=').is_some_and(|(name, _)| is_name(name)) {
            assigns.push(word);
            at += 1;
        } else {
            break;
        }
    }
    if name == "runuser" && !words.iter().any(|w| w.literal().is_some_and(|v| v.starts_with("-u") || v.starts_with("--user"))) {
        return None;
    }
    Some((at + found.operands, assigns))
}

/// Where the verb of a launcher stands: its first operand.
fn verb(launcher: &Wrapper, words: &[Word]) -> Option<usize> {
    let mut at = 1;
    loop {
        let word = words.get(at)?;
        let value = word.lossy();
        if !value.starts_with('-') {
            return is(word, launcher.verb).then_some(at);
        }
        at += 1 + usize::from(takes_next(&value, launcher.values));
    }
}

fn is(word: &Word, text: &str) -> bool {
    word.literal().is_some_and(|v| v == text)
}

/// Whether a text is the name of a variable.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.starts_with(|c: char| c.is_ascii_digit()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether the value of an option word is the next word.
pub(super) fn takes_next(option: &str, values: &[&str]) -> bool {
    if option.starts_with("--") {
        return values.contains(&option);
    }
    // all that is listed is ASCII
    let takes = |letter: &u8| values.iter().any(|v| matches!(v.as_bytes(), [b'-', only] if only == letter));
    match option.bytes().skip(1).position(|letter| takes(&letter)) {
        Some(at) => option.len() == at + 2,
        None => values.contains(&option),
    }
}
