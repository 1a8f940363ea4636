//! Rules of the category `style`, one a file.

use crate::rule::Entry;

mod inconsistent_as_case;
mod inconsistent_keyword_case;
mod legacy_key_value;
mod maintainer_instruction;
mod misnamed_description;
mod relative_workdir;
mod uppercase_port_protocol;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    inconsistent_as_case::InconsistentAsCase::ENTRY,
    inconsistent_keyword_case::InconsistentKeywordCase::ENTRY,
    legacy_key_value::LegacyKeyValue::ENTRY,
    maintainer_instruction::MaintainerInstruction::ENTRY,
    misnamed_description::MisnamedDescription::ENTRY,
    relative_workdir::RelativeWorkdir::ENTRY,
    uppercase_port_protocol::UppercasePortProtocol::ENTRY,
];
