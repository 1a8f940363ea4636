//! Which part of a folder a build wants: the paths that it copies, and what links on the way to them lead to.

use std::collections::BTreeSet;
use std::path::Path;

use crate::files;
use crate::source::Sources;
use crate::syntax::dockerignore::{self, IgnoreFile};

/// More links than this are not followed.
const MAX_LINKS: usize = 10_000;

/// What is not wanted of the folder `root`, as an ignore file; `None` where all of it is.
pub(super) fn unwanted(root: &Path, paths: &[String]) -> Option<IgnoreFile> {
    let mut follow = Follow { root, seen: BTreeSet::new(), wanted: BTreeSet::new() };
    for path in paths {
        follow.path(path);
    }
    if follow.wanted.is_empty() || follow.wanted.contains("") {
        return None;
    }
    let lines: String = follow.wanted.iter().map(|path| format!("!{path}\n")).collect();
    let mut rules = patterns(&format!("**\n{lines}"));
    rules.errors.is_empty().then(|| std::mem::take(&mut rules))
}

/// The patterns that a builder sends along.
pub(super) fn patterns(text: &str) -> IgnoreFile {
    let mut sources = Sources::new();
    let id = sources.add("patterns", text.to_owned());
    dockerignore::parse(sources.get(id))
}

struct Follow<'a> {
    root: &'a Path,
    /// Places at which a path was looked at: what lies behind, and what is still to go.
    seen: BTreeSet<(String, String)>,
    wanted: BTreeSet<String>,
}

impl Follow<'_> {
    fn path(&mut self, path: &str) {
        let mut open = vec![(String::new(), clean(path))];
        while let Some((done, rest)) = open.pop() {
            if self.seen.len() > MAX_LINKS || !self.seen.insert((done.clone(), rest.clone())) {
                continue;
            }
            if rest.is_empty() {
                self.wanted.insert(done);
                continue;
            }
            let (part, rest) = rest.split_once('/').unwrap_or((&rest, ""));
            let here = files::join(&done, part);
            let here = if here == "." { String::new() } else { here };
            let links = self.links(&done, part);
            if !links.is_empty() {
                // The link itself is sent, too.
                self.wanted.insert(here.clone());
            }
            let wild = is_wild(part);
            for target in &links {
                open.push((String::new(), clean(&format!("{target}/{rest}"))));
            }
            if links.is_empty() || wild {
                open.push((here, rest.to_owned()));
            }
        }
    }

    /// Where the links named `part` in a folder lead, as paths from the root.
    fn links(&self, dir: &str, part: &str) -> Vec<String> {
        if !is_wild(part) {
            return self.link(dir, part).into_iter().collect();
        }
        let name = patterns(part);
        let entries = std::fs::read_dir(self.root.join(dir)).into_iter().flatten().flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        names.filter(|entry| name.matches(entry)).filter_map(|entry| self.link(dir, &entry)).collect()
    }

    fn link(&self, dir: &str, name: &str) -> Option<String> {
        let target = std::fs::read_link(self.root.join(dir).join(name)).ok()?;
        let target = target.to_str()?;
        Some(if target.starts_with('/') { clean(target) } else { clean(&format!("{dir}/{target}")) })
    }
}

fn is_wild(part: &str) -> bool {
    part.contains(['*', '?', '[', '\\'])
}

/// A path from the root of the context; what would lead out of it stays inside, as it does for the builder.
fn clean(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_wanted_with_what_they_lead_to() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        std::fs::create_dir_all(root.join("a/b")).unwrap();
        std::fs::create_dir(root.join("c")).unwrap();
        symlink("../c", root.join("a/link")).unwrap();
        symlink("/a/b", root.join("absolute")).unwrap();
        symlink("loop", root.join("loop")).unwrap();
        symlink("../../../c/x", root.join("a/out.txt")).unwrap();
        let wanted = |paths: &[&str]| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            unwanted(root, &paths).map(|rules| rules.patterns.iter().skip(1).map(|p| p.text.clone()).collect::<Vec<_>>())
        };
        assert_eq!(wanted(&["a/b/f"]), Some(vec!["a/b/f".to_owned()]));
        assert_eq!(wanted(&["a/link/f", "a/link/g"]), Some(vec!["a/link".to_owned(), "c/f".to_owned(), "c/g".to_owned()]));
        assert_eq!(wanted(&["/absolute"]), Some(vec!["a/b".to_owned(), "absolute".to_owned()]));
        assert_eq!(wanted(&["loop"]), Some(vec!["loop".to_owned()]));
        assert_eq!(
            wanted(&["a/*.txt"]),
            Some(vec!["a/*.txt".to_owned(), "a/out.txt".to_owned(), "c/x".to_owned()]).map(|mut v| {
                v.remove(1);
                v
            })
        );
        assert_eq!(wanted(&["."]), None);
        assert_eq!(wanted(&[]), None);
    }
}
