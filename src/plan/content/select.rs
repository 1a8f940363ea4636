//! Which files COPY, ADD and mounts mean. Each comes with its label: the part of its name that counts.

use super::Tree;
use super::tree::{Found, relative};
use crate::files::{self, Kind};
use crate::plan::recipe::Selection;
use crate::syntax::dockerignore::{Glob, IgnoreFile, Inherited};

type Chosen = Vec<(String, usize)>;

impl Tree {
    /// The nodes that a selection means, with their labels.
    pub fn select(&self, selection: &Selection) -> Chosen {
        let mut chosen = Chosen::new();
        let filter = Filter::new(selection);
        if !selection.wildcard {
            if let Some(found) = self.resolve(&selection.path) {
                self.take(found, "", filter.as_ref(), &mut chosen);
            }
            return chosen;
        }
        let parts: Vec<&str> = selection.path.split('/').collect();
        let plain = parts.iter().position(|part| part.contains(['*', '?', '[', '\\'])).unwrap_or(0);
        let (dir, pattern) = parts.split_at(plain.min(parts.len()));
        let globs: Vec<Option<Glob>> = pattern.iter().map(|part| Glob::new(part)).collect();
        let Some(base) = self.resolve(&dir.join("/")) else { return chosen };
        for (label, place) in self.matching(base, &globs) {
            // What a pattern matches is followed where it is a link, unlike what lies below it.
            match self.nodes.get(place) {
                Some(node) if node.kind == Kind::Symlink => match self.resolve(&node.path) {
                    Some(found) => self.take(found, &label, filter.as_ref(), &mut chosen),
                    None => chosen.push((label, place)),
                },
                _ => self.take(Found::Node(place), &label, filter.as_ref(), &mut chosen),
            }
        }
        chosen
    }

    /// What matches a pattern part by part, below a folder; its label is the path from there.
    fn matching(&self, base: Found, globs: &[Option<Glob>]) -> Chosen {
        let dir = self.path(base).to_owned();
        let matches = |place: usize| {
            let label = relative(&dir, &self.nodes.get(place)?.path);
            let parts = label.split('/');
            let same = parts.clone().count() == globs.len();
            let fits = same && parts.zip(globs).all(|(part, glob)| glob.as_ref().is_some_and(|glob| glob.is_match(part)));
            fits.then(|| (label.to_owned(), place))
        };
        self.below(&base).filter_map(matches).collect()
    }

    fn path(&self, found: Found) -> &str {
        match found {
            Found::Root => "",
            Found::Node(place) => self.nodes.get(place).map_or("", |node| node.path.as_str()),
        }
    }

    /// Takes a node and all below it, as far as the filter lets it through.
    fn take(&self, found: Found, label: &str, filter: Option<&Filter>, chosen: &mut Chosen) {
        let dir = self.path(found).to_owned();
        let named = |rest: &str| if label.is_empty() { rest.to_owned() } else { format!("{label}/{rest}") };
        let Some(filter) = filter else {
            // The root itself is not sent, so that its own mode never counts.
            if let Found::Node(place) = found {
                chosen.push((label.to_owned(), place));
            }
            chosen.extend(self.below(&found).map(|place| (named(relative(&dir, self.nodes.get(place).map_or("", |n| &n.path))), place)));
            return;
        };
        let mut open: Vec<Folder> = Vec::new();
        let own = match found {
            Found::Node(place) => Some(place),
            Found::Root => None,
        };
        for place in own.into_iter().chain(self.below(&found)) {
            let Some(node) = self.nodes.get(place) else { continue };
            let rest = relative(&dir, &node.path);
            while open.last().is_some_and(|folder| !folder.path.is_empty() && files::strip_prefix(&folder.path, rest).is_none()) {
                open.pop();
            }
            let (wanted, held) = filter.step(rest, open.last());
            let label = if rest.is_empty() { label.to_owned() } else { named(rest) };
            if wanted {
                for folder in open.iter_mut().filter(|folder| !folder.taken) {
                    folder.taken = true;
                    chosen.push((folder.label.clone(), folder.place));
                }
                chosen.push((label.clone(), place));
            }
            if node.kind == Kind::Dir {
                open.push(Folder { path: rest.to_owned(), label, place, taken: wanted, held });
            }
        }
    }
}

/// A folder that is being looked through.
struct Folder {
    path: String,
    label: String,
    place: usize,
    /// It is among the chosen: the folders above a chosen file always are.
    taken: bool,
    held: (Inherited, Inherited),
}

