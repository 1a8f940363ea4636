//! What is kept in the user's cache folder: records of executed plans, by project, and in each project by engine; and
//! digests of files.

use std::path::PathBuf;

use crate::files::Disk;
use crate::plan::load::Request;
use crate::plan::recipe::{hash, hex};
use crate::plan::record::Record;

#[cfg(feature = "execute")]
/// Remembers what a plan has put into an engine's cache. That it cannot be written is no fault of the build.
pub(super) fn store(request: &Request, engine: &str, record: Record) {
    let Some(dir) = folder(request) else { return };
    let name: String = engine.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let path = dir.join(format!("{name}.json"));
    let before = std::fs::read_to_string(&path).ok().and_then(|text| Record::parse(&text).ok());
    let record = match before {
        Some(before) => record.after(before),
        None => record,
    };
    let fresh = dir.join(format!("{name}.{}.tmp", std::process::id()));
    let _ =
        std::fs::create_dir_all(&dir).and_then(|()| std::fs::write(&fresh, record.text())).and_then(|()| std::fs::rename(&fresh, &path));
}

/// What the last executed plan of a project has left in its engine's cache.
pub(super) fn last(request: &Request) -> Option<Record> {
    let entries = std::fs::read_dir(folder(request)?).ok()?.flatten().filter(|entry| entry.path().extension().is_some_and(|e| e == "json"));
    let newest = entries.max_by_key(|entry| entry.metadata().and_then(|meta| meta.modified()).ok())?;
    Record::parse(&std::fs::read_to_string(newest.path()).ok()?).ok()
}

/// The disk, which remembers the digests of large contexts from run to run.
pub(super) fn disk() -> Disk {
    let disk = Disk::new(".");
    match cache() {
        Some(cache) => disk.remembering(&cache.join("digests")),
        None => disk,
    }
}

/// The user's cache folder for stacklint.
fn cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").filter(|path| path.is_absolute()).or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(cache.join("stacklint"))
}

/// The folder of a project's records.
fn folder(request: &Request) -> Option<PathBuf> {
    let files = request.compose_files.join("\n");
    let project = hash(&[request.root.as_bytes(), request.path.as_deref().unwrap_or_default().as_bytes(), files.as_bytes()]);
    Some(cache()?.join("records").join(hex(project.get(..16).unwrap_or_default())))
}
