//! Rules of the category `stages`, one a file.

use crate::rule::Entry;

mod duplicate_stage_name;
mod overridden_instruction;
mod reserved_stage_name;
mod undefined_arg_in_from;
mod unused_stage;
mod uppercase_stage_name;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    duplicate_stage_name::DuplicateStageName::ENTRY,
    overridden_instruction::OverriddenInstruction::ENTRY,
    reserved_stage_name::ReservedStageName::ENTRY,
    undefined_arg_in_from::UndefinedArgInFrom::ENTRY,
    unused_stage::UnusedStage::ENTRY,
    uppercase_stage_name::UppercaseStageName::ENTRY,
];
