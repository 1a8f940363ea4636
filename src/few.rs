//! A list that nearly always has one element.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A list that nearly always has one element: that one is kept in place, without memory of its own.
#[derive(Clone)]
pub struct Few<T>(Kept<T>);

#[derive(Clone)]
enum Kept<T> {
    One(T),
    Other(Vec<T>),
}

impl<T> Few<T> {
    /// An empty list.
    pub const fn new() -> Few<T> {
        Few(Kept::Other(Vec::new()))
    }

    /// A list of one element.
    pub const fn one(element: T) -> Few<T> {
        Few(Kept::One(element))
    }

    /// Adds an element at the end.
    pub fn push(&mut self, element: T) {
        match &mut self.0 {
            Kept::Other(list) if list.is_empty() => self.0 = Kept::One(element),
            Kept::Other(list) => list.push(element),
            Kept::One(_) => {
                let Kept::One(first) = std::mem::replace(&mut self.0, Kept::Other(Vec::new())) else { return };
                self.0 = Kept::Other(vec![first, element]);
            }
        }
    }

    /// Keeps the first `len` elements only.
    pub fn truncate(&mut self, len: usize) {
        match &mut self.0 {
            Kept::One(_) if len == 0 => *self = Few::new(),
            Kept::One(_) => {}
            Kept::Other(list) => list.truncate(len),
        }
    }

    /// The elements.
    pub fn as_slice(&self) -> &[T] {
        match &self.0 {
            Kept::One(element) => std::slice::from_ref(element),
            Kept::Other(list) => list,
        }
    }
}

impl<T> Default for Few<T> {
    fn default() -> Self {
        Few::new()
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        self.as_slice()
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match &mut self.0 {
            Kept::One(element) => std::slice::from_mut(element),
            Kept::Other(list) => list,
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for Few<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_slice().fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Few<T> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<T: Eq> Eq for Few<T> {}

impl<T> From<Vec<T>> for Few<T> {
    fn from(list: Vec<T>) -> Self {
        list.into_iter().collect()
    }
}

impl<T> Extend<T> for Few<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, elements: I) {
        elements.into_iter().for_each(|element| self.push(element));
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(elements: I) -> Self {
        let mut list = Few::new();
        list.extend(elements);
        list
    }
}

impl<'a, T> IntoIterator for &'a Few<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;
    fn into_iter(self) -> Self::IntoIter {
        self.as_slice().iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_element_is_kept_like_several() {
        let mut list = Few::new();
        assert!(list.is_empty());
        list.push(1);
        assert_eq!((list.as_slice(), &list), ([1].as_slice(), &Few::one(1)));
        list.extend([2, 3]);
        if let Some(last) = list.last_mut() {
            *last = 4;
        }
        assert_eq!(list, Few::from(vec![1, 2, 4]));
        list.truncate(1);
        assert_eq!(list, Few::one(1));
    }
}
