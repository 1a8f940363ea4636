//! A folder's files with their digests.

use std::collections::HashMap;

use crate::files::{self, Kind};
use crate::plan::recipe::{Identity, Selection, hash};

/// More links than this are not followed on one path.
const MAX_LINKS: usize = 40;

/// A file, folder or link of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Path from the tree's root.
    pub path: String,
    /// What it is.
    pub kind: Kind,
    /// Unix mode bits.
    pub mode: u32,
    /// A link's target.
    pub link: Option<String>,
    /// A file's content, where it was read.
    pub digest: Option<Identity>,
}

impl Node {
    /// One identity for the node itself, without what lies below it.
    fn identity(&self) -> Identity {
        let kind: &[u8] = match self.kind {
            Kind::File => b"file",
            Kind::Dir => b"dir",
            Kind::Symlink => b"link",
            Kind::Other => b"other",
        };
        let content = self.digest.as_ref().map_or(&[][..], <[u8; 32]>::as_slice);
        hash(&[kind, &self.mode.to_le_bytes(), self.link.as_deref().unwrap_or_default().as_bytes(), content])
    }
}

/// Files and folders, each folder before what is in it.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// What is in it.
    pub nodes: Vec<Node>,
    places: HashMap<String, usize>,
}

impl Tree {
    /// A tree of these nodes.
    pub fn new(nodes: Vec<Node>) -> Tree {
        let places = nodes.iter().enumerate().map(|(n, node)| (node.path.clone(), n)).collect();
        Tree { nodes, places }
    }

    /// The node that a path leads to, links followed; the root has none.
    pub(super) fn resolve(&self, path: &str) -> Option<Found> {
        let mut open: Vec<String> = parts(path);
        let mut at: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = open.pop() {
            if part == ".." {
                at.pop();
                continue;
            }
            at.push(part);
            let &place = self.places.get(&at.join("/"))?;
            let node = self.nodes.get(place)?;
            if let (Kind::Symlink, Some(target)) = (node.kind, &node.link) {
                links += 1;
                if links > MAX_LINKS {
                    return None;
                }
                at.pop();
                if target.starts_with('/') {
                    at.clear();
                }
                open.extend(parts(target));
            }
        }
        match at.join("/") {
            root if root.is_empty() => Some(Found::Root),
            path => self.places.get(&path).map(|&place| Found::Node(place)),
        }
    }

    /// The places of all that lies below a node, or below the root.
    pub(super) fn below(&self, found: &Found) -> std::ops::Range<usize> {
        let Found::Node(place) = *found else { return 0..self.nodes.len() };
        let Some(node) = self.nodes.get(place) else { return 0..0 };
        let after = self.nodes.get(place + 1..).unwrap_or_default();
        let inside = |path: &str| path.strip_prefix(node.path.as_str()).is_some_and(|rest| rest.starts_with('/'));
        place + 1..place + 1 + after.partition_point(|other| inside(&other.path))
    }

    /// A node's place, and those of the folders that it lies in.
    pub(in crate::plan) fn with_folders(&self, place: usize) -> Vec<usize> {
        let path = self.nodes.get(place).map_or("", |node| node.path.as_str());
        let folders = path.match_indices('/').filter_map(|(at, _)| self.places.get(path.get(..at)?));
        folders.copied().chain([place]).collect()
    }

    /// One identity for what a selection means.
    pub fn digest(&self, selection: &Selection) -> Identity {
        let mut all = hash(&[b"selection"]);
        for (label, place) in self.select(selection) {
            let node = self.nodes.get(place).map(Node::identity).unwrap_or_default();
            all = hash(&[&all, label.as_bytes(), &node]);
        }
        all
    }

    /// What differs in what a selection means between an earlier tree and this one: the path, and what became of it.
    pub fn changes(&self, earlier: &Tree, selection: &Selection) -> Vec<(String, &'static str)> {
        let places = |tree: &Tree| -> Vec<(String, Option<Node>)> {
            tree.select(selection).into_iter().map(|(label, place)| (label, tree.nodes.get(place).cloned())).collect()
        };
        let (then, now) = (places(earlier), places(self));
        let before: HashMap<&str, &Node> = then.iter().filter_map(|(label, node)| Some((label.as_str(), node.as_ref()?))).collect();
        let after: HashMap<&str, &Node> = now.iter().filter_map(|(label, node)| Some((label.as_str(), node.as_ref()?))).collect();
        let mut found = Vec::new();
        for (label, node) in now.iter().filter_map(|(label, node)| Some((label, node.as_ref()?))) {
            match before.get(label.as_str()) {
                None => found.push((node.path.clone(), "is new")),
                Some(old) if old.identity() == node.identity() => {}
                Some(old) if (old.kind, &old.link, old.digest) == (node.kind, &node.link, node.digest) => {
                    found.push((node.path.clone(), "has other permissions"));
                }
                Some(_) => found.push((node.path.clone(), "changed")),
            }
        }
        let gone = then.iter().filter_map(|(label, node)| Some((label, node.as_ref()?)));
        found.extend(gone.filter(|(label, _)| !after.contains_key(label.as_str())).map(|(_, node)| (node.path.clone(), "is gone")));
        // A folder that came or went with what is in it says less than the file.
        let more: Vec<(String, &'static str)> = found
            .iter()
            .filter(|(path, what)| {
                let inside = |other: &str| other.strip_prefix(path.as_str()).is_some_and(|rest| rest.starts_with('/'));
                !found.iter().any(|(other, same)| same == what && inside(other))
            })
            .take(1000)
            .cloned()
            .collect();
        more
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Root,
    Node(usize),
}

/// The parts of a path, the last one first.
fn parts(path: &str) -> Vec<String> {
    path.split('/').rev().filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
}

/// `path` seen from the folder `dir`; the folder itself is the empty path.
pub(super) fn relative<'p>(dir: &str, path: &'p str) -> &'p str {
    match files::strip_prefix(if dir.is_empty() { "." } else { dir }, path) {
        Some(".") | None => "",
        Some(rest) => rest,
    }
}
