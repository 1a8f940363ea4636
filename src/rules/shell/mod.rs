//! Rules of the category `shell`, one a file.

use crate::rule::Entry;

mod backquotes;
mod dollar_in_single_quotes;
mod echo_escapes;
mod glob_as_option;
mod status_lost_in_declaration;
mod unchecked_cd;
mod unquoted_substitution;
mod unquoted_variable;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    backquotes::Backquotes::ENTRY,
    dollar_in_single_quotes::DollarInSingleQuotes::ENTRY,
    echo_escapes::EchoEscapes::ENTRY,
    glob_as_option::GlobAsOption::ENTRY,
    status_lost_in_declaration::StatusLostInDeclaration::ENTRY,
    unchecked_cd::UncheckedCd::ENTRY,
    unquoted_substitution::UnquotedSubstitution::ENTRY,
    unquoted_variable::UnquotedVariable::ENTRY,
];
