//! The commands that a Compose service gives: where they stand and whether a shell reads them.

use std::cell::OnceCell;

use super::program::may_be_script;
use crate::compose::{CommandLine, Service};
use crate::stack::{Process, Runtime, Stack, ViaKind};
use crate::syntax::shell::{self, Dialect, Script};
use crate::text::Text;

/// A command of a service.
pub(crate) struct Given<'a> {
    /// `command`, `entrypoint`, `healthcheck` or `hook`.
    pub key: &'static str,
    /// The value.
    pub line: &'a CommandLine,
    /// The words of the service's own entrypoint, which stand before a command.
    before: &'a [Text],
    script: OnceCell<Option<Script>>,
}

impl Given<'_> {
    /// The script that a shell runs; `None` where none does. Read when it is asked for.
    pub(crate) fn script(&self) -> Option<&Script> {
        self.script.get_or_init(|| shell_script(self.before, self.line)).as_ref()
    }
}

/// The commands of a service.
pub(crate) fn given(service: &Service) -> Vec<Given<'_>> {
    let test = service.healthcheck.as_ref().and_then(|h| h.test.as_ref());
    let found = [("command", service.command.as_ref()), ("entrypoint", service.entrypoint.as_ref()), ("healthcheck", test)];
    let hooks = service.hooks.iter().map(|line| ("hook", line));
    let lines = found.into_iter().filter_map(|(key, line)| Some((key, line?))).chain(hooks);
    let entrypoint = service.entrypoint.as_ref().map_or(&[][..], |e| e.argv.as_slice());
    let before = |key: &str| if key == "command" { entrypoint } else { &[] };
    lines.map(|(key, line)| Given { key, line, before: before(key), script: OnceCell::new() }).collect()
}

fn shell_script(before: &[Text], line: &CommandLine) -> Option<Script> {
    if line.argv.first().is_some_and(|w| w.value == "CMD-SHELL") {
        return line.argv.get(1).map(|text| shell::parse_text(text, Dialect::Posix));
    }
    let argv: Vec<Text> = before.iter().chain(&line.argv).cloned().collect();
    let script = shell::from_argv(&argv, Dialect::Posix);
    script.commands.into_iter().find_map(|c| c.nested).map(|n| n.script)
}

/// Whether the container's command is run as it is: not handed to a shell or a script that may read it once more.
pub(crate) fn run_as_is(stack: &Stack, at: (usize, usize), given: &Given<'_>) -> bool {
    let Some((_, service)) = stack.service(at) else { return false };
    match given.key {
        "entrypoint" | "healthcheck" | "hook" => true,
        _ if service.entrypoint.is_some() => {
            let Some(first) = service.entrypoint.as_ref().and_then(|e| e.argv.first()) else { return false };
            let own = || stack.runtime_of(at).is_some_and(|r| takes_words_as_they_are(stack, r, first));
            matches!(crate::files::file_name(first), "tini" | "dumb-init" | "env" | "gosu") || own()
        }
        _ => {
            let Some(runtime) = stack.runtime_of(at) else { return false };
            let official = runtime.image.as_ref().is_some_and(|i| i.official().is_some());
            match runtime.launches.iter().find(|l| l.entrypoint) {
                None if official => true,
                // what an image's entrypoint makes of a whole command is to run it
                None => given.line.argv.len() > 1 && !given.line.argv.first().is_some_and(|w| w.starts_with('-')),
                Some(entry) if !entry.shell_form && !may_be_script(entry.argv.first().map_or("", |w| w.value.as_str())) => true,
                Some(entry) if entry.argv.first().is_some_and(|w| !entry.shell_form && takes_words_as_they_are(stack, runtime, w)) => true,
                Some(_) => {
                    let first = given.line.argv.first().map(|w| w.span);
                    let same = |p: &Process| p.argv.first().map(|a| a.span) == first && p.argv.len() == given.line.argv.len();
                    runtime.processes.iter().any(|p| by_script_alone(p) && same(p))
                }
            }
        }
    }
}

/// The word names a file of the project that is no script of a shell, and that has no way of expanding its arguments: it looks at no
/// environment and starts nothing.
pub(crate) fn takes_words_as_they_are(stack: &Stack, runtime: &Runtime, word: &Text) -> bool {
    const INTERPRETERS: [&str; 7] = ["perl", "python", "ruby", "node", "php", "lua", "tclsh"];
    const WAYS: [&str; 11] = ["env", "expandvars", "eval", "system", "exec", "popen", "spawn", "subprocess", "shell", "qx", "`"];
    let Some(started) = runtime.started.iter().find(|s| s.span == word.span && !s.file.is_empty()) else { return false };
    // what is no text is a program by itself, or a script with an archive behind it
    let Some(file) = stack.sources.find(&started.file) else { return !word.ends_with("sh") && !word.ends_with(".run") };
    let text = stack.sources.get(file).text.as_str();
    let Some((first, rest)) = text.split_once('\n').filter(|(first, _)| first.starts_with("#!")) else { return false };
    let mut words = first.trim_start_matches("#!").split_whitespace().map(crate::files::file_name);
    let interpreted = words.any(|w| INTERPRETERS.iter().any(|i| w.starts_with(i)));
    let rest = rest.to_lowercase();
    interpreted && !WAYS.iter().any(|way| rest.contains(way)) && rest.lines().all(stays_by_itself)
}

/// Whether a line of Perl, Python or JavaScript brings in nothing but what the language has, so that the file is all there is.
fn stays_by_itself(line: &str) -> bool {
    const OWN: [&str; 24] = [
        "sys",
        "time",
        "argparse",
        "signal",
        "socket",
        "json",
        "re",
        "http",
        "server",
        "net",
        "strict",
        "warnings",
        "fs",
        "path",
        "threading",
        "logging",
        "io",
        "getopt",
        "long",
        "datetime",
        "math",
        "utf8",
        "select",
        "socketserver",
    ];
    let line = line.trim();
    let from = line.strip_prefix("from ").and_then(|rest| rest.split_whitespace().next());
    let named = || ["import ", "use ", "require "].iter().find_map(|word| line.strip_prefix(word));
    let called = || line.split_once("require(").and_then(|(_, rest)| rest.split(')').next());
    let brought = from.or_else(named).or_else(called).unwrap_or_default();
    let mut words = brought.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty());
    words.all(|w| OWN.contains(&w) || matches!(w, "from" | "node") || w.bytes().all(|b| b.is_ascii_digit()))
}

/// A script starts it, and no other shell or `eval` reads its words on the way.
pub(crate) fn by_script_alone(process: &Process) -> bool {
    let kinds = || process.via.iter().map(|v| &v.kind);
    kinds().any(|k| matches!(k, ViaKind::Script(_))) && !kinds().any(|k| matches!(k, ViaKind::Shell(_)))
}
