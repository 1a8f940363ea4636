//! The only way in which the core sees files. Paths are relative to the project root or absolute, with `/`,
//! already [`normalize`]d.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use sha2::{Digest, Sha256};

#[cfg(feature = "cli")]
mod disk;
#[cfg(feature = "cli")]
pub use disk::Disk;
#[cfg(feature = "cli")]
pub mod git;
mod overlay;
#[cfg(feature = "cli")]
mod remembered;
mod steady;
pub use overlay::Overlay;
pub use steady::Steady;
#[cfg(feature = "lsp")]
pub(crate) use steady::{Answers, once};

/// What stands at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A symbolic link that leads nowhere, or a link where links are not followed.
    Symlink,
    /// A socket, pipe or device.
    Other,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// File name, without its folder.
    pub name: String,
    /// What it is; a link is not followed here.
    pub kind: Kind,
    /// Size in bytes, for files.
    pub size: u64,
    /// Unix mode bits; `0o644` or `0o755` where the system has none.
    pub mode: u32,
    /// When it was written, in nanoseconds since 1970; 0 where nobody knows.
    pub modified: i64,
}

/// The name of an entry, and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// File name, without its folder.
    pub name: String,
    /// What it is; a link is not followed here.
    pub kind: Kind,
}

/// Why a file could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileError {
    /// Nothing there.
    NotFound,
    /// A folder where a file was wanted.
    IsDirectory,
    /// Larger than [`crate::source::MAX_FILE_BYTES`].
    TooLarge(u64),
    /// The system's own words (permission, input/output).
    Other(String),
}

impl std::fmt::Display for FileError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FileError::NotFound => f.write_str("no such file or folder"),
            FileError::IsDirectory => f.write_str("is a folder, a file was expected"),
            FileError::TooLarge(bytes) => write!(f, "has {} MiB; files above 64 MiB are not read", bytes >> 20),
            FileError::Other(text) => f.write_str(text),
        }
    }
}

/// Reads files: the disk, a set in memory (tests, rule pages), or one laid over the other (unsaved buffers).
pub trait Files: Sync {
    /// The bytes of a file, links followed.
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError>;
    /// The same, for who knows the size of a regular file already: a disk need not be asked for it again.
    fn read_sized(&self, path: &str, _size: u64) -> Result<Vec<u8>, FileError> {
        self.read(path)
    }
    /// The entries of a folder, sorted by name.
    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError>;
    /// The same for who wants names only, which is several times cheaper on a disk.
    fn names(&self, dir: &str) -> Result<Arc<[Named]>, FileError> {
        Ok(self.list(dir)?.into_iter().map(|Entry { name, kind, .. }| Named { name, kind }).collect())
    }
    /// What stands at a path, links followed; `None` where nothing does.
    fn kind(&self, path: &str) -> Option<Kind>;
    /// Unix mode bits of a path, links followed.
    fn mode(&self, path: &str) -> Option<u32>;
    /// What a symbolic link says.
    fn link(&self, _path: &str) -> Option<String> {
        None
    }
    /// One number for the bytes of a file, however large it is; the same bytes give the same number.
    fn digest(&self, path: &str) -> Result<[u8; 32], FileError> {
        Ok(Sha256::digest(self.read(path)?).into())
    }
}

/// Files held in memory.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    files: BTreeMap<String, (Vec<u8>, u32)>,
}

impl Memory {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file; its folders are there by that.
    pub fn insert(&mut self, path: &str, bytes: impl Into<Vec<u8>>) -> &mut Self {
        self.insert_with_mode(path, bytes, 0o644)
    }

    /// Adds a file with given mode bits.
    pub fn insert_with_mode(&mut self, path: &str, bytes: impl Into<Vec<u8>>, mode: u32) -> &mut Self {
        self.files.insert(normalize(path), (bytes.into(), mode));
        self
    }

    /// Whether it holds no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// All paths, sorted.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    fn below<'a>(&'a self, dir: &'a str) -> impl Iterator<Item = (&'a str, &'a (Vec<u8>, u32))> {
        let prefix = if dir == "." || dir.is_empty() { String::new() } else { [dir.trim_end_matches('/'), "/"].concat() };
        let from = self.files.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        from.map_while(move |(path, file)| path.strip_prefix(&prefix).map(|rest| (rest, file)))
    }
}

impl Files for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let path = normalize(path);
        match self.files.get(&path) {
            Some((bytes, _)) => Ok(bytes.clone()),
            None if self.kind(&path) == Some(Kind::Dir) => Err(FileError::IsDirectory),
            None => Err(FileError::NotFound),
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let dir = normalize(dir);
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for (rest, (bytes, mode)) in self.below(&dir) {
            let (name, kind, size, mode) = match rest.split_once('/') {
                Some((name, _)) => (name, Kind::Dir, 0, 0o755),
                None => (rest, Kind::File, bytes.len() as u64, *mode),
            };
            entries.entry(name.to_owned()).or_insert_with(|| Entry { name: name.to_owned(), kind, size, mode, modified: 0 });
        }
        if entries.is_empty() && dir != "." {
            return Err(FileError::NotFound);
        }
        Ok(entries.into_values().collect())
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        let path = normalize(path);
        if self.files.contains_key(&path) {
            return Some(Kind::File);
        }
        (path == "." || self.below(&path).next().is_some()).then_some(Kind::Dir)
    }

    fn mode(&self, path: &str) -> Option<u32> {
        let path = normalize(path);
        self.files.get(&path).map(|(_, mode)| *mode).or_else(|| self.kind(&path).map(|_| 0o755))
    }
}

