//! The disk as it was when it was last looked at: between two keystrokes nothing there changes, so nothing is read twice.

use std::sync::PoisonError;

use crate::files::{Answers, Entry, FileError, Files, Kind, once};

/// What is remembered; until it is forgotten, the disk is not asked again.
#[derive(Default)]
pub(super) struct Cache {
    reads: Answers<Result<Vec<u8>, FileError>>,
    lists: Answers<Result<Vec<Entry>, FileError>>,
    kinds: Answers<Option<Kind>>,
    modes: Answers<Option<u32>>,
}

/// Files seen through a cache.
pub(super) struct Cached<'a> {
    pub(super) cache: &'a Cache,
    pub(super) files: &'a dyn Files,
}

/// Files above this size are read each time.
const LARGEST: usize = 1 << 20;

impl Files for Cached<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let reads = &self.cache.reads;
        if let Some(known) = reads.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
            return known.clone();
        }
        let found = self.files.read(path);
        if found.as_ref().map_or(0, Vec::len) <= LARGEST {
            reads.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), found.clone());
        }
        found
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        once(&self.cache.lists, dir, || self.files.list(dir))
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        once(&self.cache.kinds, path, || self.files.kind(path))
    }

    fn mode(&self, path: &str) -> Option<u32> {
        once(&self.cache.modes, path, || self.files.mode(path))
    }
}
