//! What is to be loaded.

use std::collections::BTreeMap;

use super::model::Role;
use crate::files::{self, Files};

/// What is to be loaded.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Compose files, from the project root, in the order in which they are merged.
    pub files: Vec<String>,
    /// Folder that relative paths count from; the first file's where absent.
    pub dir: Option<String>,
    /// Active profiles.
    pub profiles: Vec<String>,
    /// Every service is active, whatever its profiles.
    pub all_profiles: bool,
    /// The project's name where it is given.
    pub project_name: Option<String>,
    /// The name of a project that has none, in place of its folder's.
    pub default_name: Option<String>,
    /// Env files in place of `.env`.
    pub env_files: Vec<String>,
    /// The process environment.
    pub environment: BTreeMap<String, String>,
    /// The absolute path that the root of `files` has; empty where it has none.
    pub root: String,
    /// `environment` is the one that the project will run in: what it lacks is unset, and [`Loaded::json`] is wanted.
    pub canonical: bool,
    /// [`Loaded::json`] holds what Compose prints in YAML: `x-` keys below the top as well, and nothing that is empty.
    pub yaml: bool,
    /// A key path whose values are to be explained in [`Loaded::explained`].
    pub explain: Option<String>,
    /// Key paths in services, such as `deploy.resources.limits.memory`, whose values are wanted in `Service::asked`.
    pub asked: Vec<String>,
    /// What the first file is for; judged by its content where absent.
    pub role: Option<Role>,
}

/// The Compose files that `docker compose` takes when none is named: the first of the default names, and its override.
pub fn default_files(files: &dyn Files, dir: &str) -> Vec<String> {
    let bases = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
    let overrides = ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];
    let first = |names: &[&str]| names.iter().map(|n| files::join(dir, n)).find(|p| files.kind(p) == Some(files::Kind::File));
    match first(&bases) {
        Some(base) => std::iter::once(base).chain(first(&overrides)).collect(),
        None => Vec::new(),
    }
}
