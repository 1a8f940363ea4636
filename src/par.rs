//! Maps in order, on all cores where that is worth it.

/// Bytes of text below which threads cost more than they save: starting them, and the cores that wait for work at the end of
/// every map. So much text is checked in a blink on one core.
#[cfg(feature = "cli")]
const WORTH_THREADS: usize = 1 << 20;

/// Whether work on so many bytes of text is done on all cores.
#[cfg(feature = "cli")]
pub(crate) fn is_worth_threads(bytes: usize) -> bool {
    bytes >= WORTH_THREADS
}

/// Whether work on so many bytes of text is done on all cores.
#[cfg(not(feature = "cli"))]
pub(crate) fn is_worth_threads(_bytes: usize) -> bool {
    false
}

/// `items.map(f)`; with the feature `cli` on all cores, where the work is on many bytes of text.
#[cfg(feature = "cli")]
pub(crate) fn map<T: Sync, R: Send>(items: &[T], bytes: usize, f: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    use rayon::prelude::*;
    if !is_worth_threads(bytes) || items.len() < 2 {
        return items.iter().map(f).collect();
    }
    items.par_iter().map(f).collect()
}

/// `items.map(f)`.
#[cfg(not(feature = "cli"))]
pub(crate) fn map<T, R>(items: &[T], _bytes: usize, f: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(f).collect()
}
