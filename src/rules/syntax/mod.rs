//! Rules of the category `syntax`, one a file.

use crate::rule::Entry;

mod compose_interpolation;
mod compose_schema;
mod dependency_cycle;
mod duplicate_key;
mod env_file_missing;
mod extends_error;
mod include_error;
mod invalid_project;
mod undefined_reference;
mod yaml_syntax;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    compose_interpolation::ComposeInterpolation::ENTRY,
    compose_schema::ComposeSchema::ENTRY,
    dependency_cycle::DependencyCycle::ENTRY,
    duplicate_key::DuplicateKey::ENTRY,
    env_file_missing::EnvFileMissing::ENTRY,
    extends_error::ExtendsError::ENTRY,
    include_error::IncludeError::ENTRY,
    invalid_project::InvalidProject::ENTRY,
    undefined_reference::UndefinedReference::ENTRY,
    yaml_syntax::YamlSyntax::ENTRY,
];
