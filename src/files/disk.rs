//! The real file system. Paths are relative to a root folder, usually the working directory.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::remembered::{Remembered, Stamp};
use super::{Entry, FileError, Files, Kind, Named};
use crate::source::MAX_FILE_BYTES;

/// The disk, seen from a root folder.
#[derive(Clone, Debug)]
pub struct Disk {
    root: PathBuf,
    remembered: Option<Arc<Remembered>>,
}

impl Disk {
    /// Relative paths count from `root`.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Disk { root: root.into(), remembered: None }
    }

    /// Remembers digests of files between runs, in a folder for such memories.
    pub fn remembering(mut self, folder: &Path) -> Self {
        self.remembered = self.root.canonicalize().ok().map(|root| Arc::new(Remembered::open(folder, &root)));
        self
    }

    /// Writes down the digests that this run has found out.
    pub fn remember(&self) {
        if let Some(remembered) = &self.remembered {
            remembered.save();
        }
    }

    /// A digest that is found out once and holds for ever, such as that of a blob of a repository.
    pub fn digest_once(&self, name: &str, find: impl FnOnce() -> Result<([u8; 32], u64), FileError>) -> Result<[u8; 32], FileError> {
        let known = self.remembered.as_ref().and_then(|remembered| remembered.get(name, Stamp::default()));
        if let Some(digest) = known {
            return Ok(digest);
        }
        let (digest, read) = find()?;
        if let Some(remembered) = &self.remembered {
            remembered.learn(name, Stamp::default(), digest, read);
        }
        Ok(digest)
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
        // some systems tell no size of what they make up while it is read
        let read = if meta.len() == 0 { std::fs::read(&path) } else { read(&path, meta.len()) };
        read.map_err(|e| error(&e))
    }

    fn read_sized(&self, path: &str, size: u64) -> Result<Vec<u8>, FileError> {
        match size {
            // one that is too large is refused there, one of no size may hold something all the same
            1..=MAX_FILE_BYTES => read(&self.at(path), size).map_err(|e| error(&e)),
            _ => self.read(path),
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.at(dir)).map_err(|e| error(&e))? {
            let Ok(entry) = entry else { continue };
            let Ok(meta) = entry.metadata() else { continue };
            let Ok(name) = entry.file_name().into_string() else { continue };
            let size = if meta.is_file() { meta.len() } else { 0 };
            entries.push(Entry { name, kind: kind(meta.file_type()), size, mode: mode(&meta), modified: modified(&meta) });
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    fn names(&self, dir: &str) -> Result<Arc<[Named]>, FileError> {
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(self.at(dir)).map_err(|e| error(&e))?.flatten() {
            if let (Ok(name), Ok(file_type)) = (entry.file_name().into_string(), entry.file_type()) {
                entries.push(Named { name, kind: kind(file_type) });
            }
        }
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(entries.into())
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        std::fs::metadata(self.at(path)).ok().map(|meta| kind(meta.file_type()))
    }

    fn mode(&self, path: &str) -> Option<u32> {
        std::fs::metadata(self.at(path)).ok().map(|meta| mode(&meta))
    }

    fn link(&self, path: &str) -> Option<String> {
        std::fs::read_link(self.at(path)).ok()?.into_os_string().into_string().ok()
    }

    fn digest(&self, path: &str) -> Result<[u8; 32], FileError> {
        let Some(remembered) = &self.remembered else {
            let mut file = std::fs::File::open(self.at(path)).map_err(|e| error(&e))?;
            return digest(&mut file).map_err(|e| error(&e));
        };
        let meta = std::fs::metadata(self.at(path)).map_err(|e| error(&e))?;
        if let Some(digest) = Stamp::of(&meta).and_then(|stamp| remembered.get(path, stamp)) {
            return Ok(digest);
        }
        let mut file = std::fs::File::open(self.at(path)).map_err(|e| error(&e))?;
        let stamp = |file: &std::fs::File| file.metadata().ok().as_ref().and_then(Stamp::of);
        let (began, before) = (SystemTime::now(), stamp(&file));
        let found = digest(&mut file).map_err(|e| error(&e))?;
        // What was touched while it was read, or just before, may be something else by now.
        if let Some(settled) = before.filter(|before| !before.racy(began) && stamp(&file) == Some(*before)) {
            remembered.learn(path, settled, found, meta.len());
        }
        Ok(found)
    }
}

/// The first `size` bytes of a file: neither its size nor its end is asked for again.
fn read(path: &Path, size: u64) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default().saturating_add(PROBE));
    std::fs::File::open(path)?.take(size).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// With less room than this, reading begins with a look at a few bytes.
const PROBE: usize = 32;

fn digest(file: &mut std::fs::File) -> std::io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut block)?;
        match block.get(..read) {
            Some(bytes) if read > 0 => hasher.update(bytes),
            _ => return Ok(hasher.finalize().into()),
        }
    }
}

fn kind(t: std::fs::FileType) -> Kind {
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

fn modified(meta: &std::fs::Metadata) -> i64 {
    let since = meta.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    since.and_then(|since| i64::try_from(since.as_nanos()).ok()).unwrap_or_default()
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

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "helpers of tests may panic")]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn digests_are_remembered_and_an_edit_is_seen_whatever_its_time_says() {
        let (root, memory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = root.path().join("f");
        std::fs::write(&path, vec![b'a'; 2 << 20]).unwrap();
        let stamp = || Stamp::of(&std::fs::metadata(&path).unwrap()).unwrap();
        let remembered = |stamp| Remembered::open(memory.path(), &root.path().canonicalize().unwrap()).get("f", stamp);
        let disk = || Disk::new(root.path()).remembering(memory.path());

        let first = disk();
        let digest = first.digest("f").unwrap();
        first.remember();
        assert_eq!(remembered(stamp()), None, "it was written just now, and may be written once more at the same time");

        std::thread::sleep(Duration::from_millis(2100));
        let second = disk();
        assert_eq!(second.digest("f").unwrap(), digest);
        second.remember();
        assert_eq!(remembered(stamp()), Some(digest));

        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        std::fs::write(&path, vec![b'b'; 2 << 20]).unwrap();
        std::fs::File::options().write(true).open(&path).unwrap().set_modified(before).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);
        assert_eq!(disk().digest("f").unwrap(), Disk::new(root.path()).digest("f").unwrap(), "same size, same time, other bytes");
        assert_ne!(disk().digest("f").unwrap(), digest);
    }

    #[test]
    fn what_holds_for_ever_is_found_out_once() {
        let (root, memory) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let disk = Disk::new(root.path()).remembering(memory.path());
        assert_eq!(disk.digest_once("blob 1", || Ok(([7; 32], 1 << 20))), Ok([7; 32]));
        disk.remember();
        let again = Disk::new(root.path()).remembering(memory.path());
        assert_eq!(again.digest_once("blob 1", || Err(FileError::NotFound)), Ok([7; 32]));
        assert_eq!(again.digest_once("blob 2", || Err(FileError::NotFound)), Err(FileError::NotFound));
    }
}
