//! What lies in a build context and is no part of an image.

use std::collections::BTreeMap;

use crate::files;
use crate::stack::BuildContext;
use crate::stack::context::Entry;

/// Files of a context that a build does not want.
pub(crate) struct Clutter {
    /// Their folder, or the file.
    pub(crate) path: String,
    /// Their size together.
    pub(crate) bytes: u64,
}

/// Folders and files that are made beside the source: by git, by package managers, by running the program.
pub(crate) fn find(context: &BuildContext, root: &str) -> Vec<Clutter> {
    let mut sizes: BTreeMap<String, u64> = BTreeMap::new();
    let venvs: Vec<&str> =
        context.below(root).filter(|e| files::file_name(&e.path) == "pyvenv.cfg").map(|e| files::parent(&e.path)).collect();
    for entry in context.below(root) {
        if let Some(path) = clutter(entry, &venvs) {
            *sizes.entry(path).or_default() += entry.size;
        }
    }
    let mut found: Vec<Clutter> = sizes.into_iter().map(|(path, bytes)| Clutter { path, bytes }).collect();
    found.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    found
}

/// The clutter that an entry belongs to: the outermost folder of that kind.
fn clutter(entry: &Entry, venvs: &[&str]) -> Option<String> {
    if let Some(venv) = venvs.iter().find(|v| files::strip_prefix(v, &entry.path).is_some() && **v != ".") {
        return Some((*venv).to_owned());
    }
    const FOLDERS: &[&str] = &[
        ".git",
        "node_modules",
        "__pycache__",
        ".venv",
        ".tox",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".terraform",
        ".gradle",
        ".next",
        ".nuxt",
        ".svn",
        ".hg",
        "bower_components",
        ".idea",
        ".vs",
    ];
    let mut path = String::new();
    for part in entry.path.split('/') {
        if !path.is_empty() {
            path.push('/');
        }
        path.push_str(part);
        if FOLDERS.contains(&part) && (path.len() < entry.path.len() || entry.kind == files::Kind::Dir) {
            return Some(path);
        }
    }
    let name = files::file_name(&entry.path);
    let environment = (name == ".env" || name.starts_with(".env."))
        && !["example", "sample", "template", "dist", "defaults", "test"].iter().any(|s| name.ends_with(s));
    let database = [".sqlite3", ".sqlite", ".db"].iter().any(|e| name.ends_with(e)) && entry.size > 0;
    (entry.kind == files::Kind::File && (environment || database)).then(|| entry.path.clone())
}
