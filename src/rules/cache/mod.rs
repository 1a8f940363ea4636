//! Rules of the category `cache`, one a file.

use crate::rule::Entry;

mod cache_mount_defeated;
mod copied_file_is_ignored;
mod copy_source_missing;
mod copy_without_dockerignore;
mod install_ignores_lockfile;
mod install_without_update;
mod manifest_without_lockfile;
mod network_fetch_cached_forever;
mod no_dependency_layer;
mod package_cache_in_layer;
mod permissions_in_own_layer;
mod removed_in_later_layer;
mod source_before_dependencies;
mod unpacked_archive_in_layer;
mod update_without_install;
mod volatile_arg_before_expensive_step;
mod volatile_env_early;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    cache_mount_defeated::CacheMountDefeated::ENTRY,
    copied_file_is_ignored::CopiedFileIsIgnored::ENTRY,
    copy_source_missing::CopySourceMissing::ENTRY,
    copy_without_dockerignore::CopyWithoutDockerignore::ENTRY,
    install_ignores_lockfile::InstallIgnoresLockfile::ENTRY,
    install_without_update::InstallWithoutUpdate::ENTRY,
    manifest_without_lockfile::ManifestWithoutLockfile::ENTRY,
    network_fetch_cached_forever::NetworkFetchCachedForever::ENTRY,
    no_dependency_layer::NoDependencyLayer::ENTRY,
    package_cache_in_layer::PackageCacheInLayer::ENTRY,
    permissions_in_own_layer::PermissionsInOwnLayer::ENTRY,
    removed_in_later_layer::RemovedInLaterLayer::ENTRY,
    source_before_dependencies::SourceBeforeDependencies::ENTRY,
    unpacked_archive_in_layer::UnpackedArchiveInLayer::ENTRY,
    update_without_install::UpdateWithoutInstall::ENTRY,
    volatile_arg_before_expensive_step::VolatileArgBeforeExpensiveStep::ENTRY,
    volatile_env_early::VolatileEnvEarly::ENTRY,
];
