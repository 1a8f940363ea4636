//! What is laid down for certain key paths, `services.*.build.args`: looked up in step with a walk down a tree, so that no
//! node compares its whole path with every one of them.

use crate::word_set::hash;

/// Key paths, each with what holds there. `*` is any key; the items of a list are under `[]`.
pub(super) struct KeyPaths<T> {
    steps: Vec<Step<T>>,
}

struct Step<T> {
    keys: Vec<(&'static str, usize)>,
    /// The same, once all are there.
    table: Keys,
    any: Option<usize>,
    holds: Option<T>,
}

/// Where a walk is; `None` inside where nothing is laid down for it or anything below it.
pub(super) struct Place<'a, T> {
    paths: &'a KeyPaths<T>,
    step: Option<&'a Step<T>>,
}

impl<T> Clone for Place<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Place<'_, T> {}

impl<T: Copy> KeyPaths<T> {
    /// Reads a table. Below one path there are either names or `*` (and the items of a list), so that no key has to follow both.
    pub(super) fn new(table: &[(&'static str, T)]) -> KeyPaths<T> {
        let mut paths = KeyPaths { steps: vec![Step::new()] };
        for (path, holds) in table {
            let mut at = 0;
            for key in path.split('.') {
                at = paths.step(at, key);
            }
            if let Some(step) = paths.steps.get_mut(at) {
                step.holds = Some(*holds);
            }
        }
        paths.steps.iter_mut().for_each(|step| step.table = Keys::new(&step.keys));
        paths
    }

    fn step(&mut self, from: usize, key: &'static str) -> usize {
        let next = self.steps.len();
        let Some(step) = self.steps.get_mut(from) else { return from };
        let known = if key == "*" { step.any } else { step.keys.iter().find(|(k, _)| *k == key).map(|(_, at)| *at) };
        if let Some(known) = known {
            return known;
        }
        match key {
            "*" => step.any = Some(next),
            _ => step.keys.push((key, next)),
        }
        self.steps.push(Step::new());
        next
    }

    /// The place of a whole path.
    pub(super) fn find(&self, path: &[impl AsRef<str>]) -> Place<'_, T> {
        path.iter().fold(self.top(), |place, key| place.below(key.as_ref()))
    }

    /// The top of the tree.
    pub(super) fn top(&self) -> Place<'_, T> {
        Place { paths: self, step: self.steps.first() }
    }
}

/// Numbers by words, each found at one look: at least half of the slots are empty.
#[derive(Default)]
pub(super) struct Keys {
    slots: Vec<Option<(&'static str, usize)>>,
}

impl Keys {
    pub(super) const NONE: Keys = Keys { slots: Vec::new() };

    /// These words, no two of them equal.
    pub(super) fn new(words: &[(&'static str, usize)]) -> Keys {
        let mut slots = vec![None; if words.is_empty() { 0 } else { (2 * words.len()).next_power_of_two() }];
        for word in words {
            let (mut at, mask) = (hash(word.0), slots.len() - 1);
            while slots.get(at & mask).is_some_and(Option::is_some) {
                at += 1;
            }
            if let Some(slot) = slots.get_mut(at & mask) {
                *slot = Some(*word);
            }
        }
        Keys { slots }
    }

    pub(super) fn get(&self, word: &str) -> Option<usize> {
        let (mut at, mask) = (hash(word), self.slots.len().wrapping_sub(1));
        while let Some(Some((known, number))) = self.slots.get(at & mask) {
            if *known == word {
                return Some(*number);
            }
            at += 1;
        }
        None
    }
}

impl<T> Step<T> {
    /// Where a key leads.
    fn next(&self, key: &str) -> Option<usize> {
        self.table.get(key).or(self.any)
    }

    fn new() -> Step<T> {
        Step { keys: Vec::new(), table: Keys::NONE, any: None, holds: None }
    }
}

impl<T: Copy> Place<'_, T> {
    /// One key further down.
    pub(super) fn below(self, key: &str) -> Self {
        let next = self.step.and_then(|step| step.next(key));
        Place { step: next.and_then(|at| self.paths.steps.get(at)), ..self }
    }

    /// The items of a list.
    pub(super) fn items(self) -> Self {
        self.below("[]")
    }

    /// What holds here.
    pub(super) fn holds(self) -> Option<T> {
        self.step.and_then(|s| s.holds)
    }

    /// Nothing is laid down here or further down.
    pub(super) fn is_bare(self) -> bool {
        self.step.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_finds_what_holds_at_its_path() {
        let paths = KeyPaths::new(&[("a.*.b", 1), ("a.*.b.[].c", 2), ("a.*.d.*", 3)]);
        let a = paths.top().below("a").below("any");
        assert_eq!((a.holds(), a.below("b").holds(), a.below("x").is_bare()), (None, Some(1), true));
        assert_eq!(a.below("b").items().below("c").holds(), Some(2));
        assert_eq!((a.below("d").holds(), a.below("d").below("e").holds()), (None, Some(3)));
        assert!(a.below("d").below("e").below("f").is_bare());
    }
}
