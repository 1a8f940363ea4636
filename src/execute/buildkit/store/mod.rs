//! Folders of this machine that hold images or caches in OCI's layout, lent to BuildKit.

mod blobs;
mod index;
mod service;
mod wire;

pub(super) use blobs::Blobs;
pub(super) use service::{Content, METHODS};

use std::path::Path;

use serde_json::Value;

/// The digest of what a tag means in a folder, if it is there whole; an error is a phrase.
pub(super) fn digest(root: &Path, tag: &str) -> Result<Option<String>, String> {
    let Some(digest) = index::find(root, tag)? else { return Ok(None) };
    match Blobs::read_only(root.to_owned()).has(&digest, None) {
        true => Ok(Some(digest.to_string())),
        false => Err(format!("its index.json names {digest}, which is not among its blobs")),
    }
}

/// Lets a tag mean what BuildKit has written; with `reset` nothing else is kept.
pub(super) fn name(blobs: &Blobs, descriptor: &str, tag: &str, reset: bool) -> Result<(), String> {
    let descriptor: Value = serde_json::from_str(descriptor).map_err(|error| error.to_string())?;
    let named = index::put(blobs.root(), &descriptor, tag);
    let kept = named.and_then(|()| if reset { index::prune(blobs) } else { Ok(()) });
    kept.map_err(|error| error.to_string())
}
