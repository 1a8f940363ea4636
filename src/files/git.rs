//! A git repository without git: the tree of a commit, read from its objects, and the working tree as git sees it.
//! This file is the only one that names the library for git's objects.

mod places;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gix_hash::{Kind as HashKind, ObjectId, Prefix};
use gix_object::{FindExt, Kind as ObjectKind, TreeRefIter};
use gix_odb::HandleArc;
use ignore::gitignore::Gitignore;
use sha2::{Digest, Sha256};

use self::places::Places;
use super::{Disk, Entry, FileError, Files, Kind, file_name, join, normalize, parent, strip_prefix};

/// More links than this are not followed on one path.
const MAX_LINKS: usize = 40;

/// A commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CommitId(ObjectId);

impl std::fmt::Display for CommitId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A commit as people see it.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// The first line of its message.
    pub title: String,
}

/// A repository that holds a folder of the disk.
pub struct Repository {
    /// The working folder's path in the repository.
    prefix: String,
    places: Places,
    /// Its own objects first, then those of its submodules.
    objects: Mutex<Vec<HandleArc>>,
    trees: Mutex<HashMap<ObjectId, Arc<Vec<Child>>>>,
}

/// An entry of a tree object.
#[derive(Clone, Debug)]
struct Child {
    name: String,
    kind: Kind,
    mode: u32,
    id: ObjectId,
    /// It is a commit of another repository.
    submodule: bool,
}

impl Repository {
    /// The repository that a folder lies in.
    pub fn of(dir: &Path) -> Result<Repository, String> {
        let dir = dir.canonicalize().map_err(|error| format!("{}: {error}", dir.display()))?;
        let places = Places::of(&dir)?;
        let mut stores = Vec::new();
        for (n, path) in places.objects().into_iter().enumerate() {
            match gix_odb::at(&path, HashKind::Sha1).and_then(gix_odb::Handle::into_arc) {
                Ok(mut store) => {
                    store.prevent_pack_unload();
                    stores.push(store);
                }
                Err(error) if n == 0 => return Err(format!("{}: {error}", path.display())),
                Err(_) => {}
            }
        }
        let prefix = dir.strip_prefix(&places.top).map(|path| path.to_string_lossy().replace('\\', "/")).unwrap_or_default();
        let (objects, trees) = (Mutex::new(stores), Mutex::new(HashMap::new()));
        Ok(Repository { prefix: normalize(&prefix), places, objects, trees })
    }

    /// The commit that a name means: a branch, a tag, `HEAD`, an id or the start of one, with `~N` and `^` after it.
    pub fn commit(&self, name: &str) -> Result<CommitId, String> {
        let unknown = || {
            let why = match self.reference("HEAD") {
                None if name == "HEAD" => "; it has no commit yet",
                _ if self.places.is_shallow() => "; it is a shallow clone, and `git fetch --unshallow` brings the rest",
                _ => "",
            };
            format!("`{name}` names no commit of this repository{why}")
        };
        let end = name.find(['~', '^']).unwrap_or(name.len());
        let (base, mut steps) = name.split_at_checked(end).ok_or_else(unknown)?;
        let base = if base.is_empty() || base == "@" { "HEAD" } else { base };
        let mut id = self.peel(self.reference(base).ok_or_else(unknown)?).ok_or_else(unknown)?;
        while let Some(kind) = steps.chars().next() {
            steps = steps.get(1..).unwrap_or_default();
            let digits = steps.find(|c: char| !c.is_ascii_digit()).unwrap_or(steps.len());
            let (number, rest) = steps.split_at_checked(digits).ok_or_else(unknown)?;
            let number: usize = if number.is_empty() { 1 } else { number.parse().map_err(|_| unknown())? };
            steps = rest;
            match kind {
                '~' => {
                    for _ in 0..number {
                        id = self.parents(id).first().copied().ok_or_else(unknown)?;
                    }
                }
                '^' if number > 0 => id = self.parents(id).get(number - 1).copied().ok_or_else(unknown)?,
                '^' => {}
                _ => return Err(unknown()),
            }
        }
        // Of a shallow clone the last commits name parents that are not there.
        self.read_commit(id).map(|_| CommitId(id)).ok_or_else(unknown)
    }

