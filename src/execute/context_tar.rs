//! A build context as a stream: one file after the other goes out as it is read, whatever the size of the whole.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use futures_util::Stream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::files::{Disk, Kind};
use crate::stack::context::{Context, Entry};
use crate::syntax::dockerignore::IgnoreFile;

const CHUNK: usize = 256 * 1024;

/// What is sent.
#[derive(Clone, Debug)]
pub(super) struct Payload {
    /// The context's folder on disk; `None` sends nothing but `extra`.
    pub dir: Option<PathBuf>,
    /// What is left out.
    pub ignore: IgnoreFile,
    /// Files that are made, or that take the place of one on disk: path and content.
    pub extra: Vec<(String, Vec<u8>)>,
}

/// How much was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Files and links.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
}

/// Why a context could not be sent: the path and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TarError {
    pub path: String,
    pub reason: String,
}

/// Starts to send; the task tells in the end how much it was, or what stopped it.
pub(super) fn stream(payload: Payload) -> (impl Stream<Item = io::Result<Bytes>> + Send + 'static, JoinHandle<Result<Sent, TarError>>) {
    let (tx, rx) = mpsc::channel::<io::Result<Bytes>>(4);
    let task = tokio::task::spawn_blocking(move || {
        let result = write(&payload, Chunks { tx: tx.clone(), buffer: Vec::with_capacity(CHUNK) });
        if let Err(error) = &result {
            let _ = tx.blocking_send(Err(io::Error::other(format!("{}: {}", error.path, error.reason))));
        }
        result
    });
    let stream = futures_util::stream::unfold(rx, |mut rx| async move { rx.recv().await.map(|item| (item, rx)) });
    (stream, task)
}

/// Cuts what is written into chunks and hands them on, waiting while nobody takes them.
struct Chunks {
    tx: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = CHUNK.saturating_sub(self.buffer.len()).min(data.len());
        self.buffer.extend_from_slice(data.get(..room).unwrap_or_default());
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(room)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.tx.blocking_send(Ok(Bytes::from(full))).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))
    }
}

fn write(payload: &Payload, out: Chunks) -> Result<Sent, TarError> {
    let mut tar = tar::Builder::new(out);
    let mut sent = Sent::default();
    if let Some(dir) = &payload.dir {
        let context = list(dir, &payload.ignore)?;
        for entry in context.entries.iter().filter(|entry| !payload.extra.iter().any(|(path, _)| *path == entry.path)) {
            append(&mut tar, dir, entry, &mut sent).map_err(|error| TarError { path: entry.path.clone(), reason: reason(&error) })?;
        }
    }
    for (path, content) in &payload.extra {
        let mut header = header(tar::EntryType::Regular, 0o644, content.len() as u64, 0);
        let appended = tar.append_data(&mut header, path, content.as_slice());
        appended.map_err(|error| TarError { path: path.clone(), reason: reason(&error) })?;
    }
    let ended = tar.into_inner().and_then(|mut out| out.flush());
    ended.map_err(|error| TarError { path: "the context".to_owned(), reason: reason(&error) })?;
    Ok(sent)
}

fn list(dir: &Path, ignore: &IgnoreFile) -> Result<Context, TarError> {
    let shown = dir.display().to_string();
    let context =
        Context::list(&Disk::new(dir), ".", ignore).map_err(|error| TarError { path: shown.clone(), reason: error.to_string() })?;
    if let Some((path, error)) = context.unreadable.first() {
        return Err(TarError { path: path.clone(), reason: error.to_string() });
    }
    if context.truncated {
        return Err(TarError { path: shown, reason: format!("holds more than {} files and folders", context.entries.len()) });
    }
    Ok(context)
}

