//! What a plan is made from: the builds of a project, taken out of the stack.

use std::collections::BTreeMap;

use crate::source::{FileId, Span};
use crate::syntax::dockerfile::Dockerfile;

/// The builds of a project.
#[derive(Clone, Debug, Default)]
pub struct Input<'a> {
    /// The Dockerfiles, each once.
    pub dockerfiles: Vec<Unit<'a>>,
    /// The builds, in the order of the project.
    pub builds: Vec<Build>,
    /// Services that name an image and have no build: service and image.
    pub users: Vec<(String, String)>,
    /// All services, in the order of the project.
    pub services: Vec<String>,
    /// What the builder runs on, where a build names no platform.
    pub platform: String,
}

/// A Dockerfile.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    /// Path, as shown.
    pub path: &'a str,
    /// Its text.
    pub file: FileId,
    /// Its tree.
    pub ast: &'a Dockerfile,
    /// It stands in a Compose file.
    pub inline: bool,
}

/// One build.
#[derive(Clone, Debug, Default)]
pub struct Build {
    /// The service, or the Dockerfile where there is none.
    pub name: String,
    /// Whether `name` is a service.
    pub service: bool,
    /// Where the build is asked for.
    pub span: Option<Span>,
    /// The names that the image gets.
    pub tags: Vec<String>,
    /// Place in [`Input::dockerfiles`].
    pub unit: usize,
    /// Folder or URL.
    pub context: String,
    /// `target`.
    pub target: Option<String>,
    /// Where `target` stands.
    pub target_span: Option<Span>,
    /// Build arguments with a value.
    pub args: BTreeMap<String, String>,
    /// Platforms.
    pub platforms: Vec<String>,
    /// Everything else.
    pub settings: Settings,
    /// Where some of it stands.
    pub places: Places,
}

/// Where settings of a build stand.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// The entries of `cache_to`, in their order.
    pub cache_to: Vec<Span>,
    /// `additional_contexts`: name and place.
    pub contexts: Vec<(String, Span)>,
}

/// What the builder is told beside the Dockerfile, its context and arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `additional_contexts`: name and value.
    pub contexts: BTreeMap<String, String>,
    /// Those of them that are folders on this machine: name and folder.
    pub folders: BTreeMap<String, String>,
    /// `labels`.
    pub labels: BTreeMap<String, String>,
    /// `network`.
    pub network: Option<String>,
    /// `extra_hosts`, as `name:address`.
    pub extra_hosts: Vec<String>,
    /// `shm_size` in bytes.
    pub shm_size: Option<u64>,
    /// `cache_from`.
    pub cache_from: Vec<String>,
    /// `cache_to`.
    pub cache_to: Vec<String>,
    /// `secrets`.
    pub secrets: Vec<Secret>,
    /// `ssh`: id, and the path of a socket where one is given.
    pub ssh: Vec<(String, Option<String>)>,
    /// `ulimits`: name, soft and hard.
    pub ulimits: Vec<(String, i64, i64)>,
    /// What steps may do beyond a plain build: `network.host`, `security.insecure`.
    pub entitlements: Vec<String>,
    /// `no_cache_filter`: stages.
    pub no_cache_filter: Vec<String>,
    /// `no_cache`.
    pub no_cache: bool,
    /// `pull`.
    pub pull: bool,
    /// `sbom` and `provenance`, where they are asked for: the kind, and what it is made with.
    pub attestations: Vec<(&'static str, String)>,
}

/// A secret that a build may read; never its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// The name by which the Dockerfile knows it.
    pub id: String,
    /// Where it is kept.
    pub source: SecretSource,
}

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// A file, by its path.
    File(String),
    /// A variable of the environment.
    Env(String),
    /// Nowhere that a build can read: it is external, or not defined.
    Elsewhere,
}

/// Whether a build context is a folder on this machine.
pub fn is_folder(context: &str) -> bool {
    !context.contains("://") && !context.starts_with("git@")
}

/// The name among `names` that a misspelt one probably means.
pub fn closest<'n>(wanted: &str, names: &[&'n str]) -> Option<&'n str> {
    crate::syntax::closest(wanted, names.iter().copied())
}
