//! Some files laid over others: an editor's unsaved buffers, or the texts that fixes have made, over the disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Entry, FileError, Files, Kind, Memory, Named};

/// Files in memory over other files.
pub struct Overlay<'a> {
    over: Memory,
    base: &'a dyn Files,
}

impl<'a> Overlay<'a> {
    /// Lays `over` on `base`.
    pub fn new(base: &'a dyn Files, over: Memory) -> Self {
        Overlay { over, base }
    }

    /// Lays one more file on top. It keeps the mode bits of the file below it.
    pub fn insert(&mut self, path: &str, bytes: impl Into<Vec<u8>>) {
        let mode = self.base.mode(path).unwrap_or(0o644);
        self.over.insert_with_mode(path, bytes, mode);
    }
}

impl Files for Overlay<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        if self.over.is_empty() {
            return self.base.read(path);
        }
        match self.over.read(path) {
            Err(FileError::NotFound) => self.base.read(path),
            found => found,
        }
    }

    fn read_sized(&self, path: &str, size: u64) -> Result<Vec<u8>, FileError> {
        match self.over.is_empty() {
            true => self.base.read_sized(path, size),
            false => self.read(path),
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        if self.over.is_empty() {
            return self.base.list(dir);
        }
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        let below = self.base.list(dir);
        let above = self.over.list(dir);
        if above.as_ref().map_or(true, Vec::is_empty) {
            return below;
        }
        for entry in below.unwrap_or_default().into_iter().chain(above.unwrap_or_default()) {
            let folder_below = entries.get(&entry.name).is_some_and(|e| e.kind == Kind::Dir && entry.kind == Kind::Dir);
            if !folder_below {
                entries.insert(entry.name.clone(), entry);
            }
        }
        Ok(entries.into_values().collect())
    }

    fn names(&self, dir: &str) -> Result<Arc<[Named]>, FileError> {
        if self.over.is_empty() || self.over.list(dir).map_or(true, |above| above.is_empty()) {
            return self.base.names(dir);
        }
        Ok(self.list(dir)?.into_iter().map(|Entry { name, kind, .. }| Named { name, kind }).collect())
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        if self.over.is_empty() {
            return self.base.kind(path);
        }
        match self.over.kind(path) {
            Some(Kind::File) => Some(Kind::File),
            above => self.base.kind(path).or(above),
        }
    }

    fn mode(&self, path: &str) -> Option<u32> {
        if self.over.is_empty() {
            return self.base.mode(path);
        }
        match self.over.kind(path) {
            Some(Kind::File) => self.over.mode(path),
            above => self.base.mode(path).or(above.and_then(|_| self.over.mode(path))),
        }
    }

    fn link(&self, path: &str) -> Option<String> {
        if self.over.kind(path) == Some(Kind::File) { None } else { self.base.link(path) }
    }

    fn digest(&self, path: &str) -> Result<[u8; 32], FileError> {
        match self.over.digest(path) {
            Err(FileError::NotFound) => self.base.digest(path),
            found => found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_above_is_seen_first() {
        let mut base = Memory::new();
        base.insert("a/x", "old").insert_with_mode("a/run.sh", "old", 0o755).insert("b", "b");
        let mut files = Overlay::new(&base, Memory::new());
        files.insert("a/x", "new");
        files.insert("a/run.sh", "new");
        files.insert("c/new", "c");
        assert_eq!(files.read("a/x"), Ok(b"new".to_vec()));
        assert_eq!(files.read("b"), Ok(b"b".to_vec()));
        assert_eq!(files.read("a"), Err(FileError::IsDirectory));
        assert_eq!(files.read("d"), Err(FileError::NotFound));
        assert_eq!(files.mode("a/run.sh"), Some(0o755));
        let names = |dir| files.list(dir).unwrap_or_default().into_iter().map(|e| e.name).collect::<Vec<_>>();
        assert_eq!(names("."), ["a", "b", "c"]);
        assert_eq!(names("a"), ["run.sh", "x"]);
        assert_eq!(files.kind("c"), Some(Kind::Dir));
        assert_eq!(files.list("d"), Err(FileError::NotFound));
    }
}
