//! The groups that something stands in.

use super::model::{Group, Script};

impl Script {
    /// The groups around what stands in this one, innermost first, each with its number; [`Place::group`](super::Place::group) is where
    /// to start.
    pub fn around(&self, group: Option<usize>) -> impl Iterator<Item = (usize, &Group)> {
        let mut next = group;
        let outwards = std::iter::from_fn(move || {
            let at = next?;
            let group = self.groups.get(at)?;
            next = group.place.group;
            Some((at, group))
        });
        // no group stands in more than all of them
        outwards.take(self.groups.len())
    }

    /// Whether a group is another one, or stands in it.
    pub fn is_within(&self, group: Option<usize>, outer: usize) -> bool {
        self.around(group).any(|(at, _)| at == outer)
    }
}