/// Cleans a path by its text alone: `a/./b//c/../d` is `a/b/d`, the empty path is `.`; a leading `..` stays.
pub fn normalize(path: &str) -> String {
    if is_clean(path) { path.to_owned() } else { cleaned(path) }
}

/// The same, copied only where something is to be cleaned.
pub fn normalized(path: &str) -> Cow<'_, str> {
    if is_clean(path) { Cow::Borrowed(path) } else { Cow::Owned(cleaned(path)) }
}

fn cleaned(path: &str) -> String {
    let mut clean = String::with_capacity(path.len());
    if path.starts_with('/') {
        clean.push('/');
    }
    // what no `..` takes back: the root, and those that lead above where the path starts
    let mut kept = clean.len();
    for part in path.split('/') {
        let above = part == "..";
        if above && clean.len() > kept {
            clean.truncate(clean.rfind('/').unwrap_or_default().max(kept));
        } else if !(part.is_empty() || part == "." || above && clean.starts_with('/')) {
            if !clean.is_empty() && !clean.ends_with('/') {
                clean.push('/');
            }
            clean.push_str(part);
            kept = if above { clean.len() } else { kept };
        }
    }
    if clean.is_empty() { ".".to_owned() } else { clean }
}

/// A source of COPY as a path of the build context, which nothing leads out of: `/a`, `../a` and `./a` are `a`.
pub fn in_context(source: &str) -> String {
    let path = normalize(&["/", source.strip_prefix("./").unwrap_or(source)].concat());
    match path.strip_prefix('/') {
        Some(below) if !below.is_empty() => below.to_owned(),
        _ => ".".to_owned(),
    }
}

/// Whether a path is what [`normalize`] makes of it; nearly all are. May deny it of one that is.
fn is_clean(path: &str) -> bool {
    let bytes = path.as_bytes();
    // a part that is empty or begins with a dot
    let unclean = |byte: Option<&u8>| matches!(byte, None | Some(b'/' | b'.'));
    let start = usize::from(bytes.first() == Some(&b'/'));
    !unclean(bytes.get(start))
        && memchr::memchr_iter(b'/', bytes.get(start..).unwrap_or_default()).all(|slash| !unclean(bytes.get(start + slash + 1)))
}

/// `path` seen from the folder `dir`: absolute paths stay, others are joined and cleaned.
pub fn join(dir: &str, path: &str) -> String {
    if path.starts_with('/') || dir.is_empty() || dir == "." {
        return normalize(path);
    }
    let joined = match path.strip_prefix("./").unwrap_or(path) {
        "" | "." => return normalize(dir),
        path => [dir, "/", path].concat(),
    };
    if is_clean(&joined) { joined } else { cleaned(&joined) }
}

/// The folder of a path; `.` for a bare name.
pub fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((dir, _)) => dir,
        None => ".",
    }
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    // by bytes: names are short, and a search by character costs more than it saves
    let start = path.bytes().rposition(|b| b == b'/').map_or(0, |slash| slash + 1);
    path.get(start..).unwrap_or(path)
}

/// `path` below `dir`, relative to it; `None` where it lies elsewhere. `.` is below itself as `.`.
pub fn strip_prefix<'a>(dir: &str, path: &'a str) -> Option<&'a str> {
    if dir == "." {
        return (!path.starts_with('/') && path != ".." && !path.starts_with("../")).then_some(path);
    }
    if path == dir {
        return Some(".");
    }
    path.strip_prefix(dir.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_by_their_text() {
        for (given, clean) in [
            ("a/./b//c/../d", "a/b/d"),
            ("", "."),
            ("./", "."),
            ("../x", "../x"),
            ("/..", "/"),
            ("a/../..", ".."),
            ("../../a/../b/", "../../b"),
            ("/a/../../b", "/b"),
        ] {
            assert_eq!(normalize(given), clean, "{given}");
        }
        assert_eq!(join("a/b", "../c"), "a/c");
        assert_eq!(join("a", "/etc"), "/etc");
        assert_eq!(strip_prefix(".", "a/b"), Some("a/b"));
        assert_eq!(strip_prefix("a", "ab"), None);
    }

    #[test]
    fn memory_lists_folders_once() {
        let mut m = Memory::new();
        m.insert("a/b/c", "1").insert("a/b/d", "22").insert("a/e", "");
        let names: Vec<_> = m.list("a").unwrap_or_default().into_iter().map(|e| (e.name, e.kind)).collect();
        assert_eq!(names, [("b".to_owned(), Kind::Dir), ("e".to_owned(), Kind::File)]);
        assert_eq!(m.kind("a/b"), Some(Kind::Dir));
        assert_eq!(m.read("a/b"), Err(FileError::IsDirectory));
    }
}
