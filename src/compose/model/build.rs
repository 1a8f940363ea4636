//! How a service's image is built.

use super::variable::EnvVar;
use crate::source::{At, Span};
use crate::text::Text;

/// `build`.
#[derive(Clone, Debug)]
pub struct Build {
    /// The `build` key and its value.
    pub span: Span,
    /// `context`, `.` where absent; as written.
    pub context: Text,
    /// The context's folder as [`crate::files::normalize`] has it; `None` for a URL.
    pub context_dir: Option<String>,
    /// `dockerfile`, as written.
    pub dockerfile: Option<Text>,
    /// The Dockerfile's path, context applied; `None` for a URL context or an inline Dockerfile.
    pub dockerfile_path: Option<String>,
    /// `dockerfile_inline`.
    pub inline: Option<Text>,
    /// `target`.
    pub target: Option<Text>,
    /// `args`.
    pub args: Vec<EnvVar>,
    /// `tags`.
    pub tags: Vec<Text>,
    /// `platforms`.
    pub platforms: Vec<Text>,
    /// `additional_contexts`: name and value.
    pub additional_contexts: Vec<(At<String>, Text)>,
    /// Those of them that are folders: name and folder.
    pub context_folders: Vec<(String, String)>,
    /// `secrets`: names.
    pub secrets: Vec<At<String>>,
    /// The names by which the Dockerfile knows them, where they differ: secret and `target`.
    pub secret_targets: Vec<(String, String)>,
    /// `ssh`: id, and the path of a socket or key where one is given.
    pub ssh: Vec<(String, Option<String>)>,
    /// `labels`.
    pub labels: Vec<EnvVar>,
    /// `network`.
    pub network: Option<Text>,
    /// `ulimits`: name, soft and hard.
    pub ulimits: Vec<(String, i64, i64)>,
    /// `entitlements`.
    pub entitlements: Vec<Text>,
    /// `privileged: true`.
    pub privileged: bool,
    /// `no_cache_filter`: stages.
    pub no_cache_filter: Vec<Text>,
    /// `no_cache: true`.
    pub no_cache: bool,
    /// `pull: true`.
    pub pull: bool,
    /// `sbom`.
    pub sbom: Option<Text>,
    /// `provenance`.
    pub provenance: Option<Text>,
    /// `cache_from`.
    pub cache_from: Vec<Text>,
    /// `cache_to`.
    pub cache_to: Vec<Text>,
    /// `extra_hosts`, as `name:address`.
    pub extra_hosts: Vec<String>,
    /// `shm_size` in bytes.
    pub shm_size: Option<u64>,
}
