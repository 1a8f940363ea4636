//! The layers that a text passes through on its way to a program: who expands which `$`, what a shell hands on, which
//! process is the first. Pure functions over the shell model; rules and `trace` ask them.

mod arithmetic;
mod bash_params;
mod changes;
mod effects;
mod envsubst;
mod flow;
mod foreign;
mod generated;
mod groups;
mod interpret;
mod layers;
mod loops;
mod options;
mod params;
mod patterns;
mod printed;
mod process;
mod programs;
mod sed;
mod shapes;
mod status;
mod step;
mod variables;
mod whole;
mod words;

pub use effects::{Lost, LostKind, Pipeline, Stage, lost_effects, pipelines, unchecked};
pub use envsubst::{Envsubst, envsubst_calls, envsubst_format};
pub use flow::{Flow, Origin, Part};
pub use foreign::{Foreign, foreign, is_tag};
pub use generated::{GeneratedFile, generated_files};
pub use interpret::{Machine, trace_argv, trace_file, trace_read, trace_script};
pub use layers::{Dollar, Layer, TooEarly, assigned, dollars, expanded_too_early, layers, names_in};
pub use options::{Options, options_at, shell_options};
pub use patterns::pattern_matches;
pub use process::{Process, first_process};
pub use sed::sed_replacements;
pub use shapes::{Declared, Shape, Shapes, assigned_name, is_declaration, stays_one_word, visit_shapes};
pub use status::Status;
pub use step::{Arg, Executed, Mark, Outcome, Reader, Redirected, Runs, ShellKind, Step, Substitution, Turns};
pub use variables::{Environment, Outside, Setter, Value, Variable};

use crate::syntax::shell::{Dialect, shell};

/// The dialect that a `SHELL` instruction asks for, by its words; without any it is the image's `/bin/sh`.
pub fn dialect_of(words: &[String]) -> Dialect {
    for word in words.iter().take(4) {
        let name = word.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
        let name = name.strip_suffix(".exe").unwrap_or(&name);
        if matches!(name, "cmd" | "powershell" | "pwsh") {
            return Dialect::Windows;
        }
        if let Some(dialect) = shell(name) {
            return dialect;
        }
    }
    if words.is_empty() { Dialect::Posix } else { Dialect::Other }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shells_are_known_by_their_names() {
        for (words, dialect) in [
            (vec!["/bin/sh", "-c"], Dialect::Posix),
            (vec!["/bin/bash", "-o", "pipefail", "-c"], Dialect::Bash),
            (vec!["/usr/bin/env", "bash", "-c"], Dialect::Bash),
            (vec!["C:\\Windows\\System32\\cmd.exe", "/S", "/C"], Dialect::Windows),
            (vec!["PowerShell", "-Command"], Dialect::Windows),
            (vec!["/bin/zsh", "-c"], Dialect::Other),
            (vec!["python3", "-c"], Dialect::Other),
            (vec![], Dialect::Posix),
        ] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            assert_eq!(dialect_of(&words), dialect, "{words:?}");
        }
    }
}
