//! Rules of the category `packages`, one a file.

use crate::rule::Entry;

mod apt_in_script;
mod certificate_check_disabled;
mod distribution_upgraded;
mod download_without_encryption;
mod install_waits_for_answer;
mod package_signature_unchecked;
mod recommended_packages_installed;
mod unpinned_library;
mod unpinned_package;
mod wget_and_curl;
mod wget_progress_in_log;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    apt_in_script::AptInScript::ENTRY,
    certificate_check_disabled::CertificateCheckDisabled::ENTRY,
    distribution_upgraded::DistributionUpgraded::ENTRY,
    download_without_encryption::DownloadWithoutEncryption::ENTRY,
    install_waits_for_answer::InstallWaitsForAnswer::ENTRY,
    package_signature_unchecked::PackageSignatureUnchecked::ENTRY,
    recommended_packages_installed::RecommendedPackagesInstalled::ENTRY,
    unpinned_library::UnpinnedLibrary::ENTRY,
    unpinned_package::UnpinnedPackage::ENTRY,
    wget_and_curl::WgetAndCurl::ENTRY,
    wget_progress_in_log::WgetProgressInLog::ENTRY,
];
