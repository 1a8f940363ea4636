//! A project: its services and what they share.

use super::problem::Problem;
use super::service::Service;
use super::variable::VariableUse;
use crate::source::{At, FileId, Span};
use crate::text::Text;

/// A Compose project: one or more files read as one.
#[derive(Clone, Debug)]
pub struct Project {
    /// Project name.
    pub name: String,
    /// The name is written down somewhere: in a file, an env file or the command line. Otherwise it is the folder's.
    pub named: bool,
    /// The files that were merged, in order; included and extended files come after.
    pub files: Vec<FileId>,
    /// Folder of the first file, as [`crate::files::normalize`] has it: relative paths count from here.
    pub dir: String,
    /// What kind of file this is.
    pub role: Role,
    /// Services in order, those behind profiles included.
    pub services: Vec<Service>,
    /// Top-level networks, volumes, secrets, configs.
    pub resources: Vec<Resource>,
    /// Top-level `version:`, where it stands.
    pub version: Option<At<String>>,
    /// Everything that is wrong, in order of place.
    pub problems: Vec<Problem>,
    /// Every `$VAR` in the files.
    pub variables: Vec<VariableUse>,
}

impl Project {
    /// A service by name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.services.iter().find(|s| s.name.value == name)
    }
}

/// What a Compose file is for, judged before its content is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Stands on its own.
    Complete,
    /// Is laid over a base file, and was read with it.
    Overlay,
    /// Holds services for `include`/`extends` only.
    Fragment,
    /// The layout of 2014: services at the top level.
    V1,
}

/// A top-level network, volume, secret or config.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Which.
    pub kind: ResourceKind,
    /// Its name, at its key.
    pub name: At<String>,
    /// `external: true`.
    pub external: bool,
    /// `file:` of secrets and configs: as written.
    pub file: Option<Text>,
    /// The file's path.
    pub path: Option<String>,
    /// `environment:` of secrets and configs: the variable that holds it.
    pub environment: Option<Text>,
    /// Key and value.
    pub span: Span,
}

/// Kinds of top-level resources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResourceKind {
    /// `networks`.
    Network,
    /// `volumes`.
    Volume,
    /// `secrets`.
    Secret,
    /// `configs`.
    Config,
}
