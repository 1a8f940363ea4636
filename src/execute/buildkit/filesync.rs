//! Files for a build, as it asks for them: first what there is, then the content of those that it does not have yet.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::fsutil::types::{Packet, Stat};
use bollard_buildkit_proto::moby::filesync::packet::file_sync_server::FileSync;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc::{self, Sender, UnboundedReceiver, UnboundedSender};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use super::super::context_tar::{Sent, TarError, reason};
use super::follow;
use super::{Answers, stream};
use crate::files::{Disk, Kind};
use crate::stack::context::{Context, Entry};
use crate::syntax::dockerignore::IgnoreFile;

/// As much as the protocol's own client sends at once.
const CHUNK: usize = 32 * 1024;
/// Packets, or batches of small ones, on their way; with full chunks 2 MiB.
const WAITING: usize = 64;
/// So many files are told of at once: one by one they would be a write each.
const BATCH: usize = 200;

/// Packets that go together.
type Batch = Vec<Result<Packet, Status>>;

/// Something that builds know by a name and take files from.
#[derive(Clone, Debug)]
pub(super) enum Local {
    /// A folder.
    Dir(PathBuf),
    /// Files that are made: path and content.
    Files(BTreeMap<String, Vec<u8>>),
}

/// What was sent so far, and what went wrong with it.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// How much.
    pub sent: Sent,
    /// The first file that could not be sent.
    pub error: Option<TarError>,
}

/// Serves the files of a session.
pub(super) struct Locals {
    /// By name.
    pub locals: BTreeMap<String, Local>,
    /// What became of it.
    pub ledger: Arc<Mutex<Ledger>>,
}

#[tonic::async_trait]
impl FileSync for Locals {
    type DiffCopyStream = Answers<Packet>;
    type TarStreamStream = Answers<Packet>;

    async fn diff_copy(&self, request: Request<Streaming<Packet>>) -> Result<Response<Answers<Packet>>, Status> {
        let wanted = Wanted::read(request.metadata());
        let Some(local) = self.locals.get(&wanted.name).cloned() else {
            return Err(Status::not_found(format!("there is no folder called `{}` here", wanted.name)));
        };
        let (answers, out) = mpsc::channel(WAITING);
        // Questions are taken as they come: a server that lets many small ones wait is closed by its HTTP/2 library.
        let (asked, asks) = mpsc::unbounded_channel();
        let sending = Sending { answers, ledger: Arc::clone(&self.ledger), paths: Arc::default() };
        tokio::spawn(take_requests(request.into_inner(), asked, sending.answers.clone()));
        let listing = sending.clone();
        let content = local.clone();
        tokio::task::spawn_blocking(move || listing.list(&local, &wanted));
        tokio::task::spawn_blocking(move || sending.serve(&content, asks));
        Ok(Response::new(Box::pin(stream(out).flat_map(futures_util::stream::iter))))
    }

    async fn tar_stream(&self, _: Request<Streaming<Packet>>) -> Result<Response<Answers<Packet>>, Status> {
        Err(Status::unimplemented("files are not sent as an archive here"))
    }
}

/// What a build asks for.
#[derive(Debug, Default)]
struct Wanted {
    name: String,
    follow: Vec<String>,
    ignore: IgnoreFile,
}

impl Wanted {
    fn read(metadata: &MetadataMap) -> Wanted {
        let all = |key: &str| -> Vec<String> {
            let encoded = metadata.get(format!("{key}-encoded")).is_some();
            let texts = metadata.get_all(key).into_iter().map(|value| String::from_utf8_lossy(value.as_encoded_bytes()).into_owned());
            texts.map(|text| if encoded { decoded(&text) } else { text }).collect()
        };
        // A first `#` would make a pattern a comment.
        let line = |pattern: &String| if pattern.starts_with('#') { format!("/{pattern}\n") } else { format!("{pattern}\n") };
        let ignore = follow::patterns(&all("exclude-patterns").iter().map(line).collect::<String>());
        let follow = all("followpaths").into_iter().chain(all("include-patterns")).collect();
        Wanted { name: all("dir-name").into_iter().next().unwrap_or_default(), follow, ignore }
    }
}

/// What is written in headers with `+` and `%2F`.
fn decoded(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let hex: String = bytes.by_ref().take(2).map(char::from).collect();
                out.extend(u8::from_str_radix(&hex, 16));
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Hands on what is asked for, until the other side has everything.
async fn take_requests(mut requests: Streaming<Packet>, asked: UnboundedSender<usize>, answers: Sender<Batch>) {
    while let Ok(Some(packet)) = requests.message().await {
        match packet.r#type() {
            PacketType::PacketReq => {
                if asked.send(packet.id as usize).is_err() {
                    return;
                }
            }
            PacketType::PacketFin => {
                let _ = answers.send(vec![Ok(plain(PacketType::PacketFin))]).await;
                return;
            }
            PacketType::PacketErr => return,
            PacketType::PacketStat | PacketType::PacketData => {}
        }
    }
}