    /// The last commits up to one, that one first; of a merge its first parent is followed.
    pub fn history(&self, from: CommitId, count: usize) -> Vec<Commit> {
        let mut commits = Vec::new();
        let mut next = Some(from.0);
        while let Some(id) = next.filter(|_| commits.len() < count) {
            let Some((title, _, parents)) = self.read_commit(id) else { break };
            commits.push(Commit { id: CommitId(id), title });
            next = parents.first().copied();
        }
        commits
    }

    /// The files of a commit. With `by_id` a file's digest is made of its id in git, which is quick and tells contents
    /// apart as well, but not the same as the disk's.
    pub fn tree(&self, commit: CommitId, by_id: bool) -> Result<CommitTree<'_>, String> {
        let (_, root, _) = self.read_commit(commit.0).ok_or_else(|| format!("the commit {commit} is not in this repository"))?;
        Ok(CommitTree { repository: self, root, by_id, ignored: None })
    }

    /// The disk as git sees it: without what is ignored, and with the permissions that git keeps.
    pub fn working_tree<'d>(&self, disk: &'d Disk) -> WorkingTree<'d> {
        WorkingTree { disk, top: self.places.top.clone(), prefix: self.prefix.clone(), ignores: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<HandleArc>> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object of the repository or of one of its submodules: what it is, and its bytes.
    fn object(&self, id: ObjectId) -> Option<(ObjectKind, Vec<u8>)> {
        let mut buffer = Vec::new();
        let stores = self.lock();
        stores.iter().find_map(|store| {
            let found = store.find(&id, &mut buffer).ok()?;
            Some((found.kind, found.data.to_vec()))
        })
    }

    /// The first line of a commit's message, its tree and its parents.
    fn read_commit(&self, id: ObjectId) -> Option<(String, ObjectId, Vec<ObjectId>)> {
        let mut buffer = Vec::new();
        let stores = self.lock();
        stores.iter().find_map(|store| {
            let commit = store.find_commit(&id, &mut buffer).ok()?;
            let title = String::from_utf8_lossy(commit.message).lines().next().unwrap_or_default().to_owned();
            Some((title, commit.tree(), commit.parents().collect()))
        })
    }

    fn reference(&self, name: &str) -> Option<ObjectId> {
        let places = ["{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD"];
        let by_name = places.iter().find_map(|place| self.read_reference(&place.replace("{}", name), 0));
        by_name.or_else(|| self.by_prefix(name))
    }

    fn read_reference(&self, name: &str, depth: usize) -> Option<ObjectId> {
        if depth > 8 || name.split('/').any(|part| part == "..") {
            return None;
        }
        let text = [&self.places.git_dir, &self.places.common_dir].iter().find_map(|dir| std::fs::read_to_string(dir.join(name)).ok());
        match text.as_deref().map(str::trim_end) {
            Some(text) => match text.strip_prefix("ref: ") {
                Some(target) => self.read_reference(target, depth + 1),
                None => ObjectId::from_hex(text.as_bytes()).ok(),
            },
            None => {
                let packed = std::fs::read_to_string(self.places.common_dir.join("packed-refs")).ok()?;
                let lines = packed.lines().filter_map(|line| line.split_once(' '));
                let (id, _) = lines.into_iter().find(|(_, full)| *full == name)?;
                ObjectId::from_hex(id.as_bytes()).ok()
            }
        }
    }

    fn by_prefix(&self, text: &str) -> Option<ObjectId> {
        let hex = text.len() >= 4 && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let prefix = Prefix::from_hex(&text.to_lowercase()).ok().filter(|_| hex)?;
        self.lock().first()?.lookup_prefix(prefix, None).ok()??.ok()
    }

    /// The commit behind a tag.
    fn peel(&self, mut id: ObjectId) -> Option<ObjectId> {
        for _ in 0..8 {
            match self.object(id)? {
                (ObjectKind::Commit, _) => return Some(id),
                (ObjectKind::Tag, data) => {
                    let line = data.split(|b| *b == b'\n').next()?.strip_prefix(b"object ")?;
                    id = ObjectId::from_hex(line).ok()?;
                }
                _ => return None,
            }
        }
        None
    }

    fn parents(&self, id: ObjectId) -> Vec<ObjectId> {
        self.read_commit(id).map(|(_, _, parents)| parents).unwrap_or_default()
    }

    fn children(&self, id: ObjectId) -> Arc<Vec<Child>> {
        if let Some(known) = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Arc::clone(known);
        }
        let found = match self.object(id) {
            // A submodule is a commit of another repository.
            Some((ObjectKind::Commit, _)) => self.read_commit(id).and_then(|(_, tree, _)| self.object(tree)),
            found => found,
        };
        let mut children: Vec<Child> = match found {
            Some((ObjectKind::Tree, data)) => {
                TreeRefIter::from_bytes(&data, HashKind::Sha1).filter_map(Result::ok).filter_map(child).collect()
            }
            _ => Vec::new(),
        };
        // Of one that was never fetched nothing is in the working tree either.
        children.retain(|child| !child.submodule || self.read_commit(child.id).is_some());
        children.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let children = Arc::new(children);
        self.trees.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&children));
        children
    }

    /// A folder without any file in it, as those are that hold nothing but submodules which were never fetched.
    fn is_hollow(&self, child: &Child) -> bool {
        child.kind == Kind::Dir && self.children(child.id).iter().all(|below| self.is_hollow(below))
    }

    fn blob(&self, id: ObjectId) -> Result<Vec<u8>, FileError> {
        let found = self.object(id).map(|(_, data)| data);
        found.ok_or_else(|| FileError::Other(format!("the object {id} is not in this repository")))
    }
}

