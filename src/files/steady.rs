//! Files as they stand while a stack is read: many services ask for the same folders and paths.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Entry, FileError, Files, Kind, Named};

/// What was answered, by path.
pub(crate) type Answers<T> = Mutex<HashMap<String, T>>;

/// Other files, of which each folder is listed once and each path looked at once.
pub struct Steady<'a> {
    files: &'a dyn Files,
    names: Answers<Result<Arc<[Named]>, FileError>>,
    kinds: Answers<Option<Kind>>,
    modes: Answers<Option<u32>>,
}

impl<'a> Steady<'a> {
    /// Holds `files` still from here on; what is read is read anew each time.
    pub fn new(files: &'a dyn Files) -> Self {
        Steady { files, names: Answers::default(), kinds: Answers::default(), modes: Answers::default() }
    }
}

/// The answer for a path, asked for where it is not known yet.
pub(crate) fn once<T: Clone>(known: &Answers<T>, path: &str, ask: impl FnOnce() -> T) -> T {
    if let Some(answer) = known.lock().unwrap_or_else(PoisonError::into_inner).get(path) {
        return answer.clone();
    }
    let answer = ask();
    known.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned(), answer.clone());
    answer
}

impl Files for Steady<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.files.read(path)
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        self.files.list(dir)
    }

    fn names(&self, dir: &str) -> Result<Arc<[Named]>, FileError> {
        once(&self.names, dir, || self.files.names(dir))
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        once(&self.kinds, path, || self.files.kind(path))
    }

    fn mode(&self, path: &str) -> Option<u32> {
        once(&self.modes, path, || self.files.mode(path))
    }

    fn link(&self, path: &str) -> Option<String> {
        self.files.link(path)
    }

    fn digest(&self, path: &str) -> Result<[u8; 32], FileError> {
        self.files.digest(path)
    }
}