/// `--parents` and `--exclude`.
struct Filter {
    include: Option<IgnoreFile>,
    exclude: IgnoreFile,
}

impl Filter {
    fn new(selection: &Selection) -> Option<Filter> {
        if selection.include.is_empty() && selection.exclude.is_empty() {
            return None;
        }
        let include = (!selection.include.is_empty()).then(|| IgnoreFile::of(&selection.include));
        Some(Filter { include, exclude: IgnoreFile::of(&selection.exclude) })
    }

    fn step(&self, path: &str, above: Option<&Folder>) -> (bool, (Inherited, Inherited)) {
        let none = (Inherited::default(), Inherited::default());
        let held = above.map_or(&none, |folder| &folder.held);
        let (included, include) = match &self.include {
            Some(include) => include.step(path, &held.0),
            None => (true, Inherited::default()),
        };
        let (excluded, exclude) = self.exclude.step(path, &held.1);
        (included && !excluded, (include, exclude))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::content::Node;

    fn tree(paths: &[&str]) -> Tree {
        let node = |path: &&str| {
            let (path, link) = path.split_once("->").map_or((*path, None), |(path, link)| (path, Some(link.to_owned())));
            let kind = if link.is_some() {
                Kind::Symlink
            } else if path.ends_with('/') {
                Kind::Dir
            } else {
                Kind::File
            };
            Node { path: path.trim_end_matches('/').to_owned(), kind, mode: 0o644, link, digest: None }
        };
        Tree::new(paths.iter().map(node).collect())
    }

    fn labels(tree: &Tree, path: &str, include: &[&str], exclude: &[&str]) -> Vec<String> {
        let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let wildcard = path.contains(['*', '?', '[']);
        let selection = Selection { path: path.to_owned(), wildcard, include: own(include), exclude: own(exclude) };
        tree.select(&selection).into_iter().map(|(label, place)| format!("{label}={}", tree.nodes[place].path)).collect()
    }

    #[test]
    fn paths_mean_themselves_and_what_is_below() {
        let tree = tree(&["a/", "a/b/", "a/b/c", "a/l->../x", "a.txt", "d->a", "x", "y->nowhere"]);
        assert_eq!(labels(&tree, "", &[], &[]).len(), 8);
        assert_eq!(labels(&tree, "a", &[], &[]), ["=a", "b=a/b", "b/c=a/b/c", "l=a/l"], "links inside stay links");
        assert_eq!(labels(&tree, "d/b", &[], &[]), ["=a/b", "c=a/b/c"], "links on the way are followed");
        assert_eq!(labels(&tree, "d/l", &[], &[]), ["=x"]);
        assert!(labels(&tree, "y", &[], &[]).is_empty() && labels(&tree, "nothing", &[], &[]).is_empty());
    }

    #[test]
    fn patterns_match_part_by_part() {
        let tree = tree(&["a/", "a/x.go", "a/y.c", "b/", "b/sub/", "b/sub/x.go", "l.go->a/x.go", "x.go"]);
        assert_eq!(labels(&tree, "*.go", &[], &[]), ["l.go=a/x.go", "x.go=x.go"]);
        assert_eq!(labels(&tree, "*/*.go", &[], &[]), ["a/x.go=a/x.go"]);
        assert_eq!(labels(&tree, "a/[xy].?", &[], &[]), ["y.c=a/y.c"]);
        assert_eq!(labels(&tree, "b*", &[], &[]), ["b=b", "b/sub=b/sub", "b/sub/x.go=b/sub/x.go"]);
        assert!(labels(&tree, "*.rs", &[], &[]).is_empty());
    }

    #[test]
    fn filters_keep_the_folders_above_what_they_let_through() {
        let tree = tree(&["d/", "d/r.md", "d/s/", "d/s/r.md", "d/s/x", "e/", "e/go.mod"]);
        assert_eq!(labels(&tree, "d", &[], &["*.md"]), ["=d", "s=d/s", "s/r.md=d/s/r.md", "s/x=d/s/x"]);
        assert_eq!(labels(&tree, "d", &[], &["**/*.md", "s/x"]), ["=d", "s=d/s"]);
        assert_eq!(labels(&tree, "", &["**/go.mod"], &[]), ["e=e", "e/go.mod=e/go.mod"]);
        assert_eq!(labels(&tree, "", &["d/s"], &["**/x"]), ["d=d", "d/s=d/s", "d/s/r.md=d/s/r.md"]);
    }
}
