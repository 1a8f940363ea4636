//! What steps read from folders on this machine: every file's digest once, and only of files that a step wants.

mod select;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

pub use tree::{Node, Tree};

use super::recipe::{ContextRef, Identity, Input, Selection, hash};
use super::{Plan, Problem};
use crate::files::{Files, Kind};
use crate::source::Sources;
use crate::stack::context::{Context, Ignore};

/// The contexts of a plan, by their place in [`Plan::contexts`].
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// What is sent: one folder with one ignore file once, however many Dockerfiles it is sent with.
    sent: Vec<Sent>,
    /// By the context's place, the place in `sent`.
    places: Vec<usize>,
}

/// What a context sends.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    /// The folder.
    pub dir: String,
    /// Its ignore file.
    pub ignore: Ignore,
    /// Its files. Digests are there once [`Contents::read`] has been called.
    pub tree: Tree,
    /// Number of files.
    pub files: usize,
    /// Size of all files together.
    pub bytes: u64,
}

impl Contents {
    /// Lists the contexts of a plan; one folder with one ignore file is listed once.
    pub fn list(plan: &Plan, disk: &dyn Files, sources: &mut Sources) -> Result<Contents, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut ignores = Vec::new();
        for ContextRef { dir, dockerfile } in &plan.contexts {
            // Nothing is ignored of a file that stands where a folder is meant; who builds says what it is.
            let is_file = disk.kind(dir) == Some(Kind::File);
            let found = if is_file { Ok(Ignore::default()) } else { Ignore::find(disk, dir, dockerfile.as_deref(), sources) };
            ignores.push(found.unwrap_or_else(|(path, error)| {
                problems.push(Problem::new(format!("cannot read {path}: {error}")));
                Ignore::default()
            }));
        }
        for error in ignores.iter().filter_map(Ignore::error) {
            problems.push(Problem { span: Some(error.span), message: error.message.clone(), help: error.help.clone() });
        }
        problems.dedup();
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut known: BTreeMap<(String, Option<String>), usize> = BTreeMap::new();
        let mut contents = Contents::default();
        for (context, ignore) in plan.contexts.iter().zip(ignores) {
            let next = contents.sent.len();
            let place = *known.entry((context.dir.clone(), ignore.path.clone())).or_insert(next);
            if place == next {
                contents.sent.push(sent(disk, &context.dir, ignore));
            }
            contents.places.push(place);
        }
        Ok(contents)
    }

    /// What a context sends.
    pub fn get(&self, context: usize) -> Option<&Sent> {
        self.sent.get(*self.places.get(context)?)
    }

    /// Reads the files that steps want, in parallel.
    pub fn read(&mut self, plan: &Plan, disk: &dyn Files) {
        let mut wanted: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (context, paths) in selections(plan) {
            let (Some(sent), Some(&place)) = (self.get(context), self.places.get(context)) else { continue };
            for path in paths {
                let nodes = sent.tree.select(path).into_iter().map(|(_, node)| node);
                wanted.extend(nodes.filter(|&n| sent.tree.nodes.get(n).is_some_and(|node| node.kind == Kind::File)).map(|n| (place, n)));
            }
        }
        let wanted: Vec<(usize, usize)> = wanted.into_iter().collect();
        let digests = crate::par::map(&wanted, usize::MAX, |&(place, node)| {
            let sent = self.sent.get(place)?;
            disk.digest(&crate::files::join(&sent.dir, &sent.tree.nodes.get(node)?.path)).ok()
        });
        for ((place, node), digest) in wanted.into_iter().zip(digests) {
            if let Some(node) = self.sent.get_mut(place).and_then(|sent| sent.tree.nodes.get_mut(node)) {
                node.digest = digest;
            }
        }
    }

    /// One identity for what a step reads of a context.
    pub(super) fn digest(&self, context: usize, paths: &[Selection]) -> Identity {
        let Some(sent) = self.get(context) else { return Identity::default() };
        let each: Vec<Identity> = paths.iter().map(|path| sent.tree.digest(path)).collect();
        hash(&each.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>())
    }
}

/// What the steps of a plan read of its contexts.
fn selections(plan: &Plan) -> impl Iterator<Item = (usize, &[Selection])> {
    plan.steps.iter().flat_map(|step| &step.recipe.inputs).filter_map(|input| match input {
        Input::Context { context, paths } => Some((*context, paths.as_slice())),
        _ => None,
    })
}

fn sent(disk: &dyn Files, dir: &str, ignore: Ignore) -> Sent {
    let dir = dir.to_owned();
    let Ok(context) = Context::list(disk, &dir, &ignore.rules) else { return Sent { dir, ignore, ..Sent::default() } };
    let (files, bytes) = (context.files().count(), context.total_bytes);
    let link = |path: &str| disk.link(&crate::files::join(&dir, path));
    let nodes = context.entries.into_iter().map(|entry| Node {
        link: if entry.kind == Kind::Symlink { link(&entry.path) } else { None },
        kind: entry.kind,
        mode: if entry.kind == Kind::Symlink { 0o777 } else { entry.mode },
        path: entry.path,
        digest: None,
    });
    let tree = Tree::new(nodes.collect());
    Sent { dir, tree, ignore, files, bytes }
}
