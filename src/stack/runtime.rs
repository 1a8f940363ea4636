//! What a container runs: the processes that its command starts, followed through shells, scripts and package scripts.

use std::sync::Arc;

use crate::source::{FileId, Span};
use crate::syntax::gunicorn;
use crate::text::Text;

use super::ImageRef;

/// A container as a service, or a Dockerfile that no service builds, makes it.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// Its place in [`super::Stack::runtimes`].
    pub index: usize,
    /// The service: project and service index.
    pub service: Option<(usize, usize)>,
    /// The Dockerfile and the stage that it is built from, where it is built in this stack.
    pub stage: Option<(usize, usize)>,
    /// The build that makes the image, by [`super::Stack::builds`].
    pub build: Option<usize>,
    /// The image: the service's own where nothing is built, else the one that the stage starts from in the end.
    pub image: Option<ImageRef>,
    /// What is started, outermost first: entrypoint, then command.
    pub launches: Vec<Launch>,
    /// The environment, nearest setting of each name, sorted by name.
    pub env: Vec<RuntimeEnv>,
    /// Working folder at start, where it is known.
    pub workdir: Option<String>,
    /// The commands that the start leads to, in order.
    pub processes: Vec<Process>,
    /// Files of the project that the start runs by their path, without an interpreter before them.
    pub started: Vec<Started>,
    /// All of the start could be followed; without it, absence of a process proves nothing.
    pub complete: bool,
    /// An init (tini, dumb-init, `init: true`) is process 1.
    pub init: bool,
}

/// A file of the project that a container runs by its path.
#[derive(Clone, Debug)]
pub struct Started {
    /// The word that runs it.
    pub span: Span,
    /// Its path in the container.
    pub path: String,
    /// Its path in the project; empty where an instruction writes it.
    pub file: String,
    /// Its mode has an execute bit; `None` where modes say nothing.
    pub executable: Option<bool>,
    /// Another file in its folder has one: the project keeps its modes.
    pub among_executables: bool,
    /// What brings it into the container.
    pub by: Span,
    /// It is part of the image, not mounted.
    pub copied: bool,
}

/// ENTRYPOINT or CMD in effect.
#[derive(Clone, Debug)]
pub struct Launch {
    /// It is the entrypoint.
    pub entrypoint: bool,
    /// The instruction or the Compose value.
    pub span: Span,
    /// The words that are executed; for the shell form the shell with the text as last word.
    pub argv: Vec<Text>,
    /// Shell form: a shell runs the text.
    pub shell_form: bool,
    /// Instruction: Dockerfile and item.
    pub instruction: Option<(usize, usize)>,
}

/// A variable in a container's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeEnv {
    /// The name.
    pub name: String,
    /// The value, where it is known.
    pub value: Option<String>,
    /// `NAME=value` at its place.
    pub span: Span,
    /// Set by the image, not by Compose.
    pub from_image: bool,
}

/// A command that a container starts.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its words, wrappers (`exec`, `env`, `gosu`, `tini --` …) taken off.
    pub argv: Vec<Arg>,
    /// The command.
    pub span: Span,
    /// What led here, outermost first.
    pub via: Arc<[Via]>,
    /// Whether it is process 1.
    pub pid1: Pid1,
    /// The shells that provably stay above it, outermost first; `None` where one of them traps signals, or where something
    /// else than a shell starts it, so that nothing can be said.
    pub below: Option<Vec<Below>>,
    /// Started with `&`.
    pub background: bool,
    /// Nothing comes after it: what the container is there for. In the background: the shell only waits for it.
    pub last: bool,
    /// Only an `exec "$@"` comes after it that is given no words: whoever starts the image may give some.
    pub before_nothing: bool,
    /// A rest in a loop without an end, after which nothing comes: it keeps the container up.
    pub keeps_up: bool,
    /// The files that its standard output goes to.
    pub output: Vec<Arg>,
    /// What the scripts that lead here add to the container's environment, the nearest first.
    pub env: Arc<[RuntimeEnv]>,
    /// For gunicorn: its configuration file.
    pub gunicorn: Option<(FileId, gunicorn::Settings)>,
    /// For an interpreter: the program that it runs, for supervisord its configuration, where it lies in the context.
    pub program: Option<FileId>,
}

/// A word of a process.
#[derive(Clone, Debug)]
pub struct Arg {
    /// Its value; variables that are not known stay as `$name`.
    pub value: String,
    /// Whether the value is known whole.
    pub known: bool,
    /// Its place.
    pub span: Span,
}

