//! What would run again: the keys of a plan against what a builder's cache holds.

use std::collections::HashMap;

use super::cause::{Causes, above};
use super::content::Contents;
use super::keys::Keys;
use super::recipe::{Base, Identity, Input, Root, hash, hex};
use super::record::{Known, Record};
use super::{Cause, Plan};

/// More ways in which a step might be found are not followed.
const MAX_WAYS: usize = 64;

/// What is known of a step.
#[derive(Clone, Debug)]
enum Fate {
    /// It is in the cache.
    Cached,
    /// It runs.
    Runs,
    /// It is in the cache under one of these keys, if what it reads of another stage is what it was.
    Depends(Vec<Identity>),
}

/// Says of every step whether it would run again, and why.
pub fn predict(plan: &mut Plan, keys: &Keys, contents: &Contents, record: &Record) {
    let mut prophet = Prophet { keys, fates: vec![Fate::Runs; plan.steps.len()], known: HashMap::new() };
    for known in record.known() {
        prophet.known.entry((known.op.as_str(), known.files.as_str())).or_default().push(known);
    }
    let mut causes: Vec<Option<Cause>> = vec![None; plan.steps.len()];
    let teller = Causes::new(plan, keys, contents, record);
    for &place in &keys.order {
        let (fate, cause) = prophet.step(plan, place, &causes, &teller);
        if let (Some(slot), Some(told)) = (prophet.fates.get_mut(place), causes.get_mut(place)) {
            *slot = fate;
            *told = cause;
        }
    }
    for ((step, fate), cause) in plan.steps.iter_mut().zip(prophet.fates).zip(causes) {
        step.cached = match fate {
            Fate::Cached => Some(true),
            Fate::Runs => Some(false),
            Fate::Depends(_) => None,
        };
        step.cause = cause;
    }
}

struct Prophet<'a> {
    keys: &'a Keys,
    fates: Vec<Fate>,
    known: HashMap<(&'a str, &'a str), Vec<&'a Known>>,
}

impl Prophet<'_> {
    fn step(&self, plan: &Plan, place: usize, causes: &[Option<Cause>], teller: &Causes<'_>) -> (Fate, Option<Cause>) {
        let (Some(step), Some(key)) = (plan.steps.get(place), self.keys.steps.get(place)) else { return (Fate::Runs, None) };
        if step.recipe.no_cache {
            return (Fate::Runs, Some(Cause { span: step.span, message: "the build is told to use no cache".to_owned(), above: false }));
        }
        let roots = self.ways(plan, &step.recipe.root);
        if let Some(changed) = self.changed(plan, &step.recipe.root) {
            return (Fate::Runs, above(causes.get(changed)));
        }
        let roots: Vec<String> = roots.iter().map(|root| hex(root)).collect();
        let (op, files) = (hex(&key.op), hex(&key.files));
        let alike = self.known.get(&(op.as_str(), files.as_str())).map_or(&[][..], Vec::as_slice);
        let matches: Vec<&&Known> =
            alike.iter().filter(|known| roots.contains(&known.root) && known.inputs.len() == key.inputs.len()).collect();
        if matches.is_empty() {
            return (Fate::Runs, Some(teller.first(place, &roots)));
        }
        let unsure = self.unsure(plan, &step.recipe.root);
        let inputs: Vec<String> = key.inputs.iter().map(|input| hex(input)).collect();
        let other = self.other(plan, &step.recipe.inputs);
        if unsure.is_none() && other.is_none() && matches.iter().any(|known| known.inputs == inputs) {
            return (Fate::Cached, None);
        }
        let ways = matches.iter().filter_map(|known| identity(&known.key)).take(MAX_WAYS).collect();
        let cause = match (unsure, other) {
            (Some(n), _) => above(causes.get(n)),
            (None, Some((n, name))) => Some(teller.depends(n, &name, causes)),
            (None, None) => Some(Cause { span: step.span, message: "what it copies stood elsewhere before".to_owned(), above: false }),
        };
        (Fate::Depends(ways), cause)
    }

    fn fate(&self, step: usize) -> &Fate {
        self.fates.get(step).unwrap_or(&Fate::Runs)
    }

    /// The steps that a file system is made of.
    fn steps(&self, plan: &Plan, root: &Root) -> Vec<usize> {
        let mut steps = match &root.base {
            Base::Scratch => Vec::new(),
            Base::Step(n) => vec![*n],
            Base::Image { name, .. } => self.keys.built(plan, name).map_or_else(Vec::new, |root| self.steps(plan, root)),
        };
        steps.extend(&root.linked);
        steps
    }

    /// A step of a file system that runs: whatever starts from there runs, too.
    fn changed(&self, plan: &Plan, root: &Root) -> Option<usize> {
        self.steps(plan, root).into_iter().find(|&n| matches!(self.fate(n), Fate::Runs))
    }

    /// A step of a file system that may run.
    fn unsure(&self, plan: &Plan, root: &Root) -> Option<usize> {
        self.steps(plan, root).into_iter().find(|&n| matches!(self.fate(n), Fate::Depends(_)))
    }

    /// A step that runs or may run, in what is read of other stages; and the stage.
    fn other(&self, plan: &Plan, inputs: &[Input]) -> Option<(usize, String)> {
        inputs.iter().find_map(|input| {
            let (root, name) = match input {
                Input::Context { .. } => return None,
                Input::Stage { stage, root, .. } => {
                    let stage = plan.stages.get(*stage)?;
                    (root, stage.name.clone().unwrap_or_else(|| stage.index.to_string()))
                }
                Input::Outside { name, .. } => (self.keys.built(plan, name)?, name.clone()),
            };
            let step = self.steps(plan, root).into_iter().find(|&n| !matches!(self.fate(n), Fate::Cached))?;
            Some((step, name))
        })
    }

    /// The identities that a file system may have in the cache.
    fn ways(&self, plan: &Plan, root: &Root) -> Vec<Identity> {
        let of = |n: usize| match self.fate(n) {
            Fate::Cached => self.keys.steps.get(n).map(|key| key.key).into_iter().collect(),
            Fate::Depends(ways) => ways.clone(),
            Fate::Runs => Vec::new(),
        };
        let mut bases = match &root.base {
            Base::Step(n) => of(*n),
            Base::Image { name, .. } if self.keys.built(plan, name).is_some() => {
                self.keys.built(plan, name).map_or_else(Vec::new, |root| self.ways(plan, root))
            }
            _ => vec![self.keys.root(plan, &Root { base: root.base.clone(), linked: Vec::new() }, &|_| Identity::default())],
        };
        if root.linked.is_empty() {
            return bases;
        }
        let mut ways: Vec<Vec<Identity>> = bases.drain(..).map(|base| vec![base]).collect();
        for linked in root.linked.iter().map(|&n| of(n)) {
            ways = ways.iter().flat_map(|way| linked.iter().map(|one| [way.as_slice(), &[*one]].concat())).take(MAX_WAYS).collect();
        }
        ways.iter().map(|way| hash(&way.iter().map(<[u8; 32]>::as_slice).collect::<Vec<_>>())).collect()
    }
}

fn identity(hex: &str) -> Option<Identity> {
    let mut identity = Identity::default();
    for (n, slot) in identity.iter_mut().enumerate() {
        *slot = u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(identity)
}
