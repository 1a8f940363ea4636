//! Walks folders for files that may belong to a stack. git-ignored files are passed over, as are folders of other
//! people's code; what is named on the command line is always taken.

use std::path::Path;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use walkdir::{DirEntry, WalkDir};

use crate::files;
use crate::stack::{Candidate, role_of_name};

/// What a walk found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Files that may belong to the stack, sorted by path.
    pub candidates: Vec<Candidate>,
    /// Paths that could not be read, with the reason.
    pub unreadable: Vec<(String, String)>,
}

/// Folders that never hold a stack of one's own.
const SKIPPED: [&str; 12] =
    [".git", ".hg", ".svn", "node_modules", ".venv", "venv", "__pycache__", ".tox", ".terraform", "bower_components", ".direnv", ".idea"];

/// Deeper folders are not looked into.
const MAX_DEPTH: usize = 64;

/// Finds candidates below `paths`. Paths are as the user wrote them; found paths start with them, cleaned. What `exclude` says yes
/// to is passed over, unless it is named itself.
pub fn find(paths: &[String], exclude: &dyn Fn(&str) -> bool) -> Found {
    let mut found = Found::default();
    for path in paths {
        let clean = files::normalize(path);
        match std::fs::metadata(&clean) {
            Ok(meta) if meta.is_dir() => walk(&clean, ".", exclude, &mut found),
            Ok(meta) => {
                let size = meta.is_file().then_some(meta.len());
                found.candidates.push(Candidate { path: clean, explicit: true, size });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                found.unreadable.push((path.clone(), "no such file or folder".to_owned()))
            }
            Err(error) => found.unreadable.push((path.clone(), error.to_string())),
        }
    }
    found.candidates.sort_unstable();
    found.candidates.dedup_by(|later, kept| {
        let same = later.path == kept.path;
        kept.explicit |= same && later.explicit;
        same
    });
    found
}

/// The candidates below one folder, by their paths in it.
pub fn below(root: &str, exclude: &dyn Fn(&str) -> bool) -> Found {
    let mut found = Found::default();
    walk(root, root, exclude, &mut found);
    found.candidates.sort_unstable();
    found
}

/// Walks a folder; paths are told, and excluded, as they are seen from `base`.
fn walk(root: &str, base: &str, exclude: &dyn Fn(&str) -> bool, found: &mut Found) {
    let mut ignores = Ignores::above(Path::new(root));
    let mut entries = WalkDir::new(root).follow_links(false).max_depth(MAX_DEPTH).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                let path = error.path().map_or_else(|| root.to_owned(), display);
                let reason = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                found.unreadable.push((path, reason));
                continue;
            }
        };
        let path = display(entry.path());
        let path = files::strip_prefix(base, &path).map_or_else(|| path.clone(), str::to_owned);
        let dir = entry.file_type().is_dir();
        if entry.depth() > 0 && (skipped(&entry) || exclude(&path) || ignores.ignored(&entry)) {
            if dir {
                entries.skip_current_dir();
            }
            continue;
        }
        if dir {
            ignores.enter(&entry);
        } else if role_of_name(&path).is_some() && is_file(&entry) {
            found.candidates.push(Candidate { path, explicit: false, size: None });
        }
    }
}

fn skipped(entry: &DirEntry) -> bool {
    entry.file_type().is_dir() && entry.file_name().to_str().is_some_and(|name| SKIPPED.contains(&name))
}

/// A file, or a link that leads to one.
fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_file() || (entry.file_type().is_symlink() && std::fs::metadata(entry.path()).is_ok_and(|m| m.is_file()))
}

fn display(path: &Path) -> String {
    files::normalize(&path.to_string_lossy().replace('\\', "/"))
}

/// The `.gitignore` files of the folders from the repository's root down to the one that is walked.
struct Ignores {
    stack: Vec<(usize, Gitignore)>,
    in_repository: bool,
}

impl Ignores {
    /// Reads the ignore files above the walk's root, up to the repository's root.
    fn above(root: &Path) -> Ignores {
        let mut ignores = Ignores { stack: Vec::new(), in_repository: false };
        let Ok(absolute) = root.canonicalize() else { return ignores };
        let mut folders: Vec<&Path> = Vec::new();
        for dir in absolute.ancestors() {
            folders.push(dir);
            if dir.join(".git").exists() {
                ignores.in_repository = true;
                break;
            }
        }
        if ignores.in_repository {
            for dir in folders.into_iter().skip(1).collect::<Vec<_>>().into_iter().rev() {
                ignores.push(0, dir);
            }
            if let Some(top) = absolute.ancestors().find(|d| d.join(".git").exists()) {
                let mut builder = GitignoreBuilder::new(top);
                builder.add(top.join(".git/info/exclude"));
                if let Ok(matcher) = builder.build() {
                    ignores.stack.insert(0, (0, matcher));
                }
            }
        }
        ignores
    }

    fn push(&mut self, depth: usize, dir: &Path) {
        let file = dir.join(".gitignore");
        if file.is_file() {
            let (matcher, _) = Gitignore::new(file);
            self.stack.push((depth, matcher));
        }
    }

    fn enter(&mut self, entry: &DirEntry) {
        self.stack.retain(|(depth, _)| *depth == 0 || *depth <= entry.depth());
        if let Ok(dir) = entry.path().canonicalize() {
            self.push(entry.depth() + 1, &dir);
        }
    }

    fn ignored(&self, entry: &DirEntry) -> bool {
        if self.stack.is_empty() {
            return false;
        }
        let Some(parent) = entry.path().parent() else { return false };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let Ok(path) = parent.canonicalize().map(|p| p.join(entry.file_name())) else { return false };
        let dir = entry.file_type().is_dir();
        for (depth, matcher) in self.stack.iter().rev() {
            if *depth > entry.depth() || !path.starts_with(matcher.path()) {
                continue;
            }
            match matcher.matched(&path, dir) {
                ignore::Match::Ignore(_) => return true,
                ignore::Match::Whitelist(_) => return false,
                ignore::Match::None => {}
            }
        }
        false
    }
}
