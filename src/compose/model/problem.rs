//! What is wrong with a project.

use crate::source::Span;

/// A problem found while loading.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Which family; decides the rule that reports it.
    pub kind: ProblemKind,
    /// Where.
    pub span: Span,
    /// One sentence.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
    /// Places that led here: the `extends`, the first definition.
    pub related: Vec<(Span, String)>,
    /// `docker compose` refuses the project for it.
    pub fatal: bool,
}

/// Families of problems; each is a rule of the `syntax` category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// The YAML itself.
    YamlSyntax,
    /// A key twice in one mapping.
    DuplicateKey,
    /// Unknown key, wrong type, value out of range.
    Schema,
    /// A `${…}` that cannot be read, or a required variable that is not set.
    Interpolation,
    /// A name that is defined nowhere.
    UndefinedReference,
    /// Services that wait for each other.
    DependencyCycle,
    /// `extends`.
    Extends,
    /// `include`.
    Include,
    /// An `env_file` that is not there.
    EnvFileMissing,
    /// Two services with one `container_name`.
    ContainerName,
    /// Several containers of a service that has a `container_name`.
    Scale,
    /// Anything else that compose refuses.
    Invalid,
}
