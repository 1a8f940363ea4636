//! Rules of the category `quoting`, one a file.

use crate::rule::Entry;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[];