/// Where the words of a command stand that itself stands `at` a place: those that a script was handed stand elsewhere, not at its
/// `exec "$@"`.
pub(super) fn written_at(at: Span, argv: &[Arg]) -> Span {
    match argv {
        [first, .., last] if first.span.file != at.file && last.span.file == first.span.file => first.span.to(last.span),
        [first, ..] if first.span.file != at.file => first.span,
        _ => at,
    }
}

/// A layer between the container's start and a process.
#[derive(Clone, Debug)]
pub struct Via {
    /// What it is.
    pub kind: ViaKind,
    /// Where.
    pub span: Span,
}

/// A shell that starts a command without giving way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Below {
    /// The shell: `dash`, `bash`, `sh` …
    pub shell: String,
    /// The command that it starts.
    pub command: Span,
    /// The command's first word.
    pub word: Span,
    /// The command's name, where it is literal.
    pub name: Option<String>,
    /// It is a part of a pipeline or a loop, in parentheses or in the background: `exec` alone is not what is meant.
    pub forked: bool,
}

/// Kinds of layers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ViaKind {
    /// The image's shell runs a shell form.
    ShellForm,
    /// `sh -c`, by its name.
    Shell(String),
    /// A script file (of the context, or generated by a RUN), with its path in the container.
    Script(String),
    /// A script of package.json, with its name.
    PackageScript(String),
    /// A program of a supervisord configuration, with the file's path in the container.
    Supervisor(String),
}

/// Whether a process is process 1 of its container, which gets the signals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pid1 {
    /// It is.
    Yes,
    /// It provably is not: what stays above it, and where.
    No {
        /// The shell that stays process 1: `dash`, `sh` …
        above: String,
        /// The launch, `sh -c` or script that this shell runs.
        at: Span,
    },
    /// It cannot be told, or an init is process 1.
    Unknown,
}

impl Process {
    /// Where its words stand: those that an entrypoint script hands on stand in CMD.
    pub fn written_at(&self) -> Span {
        written_at(self.span, &self.argv)
    }

    /// The program's name without its folder.
    pub fn name(&self) -> &str {
        self.argv.first().map_or("", |a| crate::files::file_name(&a.value))
    }

    /// The words after the program.
    pub fn args(&self) -> &[Arg] {
        self.argv.get(1..).unwrap_or_default()
    }

    /// The value of an option: `--bind x`, `--bind=x`, `-b x`, `-bx`. The last one counts.
    pub fn option(&self, names: &[&str]) -> Option<Arg> {
        let args = self.args();
        let mut found = None;
        for (n, arg) in args.iter().enumerate() {
            for name in names {
                if arg.value == *name {
                    found = args.get(n + 1).cloned().or(found);
                } else if let Some(value) = arg.value.strip_prefix(name) {
                    let long = name.starts_with("--") || name.len() > 2;
                    let value = match (long, value.strip_prefix('=')) {
                        (_, Some(value)) => value,
                        (true, None) => continue,
                        (false, None) => value,
                    };
                    found = Some(Arg { value: value.to_owned(), known: arg.known, span: arg.span });
                }
            }
        }
        found
    }

    /// Whether a flag stands among the words.
    pub fn has(&self, flag: &str) -> bool {
        self.args().iter().any(|a| a.value == flag)
    }

    /// Words that are no options; `with_value` names the options that take the next word.
    pub fn operands(&self, with_value: &[&str]) -> Vec<&Arg> {
        let mut found = Vec::new();
        let mut skip = false;
        for arg in self.args() {
            if std::mem::take(&mut skip) {
                continue;
            }
            if arg.value.starts_with('-') && arg.value.len() > 1 {
                skip = with_value.contains(&arg.value.as_str());
            } else {
                found.push(arg);
            }
        }
        found
    }
}

impl Runtime {
    /// A variable of the environment.
    pub fn env(&self, name: &str) -> Option<&RuntimeEnv> {
        self.env.iter().find(|v| v.name == name)
    }

    /// A variable that a process of it sees.
    pub fn env_of<'a>(&'a self, process: &'a Process, name: &str) -> Option<&'a RuntimeEnv> {
        process.env.iter().find(|v| v.name == name).or_else(|| self.env(name))
    }

    /// The value of a variable, where it is known.
    pub fn env_value(&self, name: &str) -> Option<&str> {
        self.env(name).and_then(|v| v.value.as_deref())
    }
}