fn child(entry: gix_object::tree::EntryRef<'_>) -> Option<Child> {
    let (kind, mode) = match (entry.mode.is_tree() || entry.mode.is_commit(), entry.mode.is_link(), entry.mode.is_executable()) {
        (true, ..) => (Kind::Dir, 0o755),
        (_, true, _) => (Kind::Symlink, 0o777),
        (_, _, true) => (Kind::File, 0o755),
        _ => (Kind::File, 0o644),
    };
    let name = String::from_utf8(entry.filename.to_vec()).ok()?;
    Some(Child { name, kind, mode, id: entry.oid.to_owned(), submodule: entry.mode.is_commit() })
}

/// The files of a commit.
pub struct CommitTree<'r> {
    repository: &'r Repository,
    root: ObjectId,
    by_id: bool,
    ignored: Option<&'r WorkingTree<'r>>,
}

impl<'r> CommitTree<'r> {
    /// Files that git ignores are read from the disk where they are named: `.env` is in no commit.
    pub fn or_ignored(self, working: &'r WorkingTree<'r>) -> CommitTree<'r> {
        CommitTree { ignored: Some(working), ..self }
    }

    fn on_disk(&self, path: &str) -> Option<&WorkingTree<'r>> {
        self.ignored.filter(|working| working.ignored(parent(path), file_name(path), false))
    }

    /// A path as the repository has it; `None` for one outside.
    fn inside(&self, path: &str) -> Option<String> {
        let full = if path.starts_with('/') {
            let top = self.repository.places.top.to_string_lossy().replace('\\', "/");
            strip_prefix(&top, &normalize(path))?.to_owned()
        } else {
            join(&self.repository.prefix, path)
        };
        (full != ".." && !full.starts_with("../")).then_some(full)
    }

    /// What stands at a path; links on the way are followed, and the last one where it is asked for.
    fn find(&self, path: &str, follow: bool) -> Option<Child> {
        let mut open: Vec<String> = self.inside(path)?.split('/').rev().filter(|p| *p != ".").map(str::to_owned).collect();
        let root = Child { name: String::new(), kind: Kind::Dir, mode: 0o755, id: self.root, submodule: false };
        let mut above = vec![root];
        let mut links = 0;
        while let Some(part) = open.pop() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    above.pop().filter(|_| !above.is_empty())?;
                    continue;
                }
                _ => {}
            }
            let dir = above.last().filter(|dir| dir.kind == Kind::Dir)?;
            let children = self.repository.children(dir.id);
            let place = children.binary_search_by(|child| child.name.as_str().cmp(&part)).ok()?;
            let found = children.get(place)?.clone();
            if found.kind == Kind::Symlink && (follow || !open.is_empty()) {
                links += 1;
                let target = String::from_utf8(self.repository.blob(found.id).ok()?).ok()?;
                if links > MAX_LINKS || target.starts_with('/') {
                    return None;
                }
                open.extend(target.split('/').rev().map(str::to_owned));
                continue;
            }
            above.push(found);
        }
        above.pop()
    }
}

