//! Rules of the category `quoting`, one a file.

use crate::rule::Entry;

mod envsubst_format_expanded;
mod envsubst_unscoped;
mod pid1_does_not_exec;
mod pipe_without_pipefail;
mod shell_form_signals;
mod shell_replaced_by_link;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    envsubst_format_expanded::EnvsubstFormatExpanded::ENTRY,
    envsubst_unscoped::EnvsubstUnscoped::ENTRY,
    pid1_does_not_exec::Pid1DoesNotExec::ENTRY,
    pipe_without_pipefail::PipeWithoutPipefail::ENTRY,
    shell_form_signals::ShellFormSignals::ENTRY,
    shell_replaced_by_link::ShellReplacedByLink::ENTRY,
];
