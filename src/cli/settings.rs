//! The configuration and the project's own rules: which ones count for what is asked, and reading them.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::Failure;
use crate::files::{self, Files, Kind};
use crate::rule::{Config, DCLINT_NAMES, HADOLINT_NAMES, OWN_NAMES, Place, RULES_DIR, Registry, in_package, registry};

/// A folder, as it is named from the working directory, that holds a configuration, and the file; where ours is not there, those of
/// other linters.
struct Found {
    dir: String,
    paths: Vec<String>,
}

/// Reads the configuration that is named, or the nearest one: in the folder `start` or above it, up to the repository's root.
/// `here` is the folder from which paths are named. A project's own rules are found in the same way.
pub(super) fn read(named: Option<&str>, start: &str, files: &dyn Files, here: &Path) -> Result<Config, Failure> {
    let registry = with(own_rules(start, files, here)?)?;
    let found = match named.map(files::normalize) {
        Some(path) => Some(Found { dir: files::parent(&path).to_owned(), paths: vec![path] }),
        None => nearest(start, files, here),
    };
    let mut none = Config { registry, ..Config::default() };
    let Some(Found { dir, paths }) = found else {
        none.options.asked = registry.asked();
        return Ok(none);
    };
    let parse = |path: &String| {
        Config::parse_with(path, &text(path, files)?, registry).map_err(|e| format!("{path}: {}", e.lines().next().unwrap_or_default()))
    };
    let mut configs = paths.iter().map(parse);
    let first = configs.next().unwrap_or(Ok(none))?;
    let mut config = configs.try_fold(first, |config, other| other.map(|other| config.beside(other)))?;
    config.options.asked = registry.asked();
    Ok(Config { place: Place::new(&dir, &back(&dir, here)), ..config })
}

/// The configurations of other linters in the working directory, which is where they look for them.
pub(super) fn of_others(files: &dyn Files) -> Vec<String> {
    let there = |name: &&str| files.kind(name) == Some(Kind::File) && (*name != "package.json" || speaks_to_dclint(name, files));
    let first = |names: &[&str]| names.iter().find(|name| there(name)).map(|name| (*name).to_owned());
    first(&HADOLINT_NAMES).into_iter().chain(first(&DCLINT_NAMES)).collect()
}

fn speaks_to_dclint(path: &str, files: &dyn Files) -> bool {
    text(path, files).is_ok_and(|text| text.contains("\"dclint\"") && in_package(&text).is_some())
}

/// The rules for a command that is asked for no configuration.
pub(super) fn rules(files: &dyn Files, here: &Path) -> Result<&'static Registry, Failure> {
    with(own_rules(".", files, here)?)
}

/// The rules with these pages among them. Registries stay until the program ends, so an editor's server, which reads its settings
/// anew whenever something changes on the disk, makes one for the same pages once.
fn with(pages: Vec<(String, String)>) -> Result<&'static Registry, Failure> {
    type Pages = Vec<(String, String)>;
    static MADE: Mutex<Vec<(Pages, &'static Registry)>> = Mutex::new(Vec::new());
    if pages.is_empty() {
        return Ok(registry());
    }
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, known)) = made.iter().find(|(known, _)| *known == pages) {
        return Ok(known);
    }
    let registry = registry().extended(&pages)?;
    made.push((pages, registry));
    Ok(registry)
}

/// The folder that all these paths lie in.
pub(super) fn common_folder(paths: &[String], files: &dyn Files) -> String {
    let folder = |path: &String| {
        let path = files::normalize(path);
        if files.kind(&path) == Some(Kind::Dir) { path } else { files::parent(&path).to_owned() }
    };
    // all have this much in common, whatever they are: once no more than that is left, no further path has to be looked at
    let mut parents = paths.iter().map(|path| files::parent(&files::normalize(path)).to_owned());
    let mut least = parents.next().unwrap_or_default();
    parents.for_each(|parent| least.truncate(shared(&least, &parent)));
    let least = if matches!(least.as_str(), "." | "/") { 0 } else { least.len() };
    let mut rest = paths.iter();
    let mut common = rest.next().map(folder).unwrap_or_default();
    while common.len() > least
        && let Some(path) = rest.next()
    {
        common.truncate(shared(&common, &folder(path)));
    }
    if common.is_empty() { ".".to_owned() } else { common }
}

/// How much of a path names a folder that another path lies in, or is.
fn shared(path: &str, other: &str) -> usize {
    let same = path.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
    let ends = |text: &str| text.as_bytes().get(same).is_none_or(|b| *b == b'/');
    if ends(path) && ends(other) { same } else { path.as_bytes().get(..same).and_then(|p| p.iter().rposition(|b| *b == b'/')).unwrap_or(0) }
}

fn text(path: &str, files: &dyn Files) -> Result<String, Failure> {
    let bytes = files.read(path).map_err(|e| format!("cannot read {path}: {e}"))?;
    String::from_utf8(bytes).map_err(|_| format!("{path}: is not UTF-8"))
}

fn nearest(start: &str, files: &dyn Files, here: &Path) -> Option<Found> {
    upwards(start, files, here, |dir| {
        let there = |names: &[&str]| names.iter().map(|n| files::join(dir, n)).find(|p| files.kind(p) == Some(Kind::File));
        let others = || if dir == "." { of_others(files) } else { Vec::new() };
        let paths = there(&OWN_NAMES).map_or_else(others, |own| vec![own]);
        (!paths.is_empty()).then(|| Found { dir: dir.to_owned(), paths })
    })
}

