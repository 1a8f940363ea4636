//! Rules of the category `quoting`, one a file.

use crate::rule::{Entry, declarative};

mod arguments_never_arrive;
mod bashism_in_sh;
mod cd_does_not_persist;
mod command_is_one_word;
mod compose_command_without_shell;
mod compose_interpolates_command;
mod crlf_line_endings;
mod echo_pipe_without_pipefail;
mod envsubst_format_expanded;
mod envsubst_unscoped;
mod envsubst_variable_not_exported;
mod expanded_too_early;
mod export_does_not_persist;
mod heredoc_expanded_by_builder;
mod heredoc_without_errexit;
mod json_form_falls_back;
mod legacy_env_swallows_rest;
mod never_expanded;
mod nginx_templates_not_rendered;
mod pid1_does_not_exec;
mod pipe_without_pipefail;
mod quotes_kept_in_value;
mod redirect_empties_input;
mod shell_extension;
mod shell_form_signals;
mod shell_replaced_by_link;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    arguments_never_arrive::ArgumentsNeverArrive::ENTRY,
    bashism_in_sh::BashismInSh::ENTRY,
    cd_does_not_persist::CdDoesNotPersist::ENTRY,
    command_is_one_word::CommandIsOneWord::ENTRY,
    compose_command_without_shell::ComposeCommandWithoutShell::ENTRY,
    compose_interpolates_command::ComposeInterpolatesCommand::ENTRY,
    crlf_line_endings::CrlfLineEndings::ENTRY,
    echo_pipe_without_pipefail::EchoPipeWithoutPipefail::ENTRY,
    envsubst_format_expanded::EnvsubstFormatExpanded::ENTRY,
    envsubst_unscoped::EnvsubstUnscoped::ENTRY,
    envsubst_variable_not_exported::EnvsubstVariableNotExported::ENTRY,
    expanded_too_early::ExpandedTooEarly::ENTRY,
    export_does_not_persist::ExportDoesNotPersist::ENTRY,
    heredoc_expanded_by_builder::HeredocExpandedByBuilder::ENTRY,
    heredoc_without_errexit::HeredocWithoutErrexit::ENTRY,
    json_form_falls_back::JsonFormFallsBack::ENTRY,
    legacy_env_swallows_rest::LegacyEnvSwallowsRest::ENTRY,
    never_expanded::NeverExpanded::ENTRY,
    nginx_templates_not_rendered::NginxTemplatesNotRendered::ENTRY,
    pid1_does_not_exec::Pid1DoesNotExec::ENTRY,
    pipe_without_pipefail::PipeWithoutPipefail::ENTRY,
    quotes_kept_in_value::QuotesKeptInValue::ENTRY,
    redirect_empties_input::RedirectEmptiesInput::ENTRY,
    shell_extension::ShellExtension::ENTRY,
    shell_form_signals::ShellFormSignals::ENTRY,
    shell_replaced_by_link::ShellReplacedByLink::ENTRY,
    declarative!("quoting/stopsignal-kills"),
];
