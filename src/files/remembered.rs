//! Digests of files, remembered between runs: a file that has the size, the times and the inode that it had when it was
//! read is not read again.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};

/// What a digest is remembered under, beside the path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    modified: i64,
    /// When the file or what is known of it was last touched: nobody can set it back, so that a copy that keeps its time is
    /// noticed as well.
    changed: i64,
    inode: u64,
    device: u64,
}

/// First bytes of a file of digests; the number is that of its form.
const HEAD: &[u8] = b"stacklint digests 1\n";
/// Bytes of an entry beside its path.
const FIXED: usize = 2 + 5 * 8 + 4 + 32;
/// A file that was touched so shortly before it was read may be touched once more without another time.
const RACY: Duration = Duration::from_secs(2);
/// Below this much work, reading again is as quick as remembering.
const WORTH: (usize, u64) = (200, 1 << 20);
/// An entry that so many rewritings did not ask for is dropped.
const KEPT_UNUSED: u32 = 20;
/// Digests of folders that nobody planned for so long are thrown away.
const STALE: Duration = Duration::from_secs(60 * 86_400);

/// The digests of one working folder.
#[derive(Debug)]
pub(super) struct Remembered {
    path: PathBuf,
    old: OnceLock<Old>,
    fresh: Mutex<Fresh>,
}

/// What earlier runs have written, read when something is asked for the first time.
#[derive(Debug, Default)]
struct Old {
    bytes: Vec<u8>,
    /// Where the entries begin, sorted by path.
    starts: Vec<u32>,
    /// How often the file was written.
    generation: u32,
}

/// What was learnt in this run.
#[derive(Debug, Default)]
struct Fresh {
    entries: BTreeMap<String, (Stamp, [u8; 32])>,
    /// Files and bytes that were read for it.
    work: (usize, u64),
    /// Places in `starts` that were asked for.
    used: Vec<u32>,
}

/// An entry of the file.
struct Stored<'a> {
    path: &'a [u8],
    stamp: Stamp,
    used: u32,
    digest: [u8; 32],
}

impl Remembered {
    /// What is remembered of the files below `root`, in a folder of such memories.
    pub(super) fn open(folder: &Path, root: &Path) -> Remembered {
        let name = Sha256::digest(root.as_os_str().as_encoded_bytes());
        let name: String = name.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Remembered { path: folder.join(name), old: OnceLock::new(), fresh: Mutex::default() }
    }

    /// What earlier runs have written; a damaged file counts as empty.
    fn old(&self) -> &Old {
        self.old.get_or_init(|| {
            let bytes = std::fs::read(&self.path).unwrap_or_default();
            whole(&bytes).map(|(generation, starts)| Old { bytes, starts, generation }).unwrap_or_default()
        })
    }

    /// The digest of a file that is still the one that was read.
    pub(super) fn get(&self, path: &str, stamp: Stamp) -> Option<[u8; 32]> {
        let old = self.old();
        let path_at = |&start: &u32| stored(&old.bytes, start).map_or(&[][..], |entry| entry.path);
        let place = old.starts.binary_search_by(|start| path_at(start).cmp(path.as_bytes())).ok()?;
        let entry = stored(&old.bytes, *old.starts.get(place)?).filter(|entry| entry.stamp == stamp)?;
        self.fresh().used.push(u32::try_from(place).unwrap_or(u32::MAX));
        Some(entry.digest)
    }

    /// Remembers a digest, together with the bytes that were read for it.
    pub(super) fn learn(&self, path: &str, stamp: Stamp, digest: [u8; 32], read: u64) {
        let mut fresh = self.fresh();
        fresh.work.0 += 1;
        fresh.work.1 += read;
        if u16::try_from(path.len()).is_ok() {
            fresh.entries.insert(path.to_owned(), (stamp, digest));
        }
    }

    /// Writes down what was learnt, where that saves the next run something. That it cannot be written is no fault of the run.
    pub(super) fn save(&self) {
        let fresh = std::mem::take(&mut *self.fresh());
        if fresh.entries.is_empty() || (fresh.work.0 < WORTH.0 && fresh.work.1 < WORTH.1) {
            return;
        }
        let text = self.written(&fresh);
        let Some(folder) = self.path.parent() else { return };
        let draft = self.path.with_extension(format!("{}.tmp", std::process::id()));
        let written = private_folder(folder).and_then(|()| write(&draft, &text)).and_then(|()| std::fs::rename(&draft, &self.path));
        if written.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        sweep(folder);
    }

