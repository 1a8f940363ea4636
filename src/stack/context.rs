//! The files that a build is sent: a folder after its ignore file.

use crate::files::{self, FileError, Files, Kind};
use crate::source::{FileId, Sources};
use crate::syntax::SyntaxError;
use crate::syntax::dockerignore::{self, IgnoreFile, Inherited};

/// More entries than this are not listed: no build survives sending them.
pub const MAX_ENTRIES: usize = 2_000_000;

/// The ignore file of a build.
#[derive(Clone, Debug, Default)]
pub struct Ignore {
    /// Its path; `None` where there is none.
    pub path: Option<String>,
    /// Its text, where it was read.
    pub file: Option<FileId>,
    /// What it says.
    pub rules: IgnoreFile,
}

/// What a build is sent.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The context's folder.
    pub dir: String,
    /// What is sent, a folder before what is in it, neighbours by name.
    pub entries: Vec<Entry>,
    /// Size of all files together.
    pub total_bytes: u64,
    /// Files and folders left out; a folder that is left out whole counts once.
    pub ignored: usize,
    /// Folders that could not be read, and why.
    pub unreadable: Vec<(String, FileError)>,
    /// The list was cut at [`MAX_ENTRIES`].
    pub truncated: bool,
}

/// A file, folder or link of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path from the context's folder.
    pub path: String,
    /// What it is; links are not followed, sockets and the like are not sent.
    pub kind: Kind,
    /// Size in bytes, for files.
    pub size: u64,
    /// Unix mode bits.
    pub mode: u32,
    /// When it was written, in nanoseconds since 1970; 0 where nobody knows.
    pub modified: i64,
}

impl Ignore {
    /// Finds and reads the ignore file: `<Dockerfile>.dockerignore` wins over the context's `.dockerignore`.
    pub fn find(files: &dyn Files, dir: &str, dockerfile: Option<&str>, sources: &mut Sources) -> Result<Ignore, (String, FileError)> {
        let own = dockerfile.map(|path| format!("{path}.dockerignore"));
        for path in own.into_iter().chain([files::join(dir, ".dockerignore")]) {
            if let Some(found) = Ignore::read(files, &path, sources)? {
                return Ok(found);
            }
        }
        Ok(Ignore::default())
    }

    /// Reads one ignore file; `None` where there is none.
    pub(super) fn read(files: &dyn Files, path: &str, sources: &mut Sources) -> Result<Option<Ignore>, (String, FileError)> {
        match files.read(path) {
            Ok(bytes) => {
                let file = sources.add_bytes(path, bytes);
                let rules = dockerignore::parse(sources.get(file));
                Ok(Some(Ignore { path: Some(path.to_owned()), file: Some(file), rules }))
            }
            Err(FileError::NotFound) => Ok(None),
            Err(error) => Err((path.to_owned(), error)),
        }
    }

    /// The first pattern that makes every builder refuse the file.
    pub fn error(&self) -> Option<&SyntaxError> {
        self.rules.errors.first()
    }
}

impl Context {
    /// Lists a folder, leaving out what the ignore file says. Ignored folders are not looked into, unless an
    /// exception may take something back below them.
    pub fn list(files: &dyn Files, dir: &str, ignore: &IgnoreFile) -> Result<Context, FileError> {
        Context::walk(files, dir, &[ignore], MAX_ENTRIES)
    }

    /// Lists a folder, but at most so many entries; `truncated` says that there are more. What stands in the folder itself is
    /// known already.
    pub(super) fn list_up_to(files: &dyn Files, dir: &str, here: Vec<files::Entry>, ignore: &IgnoreFile, limit: usize) -> Context {
        let mut walk = Walk::new(files, dir, std::slice::from_ref(&ignore), limit);
        walk.run(here);
        walk.context
    }

    /// Lists what neither of two ignore files leaves out: the folder's own, and one that says what is not wanted of it.
    pub fn list_within(files: &dyn Files, dir: &str, ignore: &IgnoreFile, unwanted: Option<&IgnoreFile>) -> Result<Context, FileError> {
        let ignores: Vec<&IgnoreFile> = std::iter::once(ignore).chain(unwanted).collect();
        Context::walk(files, dir, &ignores, MAX_ENTRIES)
    }

    fn walk(files: &dyn Files, dir: &str, ignores: &[&IgnoreFile], limit: usize) -> Result<Context, FileError> {
        match files.kind(dir) {
            Some(Kind::Dir) => {}
            Some(_) => return Err(FileError::Other("is no folder".to_owned())),
            None => return Err(FileError::NotFound),
        }
        let mut walk = Walk::new(files, dir, ignores, limit);
        let here = walk.entries("");
        walk.run(here);
        Ok(walk.context)
    }

    /// The files and links, folders left out.
    pub fn files(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.kind != Kind::Dir)
    }
}

/// A size as people read it: `3.1 kB`.
pub fn size(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 999.5 {
            return if unit == "B" || value >= 99.95 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

struct Walk<'a> {
    files: &'a dyn Files,
    ignores: &'a [&'a IgnoreFile],
    limit: usize,
    context: Context,
}

