//! Patterns of paths and texts.

use globset::{GlobSet, GlobSetBuilder};

/// Globs of paths, and how they are written.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    pub(super) set: GlobSet,
    /// The globs as a configuration of ours has them.
    pub written: Vec<String>,
}

impl Globs {
    /// Reads globs; the error is that of [`globs`].
    pub(super) fn read(written: Vec<String>) -> Result<Globs, (usize, String)> {
        Ok(Globs { set: globs(written.iter().map(String::as_str))?, written })
    }
}

/// Globs as one set. The error is the first one that cannot be read, with the reason.
pub(super) fn globs<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<GlobSet, (usize, String)> {
    let mut set = GlobSetBuilder::new();
    for (n, pattern) in patterns.into_iter().enumerate() {
        set.add(globset::Glob::new(pattern).map_err(|e| (n, format!("`{pattern}` is no pattern: {}", e.kind())))?);
    }
    set.build().map_err(|e| (0, e.to_string()))
}
