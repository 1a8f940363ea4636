//! Rules of the category `compose`, one a file.

use crate::rule::{Entry, declarative};

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[declarative!("compose/links")];
