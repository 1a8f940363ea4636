//! Rules of the category `syntax`, one a file.

use crate::rule::Entry;

mod append_to_unset_variable;
mod blank_line_in_continuation;
mod compose_interpolation;
mod compose_schema;
mod dependency_cycle;
mod duplicate_key;
mod env_file_missing;
mod env_reads_same_line;
mod extends_error;
mod fallback_always_taken;
mod host_port_in_expose;
mod include_error;
mod invalid_project;
mod misread_directive;
mod port_out_of_range;
mod syntax_error;
mod undefined_reference;
mod undefined_variable;
mod unknown_flag;
mod unknown_instruction;
mod unreadable_text;
mod yaml_syntax;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    append_to_unset_variable::AppendToUnsetVariable::ENTRY,
    blank_line_in_continuation::BlankLineInContinuation::ENTRY,
    compose_interpolation::ComposeInterpolation::ENTRY,
    compose_schema::ComposeSchema::ENTRY,
    dependency_cycle::DependencyCycle::ENTRY,
    duplicate_key::DuplicateKey::ENTRY,
    env_file_missing::EnvFileMissing::ENTRY,
    env_reads_same_line::EnvReadsSameLine::ENTRY,
    extends_error::ExtendsError::ENTRY,
    fallback_always_taken::FallbackAlwaysTaken::ENTRY,
    host_port_in_expose::HostPortInExpose::ENTRY,
    include_error::IncludeError::ENTRY,
    invalid_project::InvalidProject::ENTRY,
    misread_directive::MisreadDirective::ENTRY,
    port_out_of_range::PortOutOfRange::ENTRY,
    syntax_error::SyntaxError::ENTRY,
    undefined_reference::UndefinedReference::ENTRY,
    undefined_variable::UndefinedVariable::ENTRY,
    unknown_flag::UnknownFlag::ENTRY,
    unknown_instruction::UnknownInstruction::ENTRY,
    unreadable_text::UnreadableText::ENTRY,
    yaml_syntax::YamlSyntax::ENTRY,
];
