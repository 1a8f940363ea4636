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
}

/// What the builder is told beside the Dockerfile, its context and arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `additional_contexts`: name and value.
    pub contexts: BTreeMap<String, String>,
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
    /// `secrets`: names.
    pub secrets: Vec<String>,
    /// `no_cache`.
    pub no_cache: bool,
    /// `pull`.
    pub pull: bool,
}

/// The name among `names` that a misspelt one probably means.
pub fn closest<'n>(wanted: &str, names: &[&'n str]) -> Option<&'n str> {
    crate::syntax::closest(wanted, names.iter().copied())
}
