//! A git repository without git: the tree of a commit, read from its objects, and the working tree as git sees it.
//! This file is the only one that names the library for git's objects.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use gix_hash::{Kind as HashKind, ObjectId, Prefix};
use gix_object::{FindExt, Kind as ObjectKind, TreeRefIter};
use gix_odb::HandleArc;
use ignore::gitignore::Gitignore;
use sha2::{Digest, Sha256};

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
    top: PathBuf,
    git_dir: PathBuf,
    /// Where a linked working tree shares its objects and references.
    common_dir: PathBuf,
    objects: Mutex<HandleArc>,
    trees: Mutex<HashMap<ObjectId, Arc<Vec<Child>>>>,
}

/// An entry of a tree object.
#[derive(Clone, Debug)]
struct Child {
    name: String,
    kind: Kind,
    mode: u32,
    id: ObjectId,
}

impl Repository {
    /// The repository that a folder lies in.
    pub fn of(dir: &Path) -> Result<Repository, String> {
        let dir = dir.canonicalize().map_err(|error| format!("{}: {error}", dir.display()))?;
        let top = dir.ancestors().find(|folder| folder.join(".git").exists());
        let top = top.ok_or_else(|| format!("{} lies in no git repository", dir.display()))?.to_owned();
        let git_dir = git_dir(&top)?;
        let common_dir = match std::fs::read_to_string(git_dir.join("commondir")) {
            Ok(path) => git_dir.join(path.trim()),
            Err(_) => git_dir.clone(),
        };
        let objects = gix_odb::at(common_dir.join("objects"), HashKind::Sha1).and_then(gix_odb::Handle::into_arc);
        let mut objects = objects.map_err(|error| format!("{}: {error}", common_dir.display()))?;
        objects.prevent_pack_unload();
        let prefix = dir.strip_prefix(&top).map(|path| path.to_string_lossy().replace('\\', "/")).unwrap_or_default();
        let (objects, trees) = (Mutex::new(objects), Mutex::new(HashMap::new()));
        Ok(Repository { prefix: normalize(&prefix), top, git_dir, common_dir, objects, trees })
    }

    /// The commit that a name means: a branch, a tag, `HEAD`, an id or the start of one, with `~N` and `^` after it.
    pub fn commit(&self, name: &str) -> Result<CommitId, String> {
        let unknown = || format!("`{name}` names no commit of this repository");
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
        Ok(CommitId(id))
    }

    /// The last commits up to one, that one first; of a merge its first parent is followed.
    pub fn history(&self, from: CommitId, count: usize) -> Vec<Commit> {
        let mut commits = Vec::new();
        let mut next = Some(from.0);
        while let Some(id) = next.filter(|_| commits.len() < count) {
            let mut buffer = Vec::new();
            let Ok(commit) = self.lock().find_commit(&id, &mut buffer).map(|commit| {
                let title = String::from_utf8_lossy(commit.message).lines().next().unwrap_or_default().to_owned();
                (title, commit.parents().next())
            }) else {
                break;
            };
            commits.push(Commit { id: CommitId(id), title: commit.0 });
            next = commit.1;
        }
        commits
    }

