//! Rules of the category `cache`, one a file.

use crate::rule::Entry;

mod install_without_update;
mod source_before_dependencies;
mod update_without_install;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    install_without_update::InstallWithoutUpdate::ENTRY,
    source_before_dependencies::SourceBeforeDependencies::ENTRY,
    update_without_install::UpdateWithoutInstall::ENTRY,
];
