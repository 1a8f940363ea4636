//! What a layer makes of a text: who reads it, what each `$` becomes, which commands come of it.

use std::ops::Range;

use super::flow::Flow;
use super::status::Status;
use super::variables::{Environment, Setter};
use crate::syntax::shell::{Dialect, Place};

/// A layer: a text as its reader gets it, and what becomes of it.
#[derive(Clone, Debug)]
pub struct Step {
    /// Who reads the text.
    pub reader: Reader,
    /// The text.
    pub text: Flow,
    /// What becomes of each `$` in it, in order.
    pub marks: Vec<Mark>,
    /// The commands that a shell runs, in order.
    pub commands: Vec<Executed>,
    /// What each `case` of a script looks at, where it is known: the group's number and the text.
    pub subjects: Vec<(usize, String)>,
    /// Parts of the text are not known, or cannot be read: what comes of them is as likely as not.
    pub uncertain: bool,
    /// What a shell ends with.
    pub status: Status,
    /// The loops whose turns are known one by one.
    pub turns: Vec<Turns>,
}

/// A loop over words that are known. Its commands stand once among those of its step, with what they have in common.
#[derive(Clone, Debug)]
pub struct Turns {
    /// Its place in the text.
    pub range: Range<usize>,
    /// What each turn runs.
    pub steps: Vec<Step>,
}

impl Step {
    /// A text of which no command was read yet.
    pub(super) fn new(reader: Reader, text: Flow) -> Step {
        Step {
            reader,
            text,
            marks: Vec::new(),
            commands: Vec::new(),
            subjects: Vec::new(),
            uncertain: false,
            status: Status::Unknown,
            turns: Vec::new(),
        }
    }
}

/// Who reads a text.
#[derive(Clone, Debug)]
pub enum Reader {
    /// A shell.
    Shell {
        /// How it is called: `/bin/sh -c`, `eval`, `heredoc to bash` …
        how: String,
        /// Which.
        shell: ShellKind,
        /// It runs on another machine, or only later.
        note: Option<String>,
    },
    /// `envsubst`.
    Envsubst(Box<Substitution>),
    /// `printf`, `echo`: the text that it prints.
    Prints {
        /// The program.
        program: String,
        /// Its output, where all words are known.
        output: Flow,
    },
    /// A program whose language has `$` of its own: `sed`, `awk`, `perl` …
    Own(String),
}

impl Reader {
    pub(super) fn shell(how: &str, shell: ShellKind) -> Reader {
        Reader::Shell { how: how.to_owned(), shell, note: None }
    }
}

/// What a call of envsubst does.
#[derive(Clone, Debug)]
pub struct Substitution {
    /// The names that its SHELL-FORMAT holds; `None` without one: all that its input holds.
    pub names: Option<Vec<String>>,
    /// A SHELL-FORMAT is given, but not known.
    pub unknown: bool,
    /// The file that it reads.
    pub input: Option<Flow>,
    /// The file that it writes.
    pub output: Option<Flow>,
    /// The variables that it sees.
    pub environment: Environment,
}

/// The shells that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShellKind {
    /// Debian's `sh`.
    Dash,
    /// busybox's `sh`.
    Ash,
    /// bash.
    Bash,
    /// `sh` of an unknown image.
    Sh,
    /// zsh, ksh.
    Other,
}

impl ShellKind {
    /// By a program's name; `sh` is what `system` says.
    pub fn named(name: &str, system: ShellKind) -> Option<ShellKind> {
        match name {
            "sh" => Some(system),
            "dash" => Some(ShellKind::Dash),
            "ash" | "busybox" => Some(ShellKind::Ash),
            "bash" | "rbash" => Some(ShellKind::Bash),
            other => crate::syntax::shell::shell(other).map(|_| ShellKind::Other),
        }
    }

    /// The language that it reads.
    pub fn dialect(self) -> Dialect {
        match self {
            ShellKind::Bash => Dialect::Bash,
            ShellKind::Other => Dialect::Other,
            _ => Dialect::Posix,
        }
    }
}

/// A `$` in a text and what becomes of it there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Its place in the layer's text.
    pub range: Range<usize>,
    /// The name, or the substitution as written.
    pub name: String,
    /// What becomes of it.
    pub outcome: Outcome,
}

/// What becomes of a substitution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is replaced by this value.
    Known {
        /// The value.
        value: Flow,
        /// Who set the variable; `None` for a default that the substitution holds itself.
        set_by: Option<Setter>,
    },
    /// The variable is unset: it becomes empty.
    Empty,
    /// What it becomes is not known here; why.
    Unknown(String),
    /// It stays as it is; why.
    Stays(String),
}

/// A command that a shell runs.
#[derive(Clone, Debug)]
pub struct Executed {
    /// Its place in the shell's text.
    pub range: Range<usize>,
    /// `NAME=value` before it, or alone.
    pub assigns: Vec<(String, Arg)>,
    /// The words that are executed.
    pub argv: Vec<Arg>,
    /// Its redirections.
    pub redirects: Vec<Redirected>,
    /// Where in the script it stands.
    pub place: Place,
    /// Whether it runs.
    pub runs: Runs,
    /// What reads one of its words, or its input, as a text of its own.
    pub inner: Vec<Step>,
}

/// Whether a command runs; the less certain, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Runs {
    /// Where its script does.
    Always,
    /// Where the commands before its `&&` succeed.
    OnSuccess,
    /// In one branch of several, in a loop, in a function, after `||`.
    Perhaps,
    /// It does not: what stands before its `||` succeeds, or the shell has ended before.
    Never,
}

/// A word after everything was replaced in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arg {
    /// Its text.
    pub text: Flow,
    /// The shell matches it against files.
    pub pattern: bool,
    /// A part that is not known may make several words of it, or none.
    pub splits: bool,
    /// Its place in the text.
    pub range: Range<usize>,
}

impl Arg {
    /// The word where it is known.
    pub fn known(&self) -> Option<&str> {
        self.text.known().filter(|_| !self.pattern && !self.splits)
    }
}

/// A redirection after everything was replaced in it.
#[derive(Clone, Debug)]
pub struct Redirected {
    /// `>`, `<<` …
    pub operator: &'static str,
    /// The descriptor.
    pub fd: Option<u32>,
    /// The file; `None` for a heredoc.
    pub target: Option<Arg>,
    /// A heredoc's body, or a here-string with its line break.
    pub body: Option<Flow>,
}
