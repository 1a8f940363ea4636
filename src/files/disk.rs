//! The real file system. Paths are relative to a root folder, usually the working directory.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{Entry, FileError, Files, Kind};
use crate::source::MAX_FILE_BYTES;

/// The disk, seen from a root folder.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
}

impl Disk {
    /// Relative paths count from `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Disk { root: root.into() }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.join(Path::new(path))
    }
}

impl Files for Disk {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let path = self.at(path);
        let meta = std::fs::metadata(&path).map_err(|e| error(&e))?;
        if meta.is_dir() {
            return Err(FileError::IsDirectory);
        }
        if !meta.is_file() {
            return Err(FileError::Other("is no regular file".to_owned()));
        }
        if meta.len() > MAX_FILE_BYTES {
            return Err(FileError::TooLarge(meta.len()));
        }
        std::fs::read(&path).map_err(|e| error(&e))
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.at(dir)).map_err(|e| error(&e))? {
            let Ok(entry) = entry else { continue };
            let Ok(meta) = entry.metadata() else { continue };
            let Ok(name) = entry.file_name().into_string() else { continue };
            entries.push(Entry { name, kind: kind(&meta), size: if meta.is_file() { meta.len() } else { 0 }, mode: mode(&meta) });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        std::fs::metadata(self.at(path)).ok().map(|meta| kind(&meta))
    }

    fn mode(&self, path: &str) -> Option<u32> {
        std::fs::metadata(self.at(path)).ok().map(|meta| mode(&meta))
    }

    fn link(&self, path: &str) -> Option<String> {
        std::fs::read_link(self.at(path)).ok()?.into_os_string().into_string().ok()
    }

    fn digest(&self, path: &str) -> Result<[u8; 32], FileError> {
        let mut file = std::fs::File::open(self.at(path)).map_err(|e| error(&e))?;
        let mut hasher = Sha256::new();
        let mut block = vec![0; 1 << 16];
        loop {
            let read = file.read(&mut block).map_err(|e| error(&e))?;
            match block.get(..read) {
                Some(bytes) if read > 0 => hasher.update(bytes),
                _ => return Ok(hasher.finalize().into()),
            }
        }
    }
}

fn kind(meta: &std::fs::Metadata) -> Kind {
    let t = meta.file_type();
    if t.is_file() {
        Kind::File
    } else if t.is_dir() {
        Kind::Dir
    } else if t.is_symlink() {
        Kind::Symlink
    } else {
        Kind::Other
    }
}

#[cfg(unix)]
fn mode(meta: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o7777
}

#[cfg(not(unix))]
fn mode(meta: &std::fs::Metadata) -> u32 {
    if meta.is_dir() { 0o755 } else { 0o644 }
}

fn error(e: &std::io::Error) -> FileError {
    match e.kind() {
        ErrorKind::NotFound => FileError::NotFound,
        ErrorKind::IsADirectory => FileError::IsDirectory,
        ErrorKind::PermissionDenied => FileError::Other("permission denied".to_owned()),
        _ => FileError::Other(e.to_string()),
    }
}
