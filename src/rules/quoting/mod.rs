//! Rules of the category `quoting`, one a file.

use crate::rule::Entry;

mod shell_form_signals;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[shell_form_signals::ShellFormSignals::ENTRY];
