//! Rules of the category `quoting`, one a file.

use crate::rule::Entry;

mod bashism_in_sh;
mod compose_command_without_shell;
mod compose_interpolates_command;
mod envsubst_format_expanded;
mod envsubst_unscoped;
mod expanded_too_early;
mod heredoc_expanded_by_builder;
mod json_form_falls_back;
mod pid1_does_not_exec;
mod pipe_without_pipefail;
mod shell_extension;
mod shell_form_signals;
mod shell_replaced_by_link;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    bashism_in_sh::BashismInSh::ENTRY,
    compose_command_without_shell::ComposeCommandWithoutShell::ENTRY,
    compose_interpolates_command::ComposeInterpolatesCommand::ENTRY,
    envsubst_format_expanded::EnvsubstFormatExpanded::ENTRY,
    envsubst_unscoped::EnvsubstUnscoped::ENTRY,
    expanded_too_early::ExpandedTooEarly::ENTRY,
    heredoc_expanded_by_builder::HeredocExpandedByBuilder::ENTRY,
    json_form_falls_back::JsonFormFallsBack::ENTRY,
    pid1_does_not_exec::Pid1DoesNotExec::ENTRY,
    pipe_without_pipefail::PipeWithoutPipefail::ENTRY,
    shell_extension::ShellExtension::ENTRY,
    shell_form_signals::ShellFormSignals::ENTRY,
    shell_replaced_by_link::ShellReplacedByLink::ENTRY,
];
