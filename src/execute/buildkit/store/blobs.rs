//! Blobs in a folder, each under its digest. What is written lies beside them until it is whole and has the digest that
//! was announced; only then it gets its name.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Sha256, digest::Output};

/// What a killed run left unfinished is thrown away after so long.
const STALE: Duration = Duration::from_secs(24 * 60 * 60);
/// How the names of unfinished blobs begin.
const UNFINISHED: &str = "stacklint-";

/// The SHA-256 of a blob, as 64 small hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Digest(String);

impl Digest {
    /// Reads `sha256:…`; anything else names no blob, and no path either.
    pub(super) fn parse(text: &str) -> Option<Digest> {
        let hex = text.strip_prefix("sha256:")?;
        let plain = hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        plain.then(|| Digest(hex.to_owned()))
    }

    /// The digest of these bytes.
    #[cfg(test)]
    pub(super) fn of(bytes: &[u8]) -> Digest {
        Digest::made(&<Sha256 as sha2::Digest>::digest(bytes))
    }

    fn made(hash: &Output<Sha256>) -> Digest {
        Digest(format!("{hash:x}"))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", self.0)
    }
}

/// A folder with blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::execute::buildkit) struct Blobs {
    root: PathBuf,
    writable: bool,
}

/// Size and time of a blob.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub size: u64,
    pub made: Option<SystemTime>,
}

impl Blobs {
    /// The blobs of a folder, to be read.
    pub(in crate::execute::buildkit) fn read_only(root: PathBuf) -> Blobs {
        Blobs { root, writable: false }
    }

    /// The blobs of a folder, to be read and added to; the folder is made where it is not there.
    pub(in crate::execute::buildkit) fn writable(root: PathBuf) -> io::Result<Blobs> {
        let blobs = Blobs { root, writable: true };
        fs::create_dir_all(blobs.folder())?;
        fs::create_dir_all(blobs.root.join("ingest"))?;
        blobs.sweep();
        Ok(blobs)
    }

    /// The folder.
    pub(in crate::execute::buildkit) fn root(&self) -> &Path {
        &self.root
    }

    fn folder(&self) -> PathBuf {
        self.root.join("blobs/sha256")
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder().join(&digest.0)
    }

    pub(super) fn known(&self, digest: &Digest) -> io::Result<Known> {
        let meta = fs::metadata(self.path(digest))?;
        if !meta.is_file() {
            return Err(ErrorKind::NotFound.into());
        }
        Ok(Known { size: meta.len(), made: meta.modified().ok() })
    }

    /// Whether a blob is there, and as large as it ought to be where that is known.
    pub(super) fn has(&self, digest: &Digest, size: Option<u64>) -> bool {
        self.known(digest).is_ok_and(|known| size.is_none_or(|size| size == known.size))
    }

    pub(super) fn open(&self, digest: &Digest) -> io::Result<File> {
        File::open(self.path(digest))
    }

    pub(super) fn read(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        fs::read(self.path(digest))
    }

