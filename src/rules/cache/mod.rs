//! Rules of the category `cache`, one a file.

use crate::rule::Entry;

mod install_without_update;
mod update_without_install;

/// The rules of this category.
pub(super) const RULES: &[Entry] =
    &[install_without_update::InstallWithoutUpdate::ENTRY, update_without_install::UpdateWithoutInstall::ENTRY];
