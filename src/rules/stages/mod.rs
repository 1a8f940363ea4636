//! Rules of the category `stages`, one a file.

use crate::rule::Entry;

mod unused_stage;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[unused_stage::UnusedStage::ENTRY];