    /// All blobs, in the order of their digests.
    pub(super) fn all(&self) -> io::Result<Vec<Digest>> {
        let entries = match fs::read_dir(self.folder()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut all: Vec<Digest> = names.filter_map(|name| Digest::parse(&format!("sha256:{name}"))).collect();
        all.sort_unstable();
        Ok(all)
    }

    pub(super) fn remove(&self, digest: &Digest) -> io::Result<()> {
        fs::remove_file(self.path(digest))
    }

    /// Begins a new blob.
    pub(super) fn begin(&self) -> io::Result<Writing> {
        if !self.writable {
            return Err(io::Error::new(ErrorKind::PermissionDenied, "this folder is only read"));
        }
        let path = self.root.join("ingest").join(format!("{UNFINISHED}{}", super::super::unique()));
        let file = File::create_new(&path)?;
        Ok(Writing { blobs: self.clone(), path, file, hash: Sha256::default(), length: 0 })
    }

    fn sweep(&self) {
        let now = SystemTime::now();
        for entry in fs::read_dir(self.root.join("ingest")).into_iter().flatten().flatten() {
            let ours = entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            let age = entry.metadata().ok().and_then(|meta| now.duration_since(meta.modified().ok()?).ok());
            if ours && age.is_some_and(|age| age > STALE) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A blob that is being written; what is not kept in the end leaves nothing behind.
#[derive(Debug)]
pub(super) struct Writing {
    blobs: Blobs,
    path: PathBuf,
    file: File,
    hash: Sha256,
    length: u64,
}

impl Writing {
    /// How much of it there is.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The digest of what there is.
    pub(super) fn digest(&self) -> Digest {
        Digest::made(&sha2::Digest::finalize(self.hash.clone()))
    }

    pub(super) fn append(&mut self, data: &[u8]) -> io::Result<()> {
        self.file.write_all(data)?;
        sha2::Digest::update(&mut self.hash, data);
        self.length += data.len() as u64;
        Ok(())
    }

    /// Begins once more.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        use std::io::Seek;
        self.file.set_len(0)?;
        self.file.rewind()?;
        (self.hash, self.length) = (Sha256::default(), 0);
        Ok(())
    }

    /// Keeps it, if it is what was announced.
    pub(super) fn keep(self, expected: Option<&Digest>, size: Option<u64>) -> io::Result<Digest> {
        let digest = self.digest();
        let wrong = |text: String| io::Error::new(ErrorKind::InvalidData, text);
        if let Some(size) = size.filter(|&size| size != self.length) {
            return Err(wrong(format!("{} bytes of {size} arrived", self.length)));
        }
        if let Some(expected) = expected.filter(|&expected| *expected != digest) {
            return Err(wrong(format!("what arrived is {digest}, and {expected} was announced")));
        }
        self.file.sync_all()?;
        fs::rename(&self.path, self.blobs.path(&digest))?;
        Ok(digest)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // Gone already where it was kept.
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blobs() -> (tempfile::TempDir, Blobs) {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::writable(dir.path().join("cache")).unwrap();
        (dir, blobs)
    }

    fn unfinished(blobs: &Blobs) -> usize {
        fs::read_dir(blobs.root().join("ingest")).unwrap().count()
    }

    #[test]
    fn a_blob_is_kept_under_its_digest_and_only_whole() {
        let (_dir, blobs) = blobs();
        let digest = Digest::of(b"hello");
        let mut writing = blobs.begin().unwrap();
        writing.append(b"hel").unwrap();
        assert!(!blobs.has(&digest, None), "half of it has no name");
        writing.append(b"lo").unwrap();
        assert_eq!(writing.keep(Some(&digest), Some(5)).unwrap(), digest);
        assert_eq!(blobs.read(&digest).unwrap(), b"hello");
        assert_eq!((blobs.all().unwrap(), unfinished(&blobs)), (vec![digest.clone()], 0));
        assert!(blobs.has(&digest, Some(5)) && !blobs.has(&digest, Some(6)), "a torn blob of before is none");
    }

    #[test]
    fn what_is_not_what_was_announced_is_refused_and_leaves_nothing() {
        let (_dir, blobs) = blobs();
        let wanted = Digest::of(b"hello");
        for (data, size, words) in [("help!", None, "was announced"), ("hello", Some(6), "5 bytes of 6"), ("", Some(5), "0 bytes of 5")] {
            let mut writing = blobs.begin().unwrap();
            writing.append(data.as_bytes()).unwrap();
            let error = writing.keep(Some(&wanted), size).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
            assert_eq!((blobs.all().unwrap().len(), unfinished(&blobs)), (0, 0));
        }
        let mut cut = blobs.begin().unwrap();
        cut.append(b"hel").unwrap();
        drop(cut);
        assert_eq!((blobs.all().unwrap().len(), unfinished(&blobs)), (0, 0));
        let mut again = blobs.begin().unwrap();
        again.append(b"old").unwrap();
        again.restart().unwrap();
        again.append(b"hello").unwrap();
        assert_eq!(again.keep(Some(&wanted), None).unwrap(), wanted);
        assert_eq!(blobs.read(&wanted).unwrap(), b"hello");
    }

    #[test]
    fn two_may_write_the_same_blob() {
        let (_dir, blobs) = blobs();
        let (mut one, mut two) = (blobs.begin().unwrap(), blobs.begin().unwrap());
        one.append(b"same").unwrap();
        two.append(b"same").unwrap();
        assert_eq!(one.keep(None, None).unwrap(), two.keep(None, None).unwrap());
        assert_eq!(blobs.read(&Digest::of(b"same")).unwrap(), b"same");
    }

    #[test]
    fn only_digests_name_blobs() {
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(Digest::parse(&format!("sha256:{hex}")).map(|digest| digest.to_string()), Some(format!("sha256:{hex}")));
        let (short, upper) = (hex.replacen('0', "", 1), hex.to_uppercase());
        let climbing = hex.replacen("012345", "../../", 1);
        for bad in [&hex, &format!("sha256:{short}"), &format!("sha256:{upper}"), &format!("sha256:{climbing}"), &format!("sha512:{hex}")] {
            assert_eq!(Digest::parse(bad), None, "{bad}");
        }
        assert_eq!(climbing.len(), 64);
    }

    #[test]
    fn a_folder_that_is_read_is_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::read_only(dir.path().join("gone"));
        assert_eq!(blobs.begin().unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(blobs.known(&Digest::of(b"")).unwrap_err().kind(), ErrorKind::NotFound);
        assert!(blobs.all().unwrap().is_empty() && !dir.path().join("gone").exists());
    }

    #[test]
    fn what_a_killed_run_left_is_thrown_away_after_a_day() {
        let (_dir, blobs) = blobs();
        let ingest = blobs.root().join("ingest");
        let old = SystemTime::now() - 2 * STALE;
        for (name, time) in [("stacklint-old", old), ("stacklint-new", SystemTime::now()), ("somebody-else", old)] {
            File::create(ingest.join(name)).unwrap().set_modified(time).unwrap();
        }
        Blobs::writable(blobs.root().to_owned()).unwrap();
        assert!(!ingest.join("stacklint-old").exists());
        assert!(ingest.join("stacklint-new").exists() && ingest.join("somebody-else").exists());
    }
}
