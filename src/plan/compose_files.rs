//! The Compose files that an export is made from.

use super::load::{LoadError, Request};
use crate::compose;
use crate::files::{Files, Kind};

/// The files that a request names, or those that Compose takes in its folder; `what` is made from them.
pub(super) fn compose_files(request: &Request, disk: &dyn Files, what: &str) -> Result<Vec<String>, LoadError> {
    let missing = |path: &str| LoadError::Usage(format!("{path}: no such file or folder"));
    if !request.compose_files.is_empty() {
        return match request.compose_files.iter().find(|path| disk.kind(path).is_none()) {
            Some(path) => Err(missing(path)),
            None => Ok(request.compose_files.clone()),
        };
    }
    let path = request.path.as_deref().unwrap_or(".");
    match disk.kind(path) {
        None => Err(missing(path)),
        Some(Kind::Dir) => match compose::default_files(disk, path) {
            found if found.is_empty() => Err(LoadError::Usage(format!("{path}: there is no Compose file here; name one with -f"))),
            found => Ok(found),
        },
        Some(_) if [".yml", ".yaml", ".json"].iter().any(|end| path.ends_with(end)) => Ok(vec![path.to_owned()]),
        Some(_) => Err(LoadError::Usage(format!("{path}: {what} is made from Compose files; name one"))),
    }
}
