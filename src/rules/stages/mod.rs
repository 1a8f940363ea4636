//! Rules of the category `stages`, one a file.

use crate::rule::Entry;

mod arg_out_of_scope;
mod artifact_not_in_stage;
mod build_tools_in_final_stage;
mod copy_from_own_stage;
mod dev_dependencies_in_final_stage;
mod duplicate_stage_name;
mod identical_stages;
mod mixed_base_artifacts;
mod numeric_stage_reference;
mod overridden_instruction;
mod reserved_stage_name;
mod shell_missing_in_scratch;
mod undefined_arg_in_from;
mod unknown_stage;
mod unused_stage;
mod uppercase_stage_name;
mod whole_image_copied;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    arg_out_of_scope::ArgOutOfScope::ENTRY,
    artifact_not_in_stage::ArtifactNotInStage::ENTRY,
    build_tools_in_final_stage::BuildToolsInFinalStage::ENTRY,
    copy_from_own_stage::CopyFromOwnStage::ENTRY,
    dev_dependencies_in_final_stage::DevDependenciesInFinalStage::ENTRY,
    duplicate_stage_name::DuplicateStageName::ENTRY,
    identical_stages::IdenticalStages::ENTRY,
    mixed_base_artifacts::MixedBaseArtifacts::ENTRY,
    numeric_stage_reference::NumericStageReference::ENTRY,
    overridden_instruction::OverriddenInstruction::ENTRY,
    reserved_stage_name::ReservedStageName::ENTRY,
    shell_missing_in_scratch::ShellMissingInScratch::ENTRY,
    undefined_arg_in_from::UndefinedArgInFrom::ENTRY,
    unknown_stage::UnknownStage::ENTRY,
    unused_stage::UnusedStage::ENTRY,
    uppercase_stage_name::UppercaseStageName::ENTRY,
    whole_image_copied::WholeImageCopied::ENTRY,
];
