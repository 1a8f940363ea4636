//! Where output goes and what it may look like there.

use std::io::IsTerminal;

use super::Failure;
use crate::report::Style;

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What standard output can show.
pub(super) fn style(color: Color) -> Style {
    let terminal = std::io::stdout().is_terminal();
    let width = terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0));
    let color = match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => wants_color(terminal, |name| std::env::var(name).ok()),
    };
    Style { color, width: if terminal { width.max(40) } else { 80 }, terminal }
}

/// The columns of standard error; where that is no terminal, nothing need be cut.
#[cfg(feature = "execute")]
pub(super) fn error_width() -> usize {
    let width = || terminal_size::terminal_size().map_or(80, |(width, _)| usize::from(width.0).max(40));
    if std::io::stderr().is_terminal() { width() } else { usize::MAX }
}

/// `NO_COLOR` wins, then `CLICOLOR_FORCE`, then `CLICOLOR=0` and a terminal without abilities.
fn wants_color(terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|v| !v.is_empty());
    let is = |name: &str, value: &str| variable(name).is_some_and(|v| v == value);
    if set("NO_COLOR") {
        return false;
    }
    if set("CLICOLOR_FORCE") && !is("CLICOLOR_FORCE", "0") {
        return true;
    }
    terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb")
}

/// Writes to a file, or to standard output where none is named.
pub(super) fn write(file: Option<&str>, text: &str) -> Result<(), Failure> {
    match file {
        None => super::print(text),
        Some(path) => std::fs::write(path, text).map_err(|e| format!("cannot write {path}: {}", super::reason(&e)))?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides_about_colour() {
        let wants = |terminal: bool, set: &[(&str, &str)]| {
            wants_color(terminal, |name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert!(wants(true, &[]));
        assert!(!wants(false, &[]));
        assert!(wants(false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!wants(true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
        assert!(wants(true, &[("NO_COLOR", "")]));
        assert!(!wants(true, &[("TERM", "dumb")]));
        assert!(!wants(true, &[("CLICOLOR", "0")]));
    }
}
