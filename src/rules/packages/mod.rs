//! Rules of the category `packages`, one a file.

use crate::rule::Entry;

mod wget_and_curl;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[wget_and_curl::WgetAndCurl::ENTRY];
