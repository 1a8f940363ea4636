//! Rules of the category `packages`, one a file.

use crate::rule::Entry;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[];
