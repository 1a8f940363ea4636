//! The command line: clap types and one file a command. No logic lives here.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod check;
mod completions;
mod config;
mod context;
mod examples;
mod explain;
mod init;
mod inspect;
mod lsp;
mod man;
mod output;
mod plan;
mod rules;
mod settings;
mod shellcheck;
mod trace;

/// Exit status for wrong usage, unreadable input and internal errors.
pub const EXIT_USAGE: u8 = 2;

#[derive(Parser)]
#[command(name = "stacklint", version, about = "Reads Dockerfiles, Compose files and what stands around them as one stack.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Say what will break, leak, rebuild or never be reached
    Check(Box<check::Args>),
    /// Print the resolved Compose project
    Config(config::Args),
    /// Print what the Dockerfile parser sees, as JSON
    Inspect(inspect::Args),
    /// List the files that a build would be sent
    Context(context::Args),
    /// Print the build plan, or execute it
    Plan(Box<plan::Args>),
    /// Show what becomes of a line's `$`, layer by layer, and what is executed in the end
    Trace(trace::Args),
    /// Print a rule's page
    Explain(explain::Args),
    /// List the rules
    Rules(rules::Args),
    /// Write a configuration that fits this project
    Init(init::Args),
    /// Serve an editor on standard input and output
    Lsp,
    /// Print the completions of a shell
    Completions(completions::Args),
    /// Print the manual page
    Man,
}

/// Runs the command line and gives its exit status.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Command::Check(args) => check::run(&args),
        Command::Config(args) => config::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Context(args) => context::run(args),
        Command::Plan(args) => plan::run(&args),
        Command::Trace(args) => trace::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Rules(args) => rules::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Lsp => lsp::run(),
        Command::Completions(args) => Ok(completions::run(&args)),
        Command::Man => man::run(),
    };
    match result {
        Ok(status) => ExitCode::from(status),
        Err(failure) => {
            say(&format!("stacklint: {failure}"));
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// Why a command could not do its work; printed after `stacklint: `, exit status 2.
pub(crate) type Failure = String;

/// The working directory; only the way up from it counts.
pub(crate) fn here() -> std::path::PathBuf {
    std::env::current_dir().unwrap_or_default()
}

/// Writes to standard output; a closed pipe ends the output silently.
pub(crate) fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The system's reason, in its short form.
pub(crate) fn reason(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "no such file or folder".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        ErrorKind::IsADirectory => "is a folder".to_owned(),
        _ => error.to_string(),
    }
}

/// Writes a line to standard error.
pub(crate) fn say(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}
