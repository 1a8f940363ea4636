//! Rules of the category `compose`, one a file.

use crate::rule::{Entry, declarative};

mod build_arg_not_declared;
mod build_time_variable_set_at_run_time;
mod depends_on_without_readiness;
mod image_built_elsewhere;
mod obsolete_version;
mod unused_definition;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    build_arg_not_declared::BuildArgNotDeclared::ENTRY,
    build_time_variable_set_at_run_time::BuildTimeVariableSetAtRunTime::ENTRY,
    depends_on_without_readiness::DependsOnWithoutReadiness::ENTRY,
    image_built_elsewhere::ImageBuiltElsewhere::ENTRY,
    declarative!("compose/links"),
    obsolete_version::ObsoleteVersion::ENTRY,
    unused_definition::UnusedDefinition::ENTRY,
];
