//! Rules of the category `images`, one a file.

use crate::rule::Entry;

mod archived_distribution;
mod end_of_life_image;
mod untagged_image;

/// The rules of this category.
pub(super) const RULES: &[Entry] =
    &[archived_distribution::ArchivedDistribution::ENTRY, end_of_life_image::EndOfLifeImage::ENTRY, untagged_image::UntaggedImage::ENTRY];
