//! The keys under which the builder's cache would know the steps of a plan.

use super::content::Contents;
use super::graph;
use super::recipe::{Base, Identity, Input, Root, Selection, hash, hex};
use super::{Plan, images};

/// The keys of a plan's steps.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// By the step's place.
    pub steps: Vec<Key>,
    /// The steps, each after those that it needs.
    pub order: Vec<usize>,
    /// The stage that each image from outside is, where the plan builds it itself: by its name.
    pub(super) built: Vec<(String, usize)>,
}

/// What the builder would look up, and what that is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Key {
    /// All of it.
    pub key: Identity,
    /// What the step does.
    pub op: Identity,
    /// What it starts from.
    pub root: Identity,
    /// What it reads of folders on this machine.
    pub files: Identity,
    /// What it reads of stages and images, in order.
    pub inputs: Vec<Identity>,
}

impl Keys {
    /// Computes the keys; the contents must have been read.
    pub fn of(plan: &Plan, contents: &Contents) -> Keys {
        let mut keys = Keys { steps: vec![Key::default(); plan.steps.len()], order: graph::order_of(&plan.steps), built: built(plan) };
        for place in keys.order.clone() {
            let Some(step) = plan.steps.get(place) else { continue };
            let recipe = &step.recipe;
            let read: Vec<Identity> = recipe
                .inputs
                .iter()
                .filter_map(|input| match input {
                    Input::Context { context, paths } => Some(contents.digest(*context, paths)),
                    _ => None,
                })
                .collect();
            let files = hash(&read.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>());
            let known = |n: usize| keys.steps.get(n).map(|key| key.key).unwrap_or_default();
            let inputs = recipe.inputs.iter().filter_map(|input| keys.input(plan, input, &known)).collect();
            let key = Key { key: Identity::default(), op: recipe.op(), root: keys.root(plan, &recipe.root, &known), files, inputs };
            if let Some(slot) = keys.steps.get_mut(place) {
                *slot = key.sealed();
            }
        }
        keys
    }

    /// Writes the keys into the plan.
    pub fn enter(&self, plan: &mut Plan) {
        for (step, key) in plan.steps.iter_mut().zip(&self.steps) {
            step.key = Some(format!("sha256:{}", hex(&key.key)));
        }
    }

    /// The identity of a file system, given those of steps.
    pub(super) fn root(&self, plan: &Plan, root: &Root, step: &dyn Fn(usize) -> Identity) -> Identity {
        let base = match &root.base {
            Base::Scratch => hash(&[b"scratch"]),
            Base::Step(n) => step(*n),
            Base::Image { name, platform, .. } => match self.built(plan, name) {
                Some(root) => self.root(plan, root, step),
                None => hash(&[b"image", images::identity(name).as_bytes(), platform.as_bytes()]),
            },
        };
        if root.linked.is_empty() {
            return base;
        }
        let linked: Vec<Identity> = root.linked.iter().map(|n| step(*n)).collect();
        hash(&std::iter::once(base.as_slice()).chain(linked.iter().map(<[u8; 32]>::as_slice)).collect::<Vec<_>>())
    }

    /// The file system that an image's name stands for, where the plan builds it.
    pub(super) fn built<'p>(&self, plan: &'p Plan, name: &str) -> Option<&'p Root> {
        let (_, stage) = self.built.iter().find(|(built, _)| built == name)?;
        plan.stages.get(*stage).map(|stage| &stage.root)
    }

    /// The identity of what a step reads of a stage or an image.
    fn input(&self, plan: &Plan, input: &Input, step: &dyn Fn(usize) -> Identity) -> Option<Identity> {
        let (from, paths) = match input {
            Input::Context { .. } => return None,
            Input::Stage { root, paths, .. } => (self.root(plan, root, step), paths),
            Input::Outside { name, platform, paths } => match self.built(plan, name) {
                Some(root) => (self.root(plan, root, step), paths),
                None => (hash(&[b"outside", images::identity(name).as_bytes(), platform.as_bytes()]), paths),
            },
        };
        let paths: Vec<String> = paths.iter().map(Selection::text).collect();
        Some(hash(&[&from, paths.join("\n").as_bytes()]))
    }
}

impl Key {
    fn sealed(mut self) -> Key {
        let parts = [&self.op, &self.root, &self.files].into_iter().chain(&self.inputs);
        self.key = hash(&parts.map(<[u8; 32]>::as_slice).collect::<Vec<_>>());
        self
    }
}

/// The images from outside that the plan builds itself.
fn built(plan: &Plan) -> Vec<(String, usize)> {
    let recipes = || plan.steps.iter().map(|step| &step.recipe);
    let bases =
        recipes().map(|recipe| &recipe.root).chain(plan.stages.iter().map(|stage| &stage.root)).filter_map(|root| match &root.base {
            Base::Image { name, .. } => Some(name),
            _ => None,
        });
    let read = recipes().flat_map(|recipe| &recipe.inputs).filter_map(|input| match input {
        Input::Outside { name, .. } => Some(name),
        _ => None,
    });
    let mut names: Vec<&String> = bases.chain(read).collect();
    names.sort_unstable();
    names.dedup();
    let image = |name: &String| images::by_tag(&plan.images, name).and_then(|n| plan.images.get(n));
    names.into_iter().filter_map(|name| Some((name.clone(), image(name)?.stage))).collect()
}