/// A folder that is being walked.
struct Open {
    path: String,
    inherited: Vec<Inherited>,
    rest: std::vec::IntoIter<files::Entry>,
    /// The folder itself is ignored, and is sent only once something below it is.
    pending: Option<Entry>,
}

impl<'a> Walk<'a> {
    fn new(files: &'a dyn Files, dir: &str, ignores: &'a [&'a IgnoreFile], limit: usize) -> Walk<'a> {
        Walk { files, ignores, limit, context: Context { dir: dir.to_owned(), ..Context::default() } }
    }

    /// Goes through the folder itself, whose entries are given, and all that is below.
    fn run(&mut self, here: Vec<files::Entry>) {
        let inherited = vec![Inherited::default(); self.ignores.len()];
        let mut open = vec![Open { path: String::new(), inherited, rest: here.into_iter(), pending: None }];
        while let Some(folder) = open.last_mut() {
            let Some(entry) = folder.rest.next() else {
                if open.pop().is_some_and(|folder| folder.pending.is_some()) {
                    self.context.ignored += 1;
                }
                continue;
            };
            if self.context.entries.len() >= self.limit {
                self.context.truncated = true;
                return;
            }
            let path = if folder.path.is_empty() { entry.name } else { format!("{}/{}", folder.path, entry.name) };
            let steps = self.ignores.iter().zip(&folder.inherited).map(|(ignore, inherited)| (ignore, ignore.step(&path, inherited)));
            let (mut ignored, mut opened, mut held) = (false, entry.kind == Kind::Dir, Vec::with_capacity(self.ignores.len()));
            for (ignore, (out, inherited)) in steps {
                ignored |= out;
                opened &= !out || ignore.may_take_back_below(&path);
                held.push(inherited);
            }
            let (kind, size, mode, modified) = (entry.kind, entry.size, entry.mode, entry.modified);
            let sent = Entry { path: path.clone(), kind, size, mode, modified };
            if opened {
                let pending = if ignored { Some(sent) } else { self.send(&mut open, sent) };
                open.push(self.open(path, held, pending));
            } else if ignored {
                self.context.ignored += 1;
            } else if entry.kind != Kind::Other {
                self.send(&mut open, sent);
            }
        }
    }

    fn open(&mut self, path: String, inherited: Vec<Inherited>, pending: Option<Entry>) -> Open {
        let rest = self.entries(&path).into_iter();
        Open { path, inherited, rest, pending }
    }

    fn entries(&mut self, path: &str) -> Vec<files::Entry> {
        self.files.list(&files::join(&self.context.dir, path)).unwrap_or_else(|error| {
            self.context.unreadable.push((path.to_owned(), error));
            Vec::new()
        })
    }

    /// Adds an entry, after the ignored folders that it lies in: they must be there to hold it.
    fn send(&mut self, open: &mut [Open], entry: Entry) -> Option<Entry> {
        let folders = open.iter_mut().filter_map(|folder| folder.pending.take());
        self.context.entries.extend(folders);
        self.context.total_bytes += entry.size;
        self.context.entries.push(entry);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    fn listed(tree: &[&str], ignore: &str) -> (Vec<String>, usize) {
        let mut files = Memory::new();
        for path in tree {
            files.insert(path, "xy");
        }
        if !ignore.is_empty() {
            files.insert("app/.dockerignore", ignore);
        }
        let mut sources = Sources::new();
        let found = Ignore::find(&files, "app", Some("app/Dockerfile"), &mut sources).unwrap_or_default();
        let context = Context::list(&files, "app", &found.rules).unwrap_or_default();
        (context.entries.into_iter().map(|entry| entry.path).collect(), context.ignored)
    }

    #[test]
    fn folders_come_before_what_they_hold_and_ignored_ones_are_skipped() {
        let (paths, ignored) =
            listed(&["app/b/x", "app/a", "app/node_modules/m/i.js", "app/logs/l"], "node_modules\nlogs/**\n.dockerignore\n");
        assert_eq!(paths, ["a", "b", "b/x", "logs"]);
        assert_eq!(ignored, 3);
    }

    #[test]
    fn what_is_taken_back_brings_its_folders_along_and_nothing_else() {
        let (paths, _) = listed(&["app/a/b/keep", "app/a/b/lose", "app/a/c/lose", "app/z"], "*\n!a/b/keep\n");
        assert_eq!(paths, ["a", "a/b", "a/b/keep"]);
    }

    #[test]
    fn the_dockerfiles_own_ignore_file_wins() {
        let mut files = Memory::new();
        files.insert("app/.dockerignore", "*\n").insert("deploy/api.docker.dockerignore", "y\n").insert("app/x", "").insert("app/y", "");
        let mut sources = Sources::new();
        let found = Ignore::find(&files, "app", Some("deploy/api.docker"), &mut sources).unwrap_or_default();
        assert_eq!(found.path.as_deref(), Some("deploy/api.docker.dockerignore"));
        let context = Context::list(&files, "app", &found.rules).unwrap_or_default();
        assert_eq!(context.files().map(|f| f.path.as_str()).collect::<Vec<_>>(), [".dockerignore", "x"]);
    }
}