fn plain(kind: PacketType) -> Packet {
    Packet { r#type: kind.into(), ..Packet::default() }
}

#[derive(Clone)]
struct Sending {
    answers: Sender<Batch>,
    ledger: Arc<Mutex<Ledger>>,
    /// Regular files by their number.
    paths: Arc<Mutex<Vec<Option<Listed>>>>,
}

/// A regular file that was listed: its path and size.
type Listed = (String, i64);

/// The other side has gone.
struct Gone;

impl Sending {
    fn list(&self, local: &Local, wanted: &Wanted) {
        let mut batch = Vec::new();
        let listed = match local {
            Local::Dir(dir) => self.list_folder(dir, wanted, &mut batch),
            Local::Files(files) => self.list_made(files, &mut batch),
        };
        match listed {
            Ok(Ok(())) => {
                batch.push(Ok(plain(PacketType::PacketStat)));
                drop(self.say(batch));
            }
            Ok(Err(error)) => self.fail(error),
            Err(Gone) => {}
        }
    }

    fn list_folder(&self, dir: &Path, wanted: &Wanted, batch: &mut Batch) -> Result<Result<(), TarError>, Gone> {
        let within = follow::unwanted(dir, &wanted.follow);
        let context = match Context::list_within(&Disk::new(dir), ".", &wanted.ignore, within.as_ref()) {
            Ok(context) => context,
            Err(error) => return Ok(Err(TarError { path: dir.display().to_string(), reason: error.to_string() })),
        };
        if let Some((path, error)) = context.unreadable.first() {
            return Ok(Err(TarError { path: path.clone(), reason: error.to_string() }));
        }
        if context.truncated {
            let reason = format!("holds more than {} files and folders", context.entries.len());
            return Ok(Err(TarError { path: dir.display().to_string(), reason }));
        }
        for entry in context.entries {
            let path = entry.path.clone();
            match stat(dir, entry) {
                Ok(stat) => self.stat(stat, batch)?,
                Err(error) => return Ok(Err(TarError { path, reason: reason(&error) })),
            }
        }
        Ok(Ok(()))
    }

    fn list_made(&self, files: &BTreeMap<String, Vec<u8>>, batch: &mut Batch) -> Result<Result<(), TarError>, Gone> {
        let mut folders: Vec<&str> = Vec::new();
        for (path, content) in files {
            for (at, _) in path.match_indices('/') {
                let folder = path.get(..at).unwrap_or_default();
                if !folders.contains(&folder) {
                    folders.push(folder);
                    self.stat(Stat { path: folder.to_owned(), mode: GO_DIR | 0o755, ..Stat::default() }, batch)?;
                }
            }
            let size = i64::try_from(content.len()).unwrap_or(i64::MAX);
            self.stat(Stat { path: path.clone(), mode: 0o644, size, mod_time: made_at(content), ..Stat::default() }, batch)?;
        }
        Ok(Ok(()))
    }

    fn stat(&self, stat: Stat, batch: &mut Batch) -> Result<(), Gone> {
        let file = (stat.mode & GO_TYPE == 0).then(|| (stat.path.clone(), stat.size));
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).push(file);
        batch.push(Ok(Packet { r#type: PacketType::PacketStat.into(), stat: Some(stat), ..Packet::default() }));
        if batch.len() < BATCH { Ok(()) } else { self.say(std::mem::take(batch)) }
    }

    fn say(&self, batch: Batch) -> Result<(), Gone> {
        self.answers.blocking_send(batch).map_err(|_| Gone)
    }

    fn serve(&self, local: &Local, mut asks: UnboundedReceiver<usize>) {
        while let Some(id) = asks.blocking_recv() {
            let file = self.paths.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned().flatten();
            let Some((path, size)) = file else { continue };
            let sent = match local {
                Local::Dir(dir) => self.send_file(id, &dir.join(&path), size),
                Local::Files(files) => self.send(id, files.get(&path).map_or(&[][..], Vec::as_slice), size),
            };
            match sent {
                Ok(Ok(bytes)) => {
                    let mut ledger = self.ledger.lock().unwrap_or_else(PoisonError::into_inner);
                    ledger.sent.files += 1;
                    ledger.sent.bytes += bytes;
                }
                Ok(Err(error)) => return self.fail(TarError { path, reason: reason(&error) }),
                Err(Gone) => return,
            }
        }
    }

    fn send_file(&self, id: usize, path: &Path, size: i64) -> Result<std::io::Result<u64>, Gone> {
        match File::open(path) {
            Ok(file) => self.send(id, file, size),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Sends a file as it was listed; one that has changed since would be torn.
    fn send(&self, id: usize, mut from: impl Read, size: i64) -> Result<std::io::Result<u64>, Gone> {
        let id = u32::try_from(id).unwrap_or(u32::MAX);
        let packet = |data: Vec<u8>| Packet { r#type: PacketType::PacketData.into(), id, data, ..Packet::default() };
        let size = u64::try_from(size).unwrap_or_default();
        let mut sent = 0;
        let mut batch = Vec::new();
        loop {
            let mut data = Vec::with_capacity(CHUNK);
            if let Err(error) = from.by_ref().take(CHUNK as u64).read_to_end(&mut data) {
                return Ok(Err(error));
            }
            if data.is_empty() {
                break;
            }
            sent += data.len() as u64;
            if sent > size {
                return Ok(Err(std::io::Error::other("it grew while it was sent")));
            }
            // A small file goes with its end.
            if let Some(full) = batch.pop() {
                self.say(vec![full])?;
            }
            batch.push(Ok(packet(data)));
        }
        if sent < size {
            return Ok(Err(std::io::Error::other("it became shorter while it was sent")));
        }
        batch.push(Ok(packet(Vec::new())));
        self.say(batch)?;
        Ok(Ok(sent))
    }

    fn fail(&self, error: TarError) {
        let status = Status::failed_precondition(format!("{}: {}", error.path, error.reason));
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).error.get_or_insert(error);
        let _ = self.answers.blocking_send(vec![Err(status)]);
    }
}

/// Bits of a mode as Go has them.
const GO_DIR: u32 = 1 << 31;
const GO_LINK: u32 = 1 << 27;
const GO_TYPE: u32 = GO_DIR | GO_LINK;

fn stat(dir: &Path, entry: Entry) -> std::io::Result<Stat> {
    let link = if entry.kind == Kind::Symlink { std::fs::read_link(dir.join(&entry.path))?.display().to_string() } else { String::new() };
    Ok(Stat {
        mode: mode(&entry),
        path: entry.path,
        size: if entry.kind == Kind::File { i64::try_from(entry.size).unwrap_or(i64::MAX) } else { 0 },
        mod_time: entry.modified,
        linkname: link,
        ..Stat::default()
    })
}

fn mode(entry: &Entry) -> u32 {
    let special = [(0o4000, 1 << 23), (0o2000, 1 << 22), (0o1000, 1 << 20)];
    let special: u32 = special.into_iter().filter(|(bit, _)| entry.mode & bit != 0).map(|(_, go)| go).sum();
    let kind = match entry.kind {
        Kind::Dir => GO_DIR,
        Kind::Symlink => GO_LINK,
        Kind::File | Kind::Other => 0,
    };
    // Where files have no such bits, all may be executed.
    let bits = match entry.kind {
        Kind::Symlink => 0o777,
        Kind::File if cfg!(not(unix)) => 0o755,
        _ => entry.mode & 0o777,
    };
    bits | special | kind
}

/// A time that is another one for another content: by size and time alone files are told from those sent before.
fn made_at(content: &[u8]) -> i64 {
    let hash = Sha256::digest(content);
    let seconds = hash.iter().take(8).fold(0_i64, |sum, byte| (sum << 7) ^ i64::from(*byte));
    1_000_000_000 * 1_000_000_000 + (seconds & 0x00ff_ffff_ffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_has_another_size_than_it_was_listed_with_is_an_error() {
        for (content, size, wanted) in [("12345", 5, Ok(5)), ("123", 5, Err("shorter")), ("1234567", 5, Err("grew")), ("", 0, Ok(0))] {
            let (answers, mut out) = mpsc::channel(WAITING);
            let sending = Sending { answers, ledger: Arc::default(), paths: Arc::default() };
            let Ok(sent) = sending.send(7, content.as_bytes(), size) else { panic!("somebody listens") };
            let sent = sent.map_err(|error| error.to_string());
            match wanted {
                Ok(bytes) => assert_eq!(sent, Ok(bytes)),
                Err(word) => assert!(sent.unwrap_err().contains(word)),
            }
            let mut packets = Vec::new();
            while let Ok(packet) = out.try_recv() {
                packets.extend(packet.into_iter().map(Result::unwrap));
            }
            let complete = packets.last().is_some_and(|packet| packet.data.is_empty());
            assert_eq!(complete, wanted.is_ok(), "only a whole file is ended");
        }
    }

    #[test]
    fn what_is_asked_for_comes_plain_or_encoded() {
        let mut metadata = MetadataMap::new();
        for (key, value) in [("dir-name", "context"), ("followpaths", "a%2Fb+c"), ("followpaths-encoded", "1"), ("exclude-patterns", "#x")]
        {
            metadata.append(tonic::metadata::MetadataKey::from_bytes(key.as_bytes()).unwrap(), value.parse().unwrap());
        }
        let wanted = Wanted::read(&metadata);
        assert_eq!((wanted.name.as_str(), wanted.follow), ("context", vec!["a/b c".to_owned()]));
        assert!(wanted.ignore.matches("#x") && !wanted.ignore.matches("x"));
    }

    #[test]
    fn made_files_have_another_time_for_another_content() {
        assert_eq!(made_at(b"FROM a"), made_at(b"FROM a"));
        assert_ne!(made_at(b"FROM a"), made_at(b"FROM b"));
        assert!(made_at(b"") > 0);
    }
}