fn append(tar: &mut tar::Builder<Chunks>, dir: &Path, entry: &Entry, sent: &mut Sent) -> io::Result<()> {
    let path = dir.join(&entry.path);
    match entry.kind {
        Kind::Dir => {
            let mut header = header(tar::EntryType::Directory, entry.mode, 0, mtime(&path));
            tar.append_data(&mut header, format!("{}/", entry.path), io::empty())
        }
        Kind::Symlink => {
            sent.files += 1;
            let mut header = header(tar::EntryType::Symlink, 0o777, 0, mtime(&path));
            tar.append_link(&mut header, &entry.path, std::fs::read_link(&path)?)
        }
        Kind::File => {
            let file = File::open(&path)?;
            let meta = file.metadata()?;
            sent.files += 1;
            sent.bytes += meta.len();
            let mut header = header(tar::EntryType::Regular, entry.mode, meta.len(), mtime(&path));
            tar.append_data(&mut header, &entry.path, Exactly { file, left: meta.len() })
        }
        Kind::Other => Ok(()),
    }
}

/// A header as Docker's own client (28) writes it, so that both find each other's cache: permissions, owned by root.
fn header(kind: tar::EntryType, mode: u32, size: u64, mtime: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_mtime(mtime);
    header
}

fn mtime(path: &Path) -> u64 {
    let modified = std::fs::symlink_metadata(path).and_then(|meta| meta.modified()).ok();
    modified.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |since| since.as_secs())
}

/// Reads so many bytes of a file. Fewer, or more, mean that it changed while it was sent: the image would hold a torn file.
struct Exactly {
    file: File,
    left: u64,
}

impl Read for Exactly {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            let grown = self.file.read(&mut [0])?;
            return if grown == 0 { Ok(0) } else { Err(io::Error::other("it grew while it was sent")) };
        }
        let want = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let got = self.file.read(buffer.get_mut(..want).unwrap_or_default())?;
        if got == 0 {
            return Err(io::Error::other("it became shorter while it was sent"));
        }
        self.left -= got as u64;
        Ok(got)
    }
}

pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it vanished while the context was sent".to_owned(),
        io::ErrorKind::PermissionDenied => "it cannot be read: permission denied".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::StreamExt;

    fn send(payload: Payload) -> (Vec<u8>, Result<Sent, TarError>) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (stream, task) = stream(payload);
            let chunks: Vec<_> = stream.collect().await;
            let bytes = chunks.into_iter().flatten().flatten().collect();
            (bytes, task.await.unwrap())
        })
    }

    fn payload(dir: &Path) -> Payload {
        Payload { dir: Some(dir.to_owned()), ignore: IgnoreFile::default(), extra: Vec::new() }
    }

    #[cfg(unix)]
    #[test]
    fn modes_links_and_long_names_arrive_and_sockets_stay() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let long = "n".repeat(180);
        std::fs::create_dir(dir.path().join("d")).unwrap();
        std::fs::write(dir.path().join("d").join(&long), "x".repeat(600_000)).unwrap();
        std::fs::write(dir.path().join("run.sh"), "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(dir.path().join("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::symlink("run.sh", dir.path().join("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("sock")).unwrap();
        let mut sending = payload(dir.path());
        sending.extra.push(("made".to_owned(), b"content".to_vec()));
        let (bytes, sent) = send(sending);
        assert_eq!(sent.unwrap(), Sent { files: 3, bytes: 600_010 });
        let mut archive = tar::Archive::new(bytes.as_slice());
        let seen: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                (entry.path().unwrap().display().to_string(), header.mode().unwrap(), header.uid().unwrap(), header.size().unwrap())
            })
            .collect();
        let expected = [
            ("d/".to_owned(), 0o755, 0, 0),
            (format!("d/{long}"), 0o644, 0, 600_000),
            ("link".to_owned(), 0o777, 0, 0),
            ("run.sh".to_owned(), 0o755, 0, 10),
            ("made".to_owned(), 0o644, 0, 7),
        ];
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        for (before, after, word) in [("12345", "123", "shorter"), ("12345", "1234567", "grew")] {
            std::fs::write(&path, before).unwrap();
            let mut reader = Exactly { file: File::open(&path).unwrap(), left: before.len() as u64 };
            std::fs::write(&path, after).unwrap();
            let error = io::copy(&mut reader, &mut io::sink()).unwrap_err();
            assert!(error.to_string().contains(word), "{error}");
        }
    }

    #[test]
    fn a_missing_folder_is_told_by_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let (_, sent) = send(payload(&dir.path().join("gone")));
        assert!(sent.unwrap_err().path.ends_with("gone"));
    }
}
