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
    /// What each sends.
    pub contexts: Vec<Sent>,
}

/// What a context sends.
#[derive(Clone, Debug, Default)]
pub struct Sent {
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
            let found = Ignore::find(disk, dir, dockerfile.as_deref(), sources);
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
        let mut contexts: Vec<Sent> = Vec::new();
        for (n, (context, ignore)) in plan.contexts.iter().zip(ignores).enumerate() {
            let same = known.entry((context.dir.clone(), ignore.path.clone())).or_insert(n);
            let sent = match contexts.get(*same) {
                Some(sent) => sent.clone(),
                None => sent(disk, &context.dir, ignore),
            };
            contexts.push(sent);
        }
        Ok(Contents { contexts })
    }

    /// Reads the files that steps want, in parallel.
    pub fn read(&mut self, plan: &Plan, disk: &dyn Files) {
        let mut wanted: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (context, paths) in selections(plan) {
            let Some(sent) = self.contexts.get(context) else { continue };
            for path in paths {
                let nodes = sent.tree.select(path).into_iter().map(|(_, node)| node);
                wanted.extend(nodes.filter(|&n| sent.tree.nodes.get(n).is_some_and(|node| node.kind == Kind::File)).map(|n| (context, n)));
            }
        }
        let wanted: Vec<(usize, usize)> = wanted.into_iter().collect();
        let digests = crate::par::map(&wanted, usize::MAX, |&(context, node)| {
            let dir = plan.contexts.get(context).map_or(".", |context| context.dir.as_str());
            let path = self.contexts.get(context).and_then(|sent| sent.tree.nodes.get(node)).map_or("", |node| node.path.as_str());
            disk.digest(&crate::files::join(dir, path)).ok()
        });
        for ((context, node), digest) in wanted.into_iter().zip(digests) {
            let node = self.contexts.get_mut(context).and_then(|sent| sent.tree.nodes.get_mut(node));
            if let (Some(node), Some(digest)) = (node, digest) {
                node.digest = Some(digest);
            }
        }
    }

    /// One identity for what a step reads of a context.
    pub(super) fn digest(&self, context: usize, paths: &[Selection]) -> Identity {
        let Some(sent) = self.contexts.get(context) else { return Identity::default() };
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
    let Ok(context) = Context::list(disk, dir, &ignore.rules) else { return Sent { ignore, ..Sent::default() } };
    let (files, bytes) = (context.files().count(), context.total_bytes);
    let link = |path: &str| disk.link(&crate::files::join(dir, path));
    let nodes = context.entries.into_iter().map(|entry| Node {
        link: if entry.kind == Kind::Symlink { link(&entry.path) } else { None },
        kind: entry.kind,
        mode: if entry.kind == Kind::Symlink { 0o777 } else { entry.mode },
        path: entry.path,
        digest: None,
    });
    Sent { tree: Tree::new(nodes.collect()), ignore, files, bytes }
}
