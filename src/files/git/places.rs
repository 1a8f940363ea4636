//! Where a repository keeps what, and whether it can be read here.

use std::path::{Path, PathBuf};

/// Submodules of submodules are followed so deep.
const MAX_DEPTH: usize = 4;

/// The folders of a repository.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// The working tree.
    pub top: PathBuf,
    /// The repository's own folder.
    pub git_dir: PathBuf,
    /// Where a linked working tree shares its objects and references.
    pub common_dir: PathBuf,
}

impl Places {
    /// The repository that a folder lies in; an error is a text for the user.
    pub(super) fn of(dir: &Path) -> Result<Places, String> {
        let top = dir.ancestors().find(|folder| folder.join(".git").exists());
        let top = top.ok_or_else(|| format!("{} lies in no git repository", dir.display()))?.to_owned();
        let git_dir = git_dir(&top)?;
        let common_dir = match std::fs::read_to_string(git_dir.join("commondir")) {
            Ok(path) => git_dir.join(path.trim()),
            Err(_) => git_dir.clone(),
        };
        let places = Places { top, git_dir, common_dir };
        match places.foreign() {
            Some(what) => Err(format!("{} {what}", places.top.display())),
            None => Ok(places),
        }
    }

    /// The folders of objects: its own, and those of its submodules, which the working tree's files come from as well.
    pub(super) fn objects(&self) -> Vec<PathBuf> {
        let mut all = vec![self.common_dir.join("objects")];
        modules(&self.common_dir.join("modules"), 0, &mut all);
        if self.git_dir != self.common_dir {
            modules(&self.git_dir.join("modules"), 0, &mut all);
        }
        all
    }

    /// Whether its history was cut when it was cloned.
    pub(super) fn is_shallow(&self) -> bool {
        self.common_dir.join("shallow").is_file()
    }

    /// What of its form is not known here.
    fn foreign(&self) -> Option<&'static str> {
        let config = std::fs::read_to_string(self.common_dir.join("config")).unwrap_or_default().to_lowercase();
        let setting = |name: &str| {
            let lines = config.lines().filter_map(|line| line.split_once('='));
            lines.filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned()).next_back()
        };
        if setting("objectformat").is_some_and(|format| format != "sha1") {
            return Some(
                "is a repository with SHA-256 ids, which are not read here; commits can be compared in repositories with SHA-1 ids only",
            );
        }
        if setting("refstorage").is_some_and(|storage| storage != "files") {
            return Some(
                "keeps its branches in a reftable, which is not read here; `git refs migrate --ref-format=files` turns them into files",
            );
        }
        None
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

/// Collects the objects of submodules; their names may have slashes, so that they lie at any depth.
fn modules(dir: &Path, depth: usize, all: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut folders: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    folders.sort_unstable();
    for folder in folders {
        let objects = folder.join("objects");
        if objects.is_dir() && folder.join("HEAD").is_file() {
            all.push(objects);
            modules(&folder.join("modules"), depth, all);
        } else if depth < MAX_DEPTH {
            modules(&folder, depth + 1, all);
        }
    }
}