    /// The files of a commit. With `by_id` a file's digest is made of its id in git, which is quick and tells contents
    /// apart as well, but not the same as the disk's.
    pub fn tree(&self, commit: CommitId, by_id: bool) -> Result<CommitTree<'_>, String> {
        let mut buffer = Vec::new();
        let objects = self.lock();
        let found = objects.find_commit(&commit.0, &mut buffer).map(|commit| commit.tree());
        let root = found.map_err(|error| format!("commit {commit}: {error}"))?;
        drop(objects);
        Ok(CommitTree { repository: self, root, by_id, ignored: None })
    }

    /// The disk as git sees it: without what is ignored, and with the permissions that git keeps.
    pub fn working_tree<'d>(&self, disk: &'d Disk) -> WorkingTree<'d> {
        WorkingTree { disk, top: self.top.clone(), prefix: self.prefix.clone(), ignores: Mutex::default() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HandleArc> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
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
        let text = [&self.git_dir, &self.common_dir].iter().find_map(|dir| std::fs::read_to_string(dir.join(name)).ok());
        match text.as_deref().map(str::trim_end) {
            Some(text) => match text.strip_prefix("ref: ") {
                Some(target) => self.read_reference(target, depth + 1),
                None => ObjectId::from_hex(text.as_bytes()).ok(),
            },
            None => {
                let packed = std::fs::read_to_string(self.common_dir.join("packed-refs")).ok()?;
                let lines = packed.lines().filter_map(|line| line.split_once(' '));
                let (id, _) = lines.into_iter().find(|(_, full)| *full == name)?;
                ObjectId::from_hex(id.as_bytes()).ok()
            }
        }
    }

    fn by_prefix(&self, text: &str) -> Option<ObjectId> {
        let hex = text.len() >= 4 && text.len() <= 40 && text.bytes().all(|b| b.is_ascii_hexdigit());
        let prefix = Prefix::from_hex(&text.to_lowercase()).ok().filter(|_| hex)?;
        self.lock().lookup_prefix(prefix, None).ok()??.ok()
    }

    /// The commit behind a tag.
    fn peel(&self, mut id: ObjectId) -> Option<ObjectId> {
        for _ in 0..8 {
            let mut buffer = Vec::new();
            let objects = self.lock();
            let found = objects.find(&id, &mut buffer).ok()?;
            match found.kind {
                ObjectKind::Commit => return Some(id),
                ObjectKind::Tag => {
                    let line = found.data.split(|b| *b == b'\n').next()?.strip_prefix(b"object ")?;
                    id = ObjectId::from_hex(line).ok()?;
                }
                _ => return None,
            }
        }
        None
    }

    fn parents(&self, id: ObjectId) -> Vec<ObjectId> {
        let mut buffer = Vec::new();
        self.lock().find_commit(&id, &mut buffer).map(|commit| commit.parents().collect()).unwrap_or_default()
    }

    fn children(&self, id: ObjectId) -> Arc<Vec<Child>> {
        if let Some(known) = self.trees.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return Arc::clone(known);
        }
        let mut buffer = Vec::new();
        let objects = self.lock();
        let mut children: Vec<Child> = match objects.find(&id, &mut buffer) {
            Ok(found) if found.kind == ObjectKind::Tree => {
                TreeRefIter::from_bytes(found.data, HashKind::Sha1).filter_map(Result::ok).filter_map(child).collect()
            }
            _ => Vec::new(),
        };
        drop(objects);
        children.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let children = Arc::new(children);
        self.trees.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::clone(&children));
        children
    }

    fn blob(&self, id: ObjectId) -> Result<Vec<u8>, FileError> {
        let mut buffer = Vec::new();
        let objects = self.lock();
        match objects.find(&id, &mut buffer) {
            Ok(found) => Ok(found.data.to_vec()),
            Err(error) => Err(FileError::Other(error.to_string())),
        }
    }
}

/// `.git`, or where the file of that name leads.
fn git_dir(top: &Path) -> Result<PathBuf, String> {
    let path = top.join(".git");
    if path.is_dir() {
        return Ok(path);
    }
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let target = text.trim().strip_prefix("gitdir: ").ok_or_else(|| format!("{} names no repository", path.display()))?;
    Ok(top.join(target))
}

fn child(entry: gix_object::tree::EntryRef<'_>) -> Option<Child> {
    let (kind, mode) = match (entry.mode.is_tree() || entry.mode.is_commit(), entry.mode.is_link(), entry.mode.is_executable()) {
        (true, ..) => (Kind::Dir, 0o755),
        (_, true, _) => (Kind::Symlink, 0o777),
        (_, _, true) => (Kind::File, 0o755),
        _ => (Kind::File, 0o644),
    };
    Some(Child { name: String::from_utf8(entry.filename.to_vec()).ok()?, kind, mode, id: entry.oid.to_owned() })
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
            let top = self.repository.top.to_string_lossy().replace('\\', "/");
            strip_prefix(&top, &normalize(path))?.to_owned()
        } else {
            join(&self.repository.prefix, path)
        };
        (full != ".." && !full.starts_with("../")).then_some(full)
    }

    /// What stands at a path; links on the way are followed, and the last one where it is asked for.
    fn find(&self, path: &str, follow: bool) -> Option<Child> {
        let mut open: Vec<String> = self.inside(path)?.split('/').rev().filter(|p| *p != ".").map(str::to_owned).collect();
        let root = Child { name: String::new(), kind: Kind::Dir, mode: 0o755, id: self.root };
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
        let entry = |child: &Child| Entry { name: child.name.clone(), kind: child.kind, size: 0, mode: child.mode };
        Ok(self.repository.children(found.id).iter().map(entry).collect())
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
            false => Ok(Sha256::digest(self.repository.blob(found.id)?).into()),
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
