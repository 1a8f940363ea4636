//! Rules of the category `style`, one a file.

use crate::rule::{Entry, declarative};

mod add_of_local_file;
mod cd_in_run;
mod consecutive_copies;
mod consecutive_runs;
mod copy_to_unset_workdir;
mod double_quoted_port;
mod host_command_in_build;
mod inconsistent_as_case;
mod inconsistent_keyword_case;
mod inline_suppression;
mod invalid_label_key;
mod label_missing;
mod label_not_in_schema;
mod legacy_key_value;
mod maintainer_instruction;
mod malformed_label_value;
mod misnamed_description;
mod quoted_volume;
mod relative_workdir;
mod several_sources_one_file;
mod unquoted_port;
mod unsorted_dependencies;
mod unsorted_ports;
mod unsorted_service_keys;
mod unsorted_services;
mod unsorted_top_level_keys;
mod uppercase_port_protocol;
mod workdir_follows_another;
mod workdir_in_system_folder;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    add_of_local_file::AddOfLocalFile::ENTRY,
    cd_in_run::CdInRun::ENTRY,
    consecutive_copies::ConsecutiveCopies::ENTRY,
    consecutive_runs::ConsecutiveRuns::ENTRY,
    copy_to_unset_workdir::CopyToUnsetWorkdir::ENTRY,
    double_quoted_port::DoubleQuotedPort::ENTRY,
    host_command_in_build::HostCommandInBuild::ENTRY,
    inconsistent_as_case::InconsistentAsCase::ENTRY,
    inconsistent_keyword_case::InconsistentKeywordCase::ENTRY,
    inline_suppression::InlineSuppression::ENTRY,
    invalid_label_key::InvalidLabelKey::ENTRY,
    label_missing::LabelMissing::ENTRY,
    label_not_in_schema::LabelNotInSchema::ENTRY,
    legacy_key_value::LegacyKeyValue::ENTRY,
    maintainer_instruction::MaintainerInstruction::ENTRY,
    malformed_label_value::MalformedLabelValue::ENTRY,
    misnamed_description::MisnamedDescription::ENTRY,
    quoted_volume::QuotedVolume::ENTRY,
    relative_workdir::RelativeWorkdir::ENTRY,
    several_sources_one_file::SeveralSourcesOneFile::ENTRY,
    unquoted_port::UnquotedPort::ENTRY,
    unsorted_dependencies::UnsortedDependencies::ENTRY,
    unsorted_ports::UnsortedPorts::ENTRY,
    unsorted_service_keys::UnsortedServiceKeys::ENTRY,
    unsorted_services::UnsortedServices::ENTRY,
    unsorted_top_level_keys::UnsortedTopLevelKeys::ENTRY,
    uppercase_port_protocol::UppercasePortProtocol::ENTRY,
    declarative!("style/unused-suppression"),
    workdir_follows_another::WorkdirFollowsAnother::ENTRY,
    workdir_in_system_folder::WorkdirInSystemFolder::ENTRY,
];
