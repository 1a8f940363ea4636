//! Variables: those of a service, and those that stand in its values.

use crate::source::{At, FileId, Span};
use crate::text::Text;

/// A `$VAR` in a Compose file.
#[derive(Clone, Debug)]
pub struct VariableUse {
    /// Its name.
    pub name: String,
    /// `${NAME…}` as written.
    pub span: Span,
    /// It has a default, or is required with `?`.
    pub has_default: bool,
    /// A value for it was found (`.env`, `--env-file`).
    pub set: bool,
    /// The line of an env file that gives the value.
    pub from: Option<Span>,
    /// That value.
    pub value: Option<String>,
    /// The key path of the value that it stands in: `services.web.command`.
    pub path: String,
}

/// `NAME=value`, or `NAME` alone.
#[derive(Clone, Debug)]
pub struct EnvVar {
    /// The name, at its place.
    pub name: At<String>,
    /// The value after interpolation; `None` where it is taken from outside.
    pub value: Option<Text>,
    /// The value as written, before interpolation.
    pub raw: Option<String>,
    /// Name and value.
    pub span: Span,
    /// It comes from an env file.
    pub from_file: bool,
}

impl EnvVar {
    /// Whether a variable was interpolated into the value.
    pub fn interpolated(&self) -> bool {
        self.raw.as_deref().is_some_and(|raw| raw.contains('$') && raw.replace("$$", "").contains('$'))
    }
}

/// `env_file`.
#[derive(Clone, Debug)]
pub struct EnvFile {
    /// As written.
    pub path: Text,
    /// Its path from the project root.
    pub resolved: String,
    /// `required: false` makes it optional.
    pub required: bool,
    /// The file, where it was read.
    pub file: Option<FileId>,
}