    fn fresh(&self) -> std::sync::MutexGuard<'_, Fresh> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The new file: what was learnt, and of the old one what is not out of date.
    fn written(&self, fresh: &Fresh) -> Vec<u8> {
        let Old { bytes, starts, generation } = self.old();
        let generation = generation.saturating_add(1);
        let mut used = vec![false; starts.len()];
        for slot in &fresh.used {
            if let Some(used) = used.get_mut(*slot as usize) {
                *used = true;
            }
        }
        let mut out = Vec::with_capacity(bytes.len() + fresh.entries.len() * (FIXED + 40));
        out.extend_from_slice(HEAD);
        out.extend_from_slice(&generation.to_le_bytes());
        let mut learnt = fresh.entries.iter().peekable();
        let old = starts.iter().zip(used).filter_map(|(&start, used)| Some((stored(bytes, start)?, used)));
        for (entry, used) in old {
            while let Some((path, new)) = learnt.next_if(|(path, _)| path.as_bytes() < entry.path) {
                put(&mut out, path.as_bytes(), new, generation);
            }
            let last = if used { generation } else { entry.used };
            let replaced = learnt.peek().is_some_and(|(path, _)| path.as_bytes() == entry.path);
            if !replaced && generation.saturating_sub(last) <= KEPT_UNUSED {
                put(&mut out, entry.path, &(entry.stamp, entry.digest), last);
            }
        }
        learnt.for_each(|(path, new)| put(&mut out, path.as_bytes(), new, generation));
        let sum = Sha256::digest(&out);
        out.extend_from_slice(&sum);
        out
    }
}

impl Stamp {
    /// The stamp of a regular file; `None` where the system says too little of it.
    #[cfg(unix)]
    pub(super) fn of(meta: &Metadata) -> Option<Stamp> {
        use std::os::unix::fs::MetadataExt;
        let nanos = |seconds: i64, nanos: i64| seconds.checked_mul(1_000_000_000)?.checked_add(nanos);
        Some(Stamp {
            size: meta.size(),
            modified: nanos(meta.mtime(), meta.mtime_nsec())?,
            changed: nanos(meta.ctime(), meta.ctime_nsec())?,
            inode: meta.ino(),
            device: meta.dev(),
        })
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &Metadata) -> Option<Stamp> {
        None
    }

    /// Whether a later edit of the file could leave it with the same stamp, when it is read at `now`.
    pub(super) fn racy(&self, now: SystemTime) -> bool {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_nanos()).ok());
        let settled = now.and_then(|now| now.checked_sub(i64::try_from(RACY.as_nanos()).ok()?));
        settled.is_none_or(|settled| self.modified.max(self.changed) > settled)
    }
}

/// Checks a whole file: its head, its sum, and that its entries are sorted. A file that was cut or mixed is none.
fn whole(bytes: &[u8]) -> Option<(u32, Vec<u32>)> {
    let body = bytes.len().checked_sub(32)?;
    let (content, sum) = bytes.split_at_checked(body)?;
    let rest = content.strip_prefix(HEAD)?;
    if Sha256::digest(content).as_slice() != sum {
        return None;
    }
    let generation = u32::from_le_bytes(rest.get(..4)?.try_into().ok()?);
    let (mut at, mut starts) = (HEAD.len() + 4, Vec::with_capacity(content.len() / (FIXED + 40)));
    let mut before: Option<&[u8]> = None;
    while at < body {
        let entry = stored(content, u32::try_from(at).ok()?)?;
        if before.is_some_and(|before| before >= entry.path) {
            return None;
        }
        starts.push(u32::try_from(at).ok()?);
        before = Some(entry.path);
        at += FIXED + entry.path.len();
    }
    Some((generation, starts))
}

fn stored(bytes: &[u8], start: u32) -> Option<Stored<'_>> {
    let entry = bytes.get(start as usize..)?;
    let length = usize::from(u16::from_le_bytes(entry.get(..2)?.try_into().ok()?));
    let (path, rest) = entry.get(2..)?.split_at_checked(length)?;
    let number = |n: usize| <[u8; 8]>::try_from(rest.get(n * 8..n * 8 + 8)?).ok();
    Some(Stored {
        path,
        stamp: Stamp {
            size: u64::from_le_bytes(number(0)?),
            modified: i64::from_le_bytes(number(1)?),
            changed: i64::from_le_bytes(number(2)?),
            inode: u64::from_le_bytes(number(3)?),
            device: u64::from_le_bytes(number(4)?),
        },
        used: u32::from_le_bytes(rest.get(40..44)?.try_into().ok()?),
        digest: rest.get(44..76)?.try_into().ok()?,
    })
}

fn put(out: &mut Vec<u8>, path: &[u8], (stamp, digest): &(Stamp, [u8; 32]), used: u32) {
    let Ok(length) = u16::try_from(path.len()) else { return };
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(path);
    out.extend_from_slice(&stamp.size.to_le_bytes());
    out.extend_from_slice(&stamp.modified.to_le_bytes());
    out.extend_from_slice(&stamp.changed.to_le_bytes());
    out.extend_from_slice(&stamp.inode.to_le_bytes());
    out.extend_from_slice(&stamp.device.to_le_bytes());
    out.extend_from_slice(&used.to_le_bytes());
    out.extend_from_slice(digest);
}

