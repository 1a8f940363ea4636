//! How commands and shells end: the exit status where it is known, and whether the shell goes on.

use super::flow::Flow;
use super::step::{Arg, Executed, Reader, Runs, ShellKind};
use super::variables::Value;
use super::words::local;
use crate::syntax::shell::{Command, Piece, PieceKind, is_name};

/// An exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// This one.
    Code(u8),
    /// Another one than 0.
    Failure,
    /// Not known.
    Unknown,
}

impl Status {
    /// Whether it is a success, where that is known.
    pub fn succeeds(self) -> Option<bool> {
        match self {
            Status::Code(code) => Some(code == 0),
            Status::Failure => Some(false),
            Status::Unknown => None,
        }
    }

    /// `! command`.
    pub(super) fn negated(self) -> Status {
        match self.succeeds() {
            Some(true) => Status::Code(1),
            Some(false) => Status::Code(0),
            None => Status::Unknown,
        }
    }

    /// What `$?` is.
    pub(super) fn value(self) -> Value {
        match self {
            Status::Code(code) => Value::Known(Flow::value(&code.to_string(), local(0..0), false)),
            _ => Value::Unknown("the exit status of the last command".to_owned()),
        }
    }
}

/// Whether a shell has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stopped {
    No,
    /// With `errexit`, where a command before it failed.
    OnFailure,
    Perhaps,
    Yes,
}

impl From<Stopped> for Runs {
    fn from(stopped: Stopped) -> Runs {
        match stopped {
            Stopped::No => Runs::Always,
            Stopped::OnFailure => Runs::OnSuccess,
            Stopped::Perhaps => Runs::Perhaps,
            Stopped::Yes => Runs::Never,
        }
    }
}

/// How a command ends that runs for certain; `before` is `$?` before it, and after what its words substitute.
pub(super) fn status_of(command: &Command, executed: &Executed, before: (Status, Status), shell: ShellKind) -> Status {
    if command.place.pipe_len > 1 || command.place.background || executed.redirects.iter().any(|r| r.body.is_none()) {
        return Status::Unknown;
    }
    let status = plain(command, executed, before, shell);
    if command.place.negated { status.negated() } else { status }
}

fn plain(command: &Command, executed: &Executed, (before, after): (Status, Status), shell: ShellKind) -> Status {
    let Some(name) = executed.argv.first() else {
        let other = |p: &Piece| matches!(p.kind, PieceKind::Arithmetic(_) | PieceKind::Other(_));
        let pieces = || command.assigns.iter().filter_map(|a| a.value.as_ref()).flat_map(|w| &w.pieces);
        let array = command.assigns.iter().any(|a| a.value.is_none());
        return if !command.words.is_empty() || array || pieces().any(other) { Status::Unknown } else { after };
    };
    let args = executed.argv.get(1..).unwrap_or_default();
    match name.known() {
        Some(":" | "true" | "echo") => Status::Code(0),
        Some("false") => Status::Code(1),
        Some("printf") => printf(args),
        Some("export" | "unset") if args.iter().all(|a| is_name(a.text.text().split('=').next().unwrap_or_default())) => Status::Code(0),
        Some("set") if args.first().and_then(Arg::known) == Some("--") => Status::Code(0),
        Some("eval") if args.iter().all(|a| a.known() == Some("")) => match shell {
            ShellKind::Dash | ShellKind::Bash => Status::Code(0),
            _ => Status::Unknown,
        },
        Some("sh" | "bash" | "dash" | "ash" | "eval" | "env" | "exec" | "command") => match executed.inner.as_slice() {
            [inner] if matches!(inner.reader, Reader::Shell { note: None, .. }) && passes_status(&executed.argv) => inner.status,
            _ => Status::Unknown,
        },
        Some("exit") if args.is_empty() => before,
        Some("exit") => args.first().and_then(Arg::known).and_then(|n| n.parse().ok()).map_or(Status::Unknown, Status::Code),
        _ => Status::Unknown,
    }
}

/// Formats of numbers are an error for what is none.
fn printf(args: &[Arg]) -> Status {
    let Some(format) = args.first().and_then(Arg::known).filter(|f| !f.starts_with('-')) else { return Status::Unknown };
    let plain = |rest: &str| rest.starts_with(['s', 'b', '%']);
    if format.replace("%%", "").split('%').skip(1).all(plain) { Status::Code(0) } else { Status::Unknown }
}

/// Whether the wrappers before a shell end as it does.
fn passes_status(argv: &[Arg]) -> bool {
    let shell = |name: &str| matches!(name, "sh" | "bash" | "dash" | "ash" | "eval");
    let mut words = argv.iter().map(|a| a.text.text());
    let wrapper = |w: &str| matches!(w, "env" | "exec" | "command") || w.split_once('=').is_some_and(|(name, _)| is_name(name));
    words.find(|w| !wrapper(w)).is_some_and(shell)
}

/// Whether a command ends the shell that runs it.
pub(super) fn ends_shell(executed: &Executed) -> bool {
    match executed.argv.first().and_then(Arg::known) {
        Some("exit") => true,
        Some("exec") => executed.argv.get(1).is_some_and(|a| a.known().is_some_and(|w| !w.starts_with('-'))),
        _ => false,
    }
}
