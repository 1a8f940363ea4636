//! Rules of the category `privileges`, one a file.

use crate::rule::Entry;

mod high_user_id_fills_log;
mod runs_as_root;
mod setuid_program;
mod sudo_in_build;
mod user_without_number;
mod world_writable;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    high_user_id_fills_log::HighUserIdFillsLog::ENTRY,
    runs_as_root::RunsAsRoot::ENTRY,
    setuid_program::SetuidProgram::ENTRY,
    sudo_in_build::SudoInBuild::ENTRY,
    user_without_number::UserWithoutNumber::ENTRY,
    world_writable::WorldWritable::ENTRY,
];
