//! The commands that a Compose service gives: where they stand and whether a shell reads them.

use std::cell::OnceCell;

use crate::compose::{CommandLine, Service};
use crate::stack::Stack;
use crate::syntax::shell::{self, Dialect, Script};

/// A command of a service.
pub(crate) struct Given<'a> {
    /// `command`, `entrypoint` or `healthcheck`.
    pub key: &'static str,
    /// The value.
    pub line: &'a CommandLine,
    script: OnceCell<Option<Script>>,
}

impl Given<'_> {
    /// The script that a shell runs; `None` where none does. Read when it is asked for.
    pub(crate) fn script(&self) -> Option<&Script> {
        self.script.get_or_init(|| shell_script(self.line)).as_ref()
    }
}

/// The commands of a service.
pub(crate) fn given(service: &Service) -> Vec<Given<'_>> {
    let test = service.healthcheck.as_ref().and_then(|h| h.test.as_ref());
    let found = [("command", service.command.as_ref()), ("entrypoint", service.entrypoint.as_ref()), ("healthcheck", test)];
    let lines = found.into_iter().filter_map(|(key, line)| Some((key, line?)));
    lines.map(|(key, line)| Given { key, line, script: OnceCell::new() }).collect()
}

fn shell_script(line: &CommandLine) -> Option<Script> {
    if line.argv.first().is_some_and(|w| w.value == "CMD-SHELL") {
        return line.argv.get(1).map(|text| shell::parse_text(text, Dialect::Posix));
    }
    let script = shell::from_argv(&line.argv, Dialect::Posix);
    script.commands.into_iter().find_map(|c| c.nested).map(|n| n.script)
}

/// Whether the container's command is run as it is: not handed to a shell or a script that may read it once more.
pub(crate) fn run_as_is(stack: &Stack, at: (usize, usize), given: &Given<'_>) -> bool {
    let Some((_, service)) = stack.service(at) else { return false };
    match given.key {
        "entrypoint" | "healthcheck" => true,
        _ if service.entrypoint.is_some() => {
            let first = service.entrypoint.as_ref().and_then(|e| e.argv.first()).map_or("", |w| w.value.as_str());
            matches!(crate::files::file_name(first), "tini" | "dumb-init" | "env" | "gosu")
        }
        _ => {
            let runtime = stack.runtime_of(at);
            let official = runtime.and_then(|r| r.image.as_ref()).is_some_and(|i| i.official().is_some());
            official && runtime.is_some_and(|r| !r.launches.iter().any(|l| l.entrypoint))
        }
    }
}
