//! Rules of the category `images`, one a file.

use crate::rule::Entry;

mod archived_distribution;
mod base_needs_build_arg;
mod built_image_untagged;
mod constant_platform;
mod end_of_life_image;
mod healthcheck_missing;
mod image_needs_variable;
mod invalid_image_name;
mod redundant_target_platform;
mod untagged_image;
mod untrusted_registry;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    archived_distribution::ArchivedDistribution::ENTRY,
    base_needs_build_arg::BaseNeedsBuildArg::ENTRY,
    built_image_untagged::BuiltImageUntagged::ENTRY,
    constant_platform::ConstantPlatform::ENTRY,
    end_of_life_image::EndOfLifeImage::ENTRY,
    healthcheck_missing::HealthcheckMissing::ENTRY,
    image_needs_variable::ImageNeedsVariable::ENTRY,
    invalid_image_name::InvalidImageName::ENTRY,
    redundant_target_platform::RedundantTargetPlatform::ENTRY,
    untagged_image::UntaggedImage::ENTRY,
    untrusted_registry::UntrustedRegistry::ENTRY,
];