/// The pages of the nearest folder of rules, with their paths.
fn own_rules(start: &str, files: &dyn Files, here: &Path) -> Result<Vec<(String, String)>, Failure> {
    let folder = upwards(start, files, here, |dir| Some(files::join(dir, RULES_DIR)).filter(|p| files.kind(p) == Some(Kind::Dir)));
    let Some(folder) = folder else { return Ok(Vec::new()) };
    let entries = files.list(&folder).map_err(|e| format!("cannot read {folder}: {e}"))?;
    let mut paths: Vec<String> = entries.into_iter().filter(|e| e.name.ends_with(".md")).map(|e| files::join(&folder, &e.name)).collect();
    paths.sort();
    paths.into_iter().map(|path| text(&path, files).map(|text| (path, text))).collect()
}

/// Asks each folder from `start` up to the repository's root.
fn upwards<T>(start: &str, files: &dyn Files, here: &Path, ask: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut dir = start.to_owned();
    // above the root lies the root again
    for _ in 0..here.ancestors().count() + dir.split('/').count() {
        if let Some(found) = ask(&dir) {
            return Some(found);
        }
        if files.kind(&files::join(&dir, ".git")).is_some() || files.kind(&files::join(&dir, "..")).is_none() {
            return None;
        }
        dir = files::join(&dir, "..");
    }
    None
}

/// The working directory as it is seen from a folder above it; empty for another folder.
fn back(dir: &str, here: &Path) -> String {
    let ups = dir.split('/').filter(|part| *part == "..").count();
    if ups == 0 || dir.split('/').any(|part| part != "..") {
        return String::new();
    }
    let names: Vec<_> = here.components().rev().take(ups).map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    names.into_iter().rev().collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::Memory;

    #[test]
    fn the_nearest_one_counts_and_speaks_of_paths_from_its_own_folder() {
        let mut files = Memory::new();
        files.insert(".stacklint.yaml", "exclude: ['a/old/**']\n").insert("a/b/stacklint.yaml", "exclude: ['old/**']\n");
        files.insert("a/b/Dockerfile", "").insert("a/x", "");
        let read = |start: &str| read(None, start, &files, Path::new("/w")).unwrap();
        assert!(read("a").excludes("a/old/Dockerfile") && !read("a").excludes("old/Dockerfile"));
        assert!(read("a/b").excludes("a/b/old/Dockerfile") && !read("a/b").excludes("a/old/Dockerfile"));
    }

    #[test]
    fn of_other_linters_both_count_where_ours_is_not_there() {
        let mut files = Memory::new();
        files.insert(".hadolint.yaml", "ignored: [DL3008]\n").insert("package.json", "{\"name\": \"x\"}");
        files.insert(".dclintrc", "rules: {no-version-field: 0}\nexclude: [old]\n").insert("a/x", "");
        let read = |files: &Memory, start: &str| read(None, start, files, Path::new("/w")).unwrap();
        assert_eq!(read(&files, ".").ignore, ["DL3008", "no-version-field"]);
        assert!(read(&files, "a").excludes("a/old/compose.yaml"));
        files.insert("package.json", "{\"dclint\": {\"rules\": {\"no-build-and-image\": 0}}}");
        assert_eq!(read(&files, ".").ignore, ["DL3008", "no-build-and-image"]);
        files.insert("stacklint.yaml", "ignore: [links]\n");
        assert_eq!(read(&files, ".").ignore, ["links"]);
    }

    #[test]
    fn from_below_paths_are_told_as_its_folder_sees_them() {
        let place = Place::new("../..", &back("../..", Path::new("/home/x/app/web")));
        assert_eq!(place.path("Dockerfile"), "app/web/Dockerfile");
        assert_eq!(place.path("../api/Dockerfile"), "app/api/Dockerfile");
        assert_eq!(Place::new(".", "").path("Dockerfile"), "Dockerfile");
    }

    #[test]
    fn the_same_pages_make_one_registry() {
        let page = "---\nsummary: x\nseverity: info\nmatch:\n  service: {key: links}\n  message: x\n---\n";
        let mut files = Memory::new();
        files.insert(".stacklint/rules/a-rule.md", page);
        let read = |files: &Memory| rules(files, Path::new("/w")).unwrap();
        assert!(std::ptr::eq(read(&files), read(&files)) && read(&files).find("a-rule").is_some());
        files.insert(".stacklint/rules/another.md", page);
        assert!(read(&files).find("another").is_some());
    }

    #[test]
    fn the_folder_of_several_paths_holds_them_all() {
        let mut files = Memory::new();
        files.insert("a/b/Dockerfile", "").insert("a/c/d/Dockerfile", "");
        let common = |paths: &[&str]| common_folder(&paths.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>(), &files);
        assert_eq!((common(&["a/b/Dockerfile"]).as_str(), common(&["a/b", "a/c/d"]).as_str(), common(&[]).as_str()), ("a/b", "a", "."));
        assert_eq!(common(&["a/b", "../x"]), ".");
        assert_eq!((common(&["a/b", "a/b/Dockerfile"]).as_str(), common(&["a/b", "a/c"]).as_str()), ("a/b", "a"));
        assert_eq!(
            (common(&["a", "b"]).as_str(), common(&["a", "a/b/Dockerfile"]).as_str(), common(&["/x", "/y"]).as_str()),
            (".", "a", "/")
        );
    }
}
