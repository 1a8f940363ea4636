//! What supervisord starts, by its configuration in the image.

use crate::files;
use crate::source::FileId;
use crate::syntax::supervisord::{self, Program};

use super::imagefs::{self, Located};
use super::runtime::{Arg, Process};
use super::runtime_walk::Walk;

/// Where supervisord looks without `-c`, and the folder that distributions have it include.
const FILES: [&str; 3] = ["/etc/supervisord.conf", "/etc/supervisor/supervisord.conf", "/etc/supervisor.conf"];
const FOLDERS: [&str; 4] = ["/etc/supervisor/conf.d", "/etc/supervisord.d", "/etc/supervisor.d", "/etc/supervisor"];

/// The programs that a supervisord starts, with the file that names each.
pub(super) fn programs(walk: &mut Walk<'_>, process: &Process, workdir: Option<&str>) -> Vec<(String, FileId, Program)> {
    let mut paths: Vec<String> = Vec::new();
    match process.option(&["-c", "--configuration"]) {
        Some(Arg { value, known: true, .. }) => paths.push(files::join(workdir.unwrap_or("/"), &value)),
        Some(_) => return Vec::new(),
        None => paths.extend(FILES.iter().map(|p| (*p).to_owned())),
    }
    paths.extend(FOLDERS.iter().flat_map(|dir| brought_below(walk, dir)));
    let mut found = Vec::new();
    let mut seen: Vec<FileId> = Vec::new();
    for path in paths {
        let Some(Located::File { path: host, .. }) = walk.locate(&path) else { continue };
        let Ok(bytes) = walk.files.read(&host) else { continue };
        if bytes.contains(&0) {
            continue;
        }
        let file = walk.sources.add_bytes(&host, bytes);
        if seen.contains(&file) {
            continue;
        }
        seen.push(file);
        let source = walk.sources.get(file);
        found.extend(supervisord::programs(&source.text, source.span()).into_iter().map(|p| (path.clone(), file, p)));
    }
    found
}

/// The configuration that a supervisord reads, where it lies in the context.
pub(super) fn configuration(walk: &Walk<'_>, argv: &[Arg], workdir: Option<&str>) -> Option<String> {
    let given = argv.iter().position(|a| matches!(a.value.as_str(), "-c" | "--configuration")).map(|at| argv.get(at + 1));
    let paths = match given {
        Some(path) => vec![files::join(workdir.unwrap_or("/"), &path.filter(|p| p.known)?.value)],
        None => FILES.iter().map(|p| (*p).to_owned()).collect(),
    };
    paths.iter().find_map(|path| match walk.locate(path)? {
        Located::File { path, .. } => Some(path),
        Located::Generated { .. } => None,
    })
}

fn brought_below(walk: &Walk<'_>, dir: &str) -> Vec<String> {
    let Some((unit, stage)) = walk.unit else { return Vec::new() };
    let mut found = imagefs::names_below(&walk.known.images, unit, stage, walk.context, dir);
    found.retain(|path| [".conf", ".ini"].iter().any(|ext| path.ends_with(ext)));
    found
}
