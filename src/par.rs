//! Maps in parallel where threads are there, in order in any case.

/// `items.map(f)`, on all cores with the feature `cli`.
#[cfg(feature = "cli")]
pub(crate) fn map<T: Sync, R: Send>(items: &[T], f: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    use rayon::prelude::*;
    items.par_iter().map(f).collect()
}

/// `items.map(f)`, on all cores with the feature `cli`.
#[cfg(not(feature = "cli"))]
pub(crate) fn map<T, R>(items: &[T], f: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(f).collect()
}
