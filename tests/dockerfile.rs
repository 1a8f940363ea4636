//! The Dockerfile parser, through its public surface.

use std::fs;
use std::path::{Path, PathBuf};

use stacklint::source::{SourceFile, Sources};
use stacklint::syntax::dockerfile::{Dockerfile, parse};

mod expansion;
#[cfg(feature = "cli")]
mod inspect;
pub(crate) mod laws;
mod places;
mod trees;

/// All fixtures of a folder, sorted, with their bytes.
fn fixtures(folder: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(folder);
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

fn all_fixtures() -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = fixtures("dockerfiles");
    files.extend(fixtures("broken/dockerfiles"));
    files
}

fn read(bytes: &[u8]) -> (SourceFile, Dockerfile) {
    let mut sources = Sources::new();
    let id = sources.add_bytes("Dockerfile", bytes.to_vec());
    let file = sources.get(id).clone();
    let tree = parse(&file);
    (file, tree)
}
