//! Files as they stand while a stack is read: many services ask for the same folders and paths.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Entry, FileError, Files, Kind, Named};

/// What was answered, by path.
pub(crate) type Answers<T> = Mutex<HashMap<String, T>>;

/// Other files, of which each folder is listed once and each path looked at once.
pub struct Steady<'a> {
    files: &'a dyn Files,
    lists: Answers<Arc<[Entry]>>,
    names: Answers<Result<Arc<[Named]>, FileError>>,
    kinds: Answers<Option<Kind>>,
    modes: Answers<Option<u32>>,
}

impl<'a> Steady<'a> {
    /// Holds `files` still from here on; what is read is read anew each time.
    pub fn new(files: &'a dyn Files) -> Self {
        Steady { files, lists: Answers::default(), names: Answers::default(), kinds: Answers::default(), modes: Answers::default() }
    }

    /// What the list of its folder says of a path, where that was asked for. A link says nothing of what it leads to.
    fn listed<T>(&self, path: &str, tell: impl FnOnce(&Entry) -> T) -> Option<T> {
        let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        let entries = lists.get(super::parent(path))?;
        let place = entries.binary_search_by(|entry| entry.name.as_str().cmp(super::file_name(path))).ok()?;
        entries.get(place).filter(|entry| entry.kind != Kind::Symlink).map(tell)
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
        let size = self.listed(path, |entry| (entry.kind == Kind::File).then_some(entry.size));
        match size.flatten() {
            Some(size) => self.files.read_sized(path, size),
            None => self.files.read(path),
        }
    }

    fn read_sized(&self, path: &str, size: u64) -> Result<Vec<u8>, FileError> {
        self.files.read_sized(path, size)
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let entries = self.files.list(dir)?;
        self.lists.lock().unwrap_or_else(PoisonError::into_inner).insert(dir.to_owned(), entries.as_slice().into());
        Ok(entries)
    }

    fn names(&self, dir: &str) -> Result<Arc<[Named]>, FileError> {
        let listed = || {
            let lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
            let named = |entry: &Entry| Named { name: entry.name.clone(), kind: entry.kind };
            lists.get(dir).map(|entries| entries.iter().map(named).collect())
        };
        once(&self.names, dir, || listed().map_or_else(|| self.files.names(dir), Ok))
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        once(&self.kinds, path, || self.listed(path, |entry| entry.kind).or_else(|| self.files.kind(path)))
    }

    fn mode(&self, path: &str) -> Option<u32> {
        once(&self.modes, path, || self.listed(path, |entry| entry.mode).or_else(|| self.files.mode(path)))
    }

    fn link(&self, path: &str) -> Option<String> {
        self.files.link(path)
    }

    fn digest(&self, path: &str) -> Result<[u8; 32], FileError> {
        self.files.digest(path)
    }
}