/// A folder that is nobody else's business: names of files stand in it.
fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

/// Removes memories that were not written for long, and drafts of runs that were killed.
fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok()).unwrap_or_default();
        let draft = entry.path().extension().is_some_and(|extension| extension == "tmp");
        if age > if draft { Duration::from_secs(3600) } else { STALE } {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(n: u64) -> Stamp {
        Stamp { size: n, modified: 5, changed: 6, inode: n, device: 1 }
    }

    fn filled(folder: &Path) -> Remembered {
        let memory = Remembered::open(folder, Path::new("/project"));
        for n in 0..300 {
            memory.learn(&format!("d{n}/f"), stamp(n), [n as u8; 32], 10);
        }
        memory.save();
        Remembered::open(folder, Path::new("/project"))
    }

    #[test]
    fn what_was_learnt_is_known_in_the_next_run_while_the_stamp_is_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = filled(folder.path());
        assert_eq!(memory.get("d7/f", stamp(7)), Some([7; 32]));
        assert_eq!(memory.get("d7/f", Stamp { changed: 7, ..stamp(7) }), None);
        assert_eq!(memory.get("d7/f", Stamp { inode: 8, ..stamp(7) }), None);
        assert_eq!(memory.get("d7", stamp(7)), None);
        assert_eq!(Remembered::open(folder.path(), Path::new("/other")).get("d7/f", stamp(7)), None, "another folder's files");
    }

    #[test]
    fn new_digests_take_the_place_of_old_ones_and_leave_the_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = filled(folder.path());
        memory.learn("d7/f", stamp(1007), [1; 32], 1 << 20);
        memory.learn("a", stamp(1), [2; 32], 1);
        memory.learn("z", stamp(1), [3; 32], 1);
        memory.save();
        let memory = Remembered::open(folder.path(), Path::new("/project"));
        assert_eq!((memory.get("d7/f", stamp(7)), memory.get("d7/f", stamp(1007))), (None, Some([1; 32])));
        assert_eq!(
            (memory.get("a", stamp(1)), memory.get("z", stamp(1)), memory.get("d8/f", stamp(8))),
            (Some([2; 32]), Some([3; 32]), Some([8; 32]))
        );
    }

    #[test]
    fn what_nobody_asks_for_is_dropped_after_a_while() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(filled(folder.path()));
        for _ in 0..=KEPT_UNUSED {
            let memory = Remembered::open(folder.path(), Path::new("/project"));
            assert!(memory.get("d1/f", stamp(1)).is_some());
            memory.learn("new", stamp(1), [1; 32], 1 << 20);
            memory.save();
        }
        let memory = Remembered::open(folder.path(), Path::new("/project"));
        assert!(memory.get("d1/f", stamp(1)).is_some() && memory.get("d2/f", stamp(2)).is_none());
    }

    #[test]
    fn a_damaged_file_counts_as_empty_wherever_it_is_damaged() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = filled(folder.path()).path;
        let whole = std::fs::read(&path).expect("the file");
        for cut in [0, 1, HEAD.len(), HEAD.len() + 3, whole.len() / 2, whole.len() - 33, whole.len() - 1] {
            std::fs::write(&path, &whole[..cut]).expect("written");
            assert_eq!(Remembered::open(folder.path(), Path::new("/project")).get("d7/f", stamp(7)), None, "cut at {cut}");
        }
        for at in (0..whole.len()).step_by(whole.len() / 97) {
            let mut other = whole.clone();
            other[at] ^= 0x40;
            std::fs::write(&path, &other).expect("written");
            assert_eq!(Remembered::open(folder.path(), Path::new("/project")).get("d7/f", stamp(7)), None, "flipped at {at}");
        }
    }

    #[test]
    fn little_work_is_not_written_down() {
        let folder = tempfile::tempdir().expect("a folder");
        let memory = Remembered::open(&folder.path().join("new"), Path::new("/project"));
        memory.learn("f", stamp(1), [1; 32], 1000);
        memory.save();
        assert!(!folder.path().join("new").exists());
    }

    #[test]
    fn a_time_that_has_just_been_or_is_still_to_come_is_not_trusted() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000);
        let at = |seconds: i64| Stamp { modified: seconds * 1_000_000_000, ..Stamp::default() };
        assert!(at(999).racy(now) && at(1_000).racy(now) && at(2_000).racy(now));
        assert!(!at(997).racy(now));
        assert!(Stamp { changed: 999_500_000_000, ..at(5) }.racy(now), "times that were set back");
    }
}
