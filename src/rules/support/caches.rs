//! Where package managers keep what they fetched, and what empties it.

use super::dependencies::{self, Tool};
use super::packages::{self, Manager, Verb};
use crate::source::Span;
use crate::syntax::shell::{Command, Word};

/// Which cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// apt's lists; its packages are removed by the images' own hook.
    AptLists,
    /// Of a distribution's package manager.
    System(Manager),
    /// Of a language's package manager.
    Language(Tool),
}

/// A command that fills a cache.
pub(crate) struct Filled {
    /// Which.
    pub(crate) kind: Kind,
    /// The program.
    pub(crate) program: String,
    /// From the program to its verb.
    pub(crate) head: Span,
    /// It upgrades what is there, instead of installing.
    pub(crate) upgrade: bool,
    /// A flag tells it to keep nothing.
    pub(crate) told_not_to: bool,
}

/// The cache that a command fills.
pub(crate) fn filled(command: &Command) -> Option<Filled> {
    if let Some(call) = packages::system(command) {
        let kind = match (call.manager, call.verb) {
            (Manager::Apt, Verb::Update) => Kind::AptLists,
            (Manager::Apt | Manager::Pacman, _) => return None,
            (manager, Verb::Install | Verb::Upgrade) => Kind::System(manager),
            _ => return None,
        };
        let told_not_to = call.manager == Manager::Apk && has(call.args, "--no-cache");
        return Some(Filled { kind, program: call.program.to_owned(), head: call.head, upgrade: call.verb == Verb::Upgrade, told_not_to });
    }
    let install = dependencies::install(command)?;
    let program = install.title.split(' ').next().unwrap_or_default().to_owned();
    let told_not_to = match install.tool {
        Tool::Pip => has(install.args, "--no-cache-dir"),
        Tool::Uv => has(install.args, "--no-cache") || has(install.args, "-n"),
        Tool::Poetry => has(install.args, "--no-cache"),
        Tool::Npm | Tool::Yarn | Tool::Conda => false,
        _ => return None,
    };
    if install.tool == Tool::Pip && !install.title.ends_with("install") {
        return None;
    }
    Some(Filled { kind: Kind::Language(install.tool), program, head: install.head, upgrade: false, told_not_to })
}

fn has(args: &[Word], flag: &str) -> bool {
    args.iter().any(|w| w.lossy() == flag)
}

/// Parts of paths by which a cache is known, in mounts and in what `rm` removes.
pub(crate) fn folders(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::AptLists => &["/var/lib/apt"],
        Kind::System(Manager::Apk) => &["/var/cache/apk", "/etc/apk/cache"],
        Kind::System(Manager::Yum) => &["/var/cache/yum", "/var/cache/dnf"],
        Kind::System(Manager::Dnf) => &["/var/cache/libdnf5", "/var/cache/dnf", "/var/cache/yum"],
        Kind::System(Manager::Zypper) => &["/var/cache/zypp"],
        Kind::System(_) => &[],
        Kind::Language(Tool::Pip) => &[".cache/pip"],
        Kind::Language(Tool::Uv) => &[".cache/uv"],
        Kind::Language(Tool::Poetry) => &[".cache/pypoetry"],
        Kind::Language(Tool::Npm) => &[".npm"],
        Kind::Language(Tool::Yarn) => &[".cache/yarn", ".yarn", "/usr/local/share/.cache"],
        Kind::Language(Tool::Conda) => &["conda/pkgs", "miniconda3/pkgs", "conda3/pkgs"],
        Kind::Language(_) => &[],
    }
}

/// Whether a path is the cache, lies in it, or holds it.
pub(crate) fn is_cache(kind: Kind, path: &str) -> bool {
    let path = path.trim_end_matches(['*', '/']);
    let inside = folders(kind).iter().any(|f| path.contains(f) || (path.len() > 4 && f.starts_with(&format!("{path}/"))));
    inside || matches!(kind, Kind::Language(_)) && path.ends_with("/.cache")
}

/// Whether a command empties a cache that the program `by` filled.
pub(crate) fn empties(command: &Command, kind: Kind, by: &str) -> bool {
    if let Some(call) = packages::system(command) {
        let rpm = |m: Manager| matches!(m, Manager::Yum | Manager::Dnf);
        return (call.verb == Verb::Clean || kind == Kind::AptLists)
            && match kind {
                Kind::AptLists => call.args.iter().any(|w| ["dist-clean", "distclean"].contains(&w.lossy().as_ref())),
                // microdnf keeps its own folder
                Kind::System(manager) if call.program == "microdnf" => call.manager == manager && by == "microdnf",
                Kind::System(manager) => call.manager == manager || rpm(manager) && rpm(call.manager),
                _ => false,
            };
    }
    let effective = command.effective();
    let words: Vec<_> = effective.words.iter().map(Word::lossy).collect();
    match (effective.program().as_deref(), kind) {
        (Some("rm" | "find"), _) => words.iter().skip(1).any(|w| is_cache(kind, w) || braces(w).iter().any(|w| is_cache(kind, w))),
        (Some("yarn" | "npm"), Kind::Language(Tool::Yarn | Tool::Npm)) => words.windows(2).any(|w| w == ["cache", "clean"]),
        (Some("conda" | "mamba" | "micromamba"), Kind::Language(Tool::Conda)) => words.iter().any(|w| w == "clean"),
        (Some("uv"), Kind::Language(Tool::Uv)) => {
            words.windows(2).any(|w| matches!(w, [a, b] if a == "cache" && (b == "clean" || b == "prune")))
        }
        (Some(_), Kind::Language(Tool::Pip)) => words.windows(2).any(|w| w == ["cache", "purge"]),
        _ => false,
    }
}

/// `/var/{lib/apt,cache}` written out.
fn braces(text: &str) -> Vec<String> {
    let parts = text.split_once('{').and_then(|(before, rest)| Some((before, rest.split_once('}')?)));
    let Some((before, (inner, after))) = parts else { return Vec::new() };
    inner.split(',').map(|choice| format!("{before}{choice}{after}")).collect()
}

/// The variable that says where a tool caches, and the one that tells it not to.
pub(crate) fn variables(tool: Tool) -> (&'static str, &'static str) {
    match tool {
        Tool::Pip => ("PIP_CACHE_DIR", "PIP_NO_CACHE_DIR"),
        Tool::Uv => ("UV_CACHE_DIR", "UV_NO_CACHE"),
        Tool::Poetry => ("POETRY_CACHE_DIR", ""),
        Tool::Npm => ("NPM_CONFIG_CACHE", ""),
        Tool::Yarn => ("YARN_CACHE_FOLDER", ""),
        _ => ("", ""),
    }
}

/// How pip and uv read a switch; `off`, `no`, `false` and `0` leave the cache on.
pub(crate) fn is_true(value: &str) -> bool {
    matches!(value.to_lowercase().as_str(), "1" | "on" | "yes" | "true" | "y" | "t")
}