impl Files for CommitTree<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        match self.find(path, true) {
            Some(found) if found.kind == Kind::Dir => Err(FileError::IsDirectory),
            Some(found) => self.repository.blob(found.id),
            None => self.on_disk(path).map_or(Err(FileError::NotFound), |working| working.read(path)),
        }
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let found = self.find(dir, true).filter(|found| found.kind == Kind::Dir).ok_or(FileError::NotFound)?;
        let entry = |child: &Child| Entry { name: child.name.clone(), kind: child.kind, size: 0, mode: child.mode, modified: 0 };
        Ok(self.repository.children(found.id).iter().filter(|child| !self.repository.is_hollow(child)).map(entry).collect())
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        let found = self.find(path, true).or_else(|| self.find(path, false)).map(|found| found.kind);
        found.or_else(|| self.on_disk(path)?.kind(path))
    }

    fn mode(&self, path: &str) -> Option<u32> {
        self.find(path, true).map(|found| found.mode)
    }

    fn link(&self, path: &str) -> Option<String> {
        let found = self.find(path, false).filter(|found| found.kind == Kind::Symlink)?;
        String::from_utf8(self.repository.blob(found.id).ok()?).ok()
    }

    fn digest(&self, path: &str) -> Result<[u8; 32], FileError> {
        let found = self.find(path, true).ok_or(FileError::NotFound)?;
        match self.by_id {
            true => Ok(Sha256::digest(found.id.as_bytes()).into()),
            false => {
                let read = || {
                    let blob = self.repository.blob(found.id)?;
                    Ok((Sha256::digest(&blob).into(), blob.len() as u64))
                };
                match self.ignored {
                    Some(working) => working.disk.digest_once(&format!("git blob {}", found.id), read),
                    None => read().map(|(digest, _)| digest),
                }
            }
        }
    }
}

/// The disk as git sees it.
pub struct WorkingTree<'d> {
    disk: &'d Disk,
    top: PathBuf,
    prefix: String,
    ignores: Mutex<HashMap<String, Option<Arc<Gitignore>>>>,
}

impl WorkingTree<'_> {
    /// Whether git leaves out an entry of a folder.
    fn ignored(&self, dir: &str, name: &str, is_dir: bool) -> bool {
        if name == ".git" {
            return true;
        }
        let dir = join(&self.prefix, dir);
        let path = self.top.join(&dir).join(name);
        let mut at = dir.as_str();
        loop {
            let matched = self.ignore(at).map(|ignore| ignore.matched(&path, is_dir).map(|_| ()));
            match matched {
                Some(ignore::Match::Ignore(())) => return true,
                Some(ignore::Match::Whitelist(())) => return false,
                _ if at == "." || at.starts_with("..") => return false,
                _ => at = parent(at),
            }
        }
    }

    fn ignore(&self, dir: &str) -> Option<Arc<Gitignore>> {
        let mut known = self.ignores.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || {
            let file = self.top.join(dir).join(".gitignore");
            file.is_file().then(|| Arc::new(Gitignore::new(file).0))
        };
        known.entry(dir.to_owned()).or_insert_with(read).clone()
    }
}

impl Files for WorkingTree<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        self.disk.read(path)
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>, FileError> {
        let mut entries = self.disk.list(dir)?;
        entries.retain(|entry| !self.ignored(dir, &entry.name, entry.kind == Kind::Dir));
        for entry in &mut entries {
            entry.mode = if entry.kind == Kind::Dir || entry.mode & 0o100 != 0 { 0o755 } else { 0o644 };
        }
        // Git knows no empty folders.
        entries.retain(|entry| entry.kind != Kind::Dir || self.list(&join(dir, &entry.name)).is_ok_and(|below| !below.is_empty()));
        Ok(entries)
    }

    fn kind(&self, path: &str) -> Option<Kind> {
        self.disk.kind(path)
    }

    fn mode(&self, path: &str) -> Option<u32> {
        self.disk.mode(path)
    }

    fn link(&self, path: &str) -> Option<String> {
        self.disk.link(path)
    }

    fn digest(&self, path: &str) -> Result<[u8; 32], FileError> {
        self.disk.digest(path)
    }
}
