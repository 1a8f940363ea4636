//! `stacklint completions`.

use clap::CommandFactory;
use clap_complete::Shell;

/// The arguments of `stacklint completions`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// The shell: its completions are sourced, or lie where it looks for them
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(args: &Args) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::Cli::command(), "stacklint", &mut script);
    super::print(&String::from_utf8_lossy(&script));
    0
}
