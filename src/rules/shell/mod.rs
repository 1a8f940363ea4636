//! Rules of the category `shell`, one a file.

use crate::rule::{Entry, declarative};

mod and_inside_test;
mod and_or_without_else;
mod arguments_inside_text;
mod backquotes;
mod brackets_in_tr;
mod characters_for_word;
mod dollar_in_arithmetic;
mod dollar_in_single_quotes;
mod echo_escapes;
mod egrep;
mod empty_assignment;
mod expr;
mod find_exec_unterminated;
mod find_without_path;
mod find_xargs_splits;
mod glob_as_option;
mod grep_lines_counted;
mod grep_output_tested;
mod loop_over_output;
mod loop_runs_once;
mod ls_parsed;
mod mode_of_parent_folders;
mod negation_skips_errexit;
mod prefix_in_test;
mod quotes_end_early;
mod read_eats_backslashes;
mod rm_of_empty_variable;
mod set_swallows_words;
mod status_lost_in_declaration;
mod status_tested_later;
mod sudo_redirect;
mod test_without_effect;
mod unchecked_cd;
mod unquoted_arguments;
mod unquoted_pattern;
mod unquoted_substitution;
mod unquoted_variable;
mod unset_variable_in_script;
mod unused_variable;
mod useless_echo;
mod variable_as_format;
mod xargs_replace_option;

/// The rules of this category.
pub(super) const RULES: &[Entry] = &[
    and_inside_test::AndInsideTest::ENTRY,
    and_or_without_else::AndOrWithoutElse::ENTRY,
    arguments_inside_text::ArgumentsInsideText::ENTRY,
    backquotes::Backquotes::ENTRY,
    brackets_in_tr::BracketsInTr::ENTRY,
    characters_for_word::CharactersForWord::ENTRY,
    dollar_in_arithmetic::DollarInArithmetic::ENTRY,
    dollar_in_single_quotes::DollarInSingleQuotes::ENTRY,
    echo_escapes::EchoEscapes::ENTRY,
    egrep::Egrep::ENTRY,
    empty_assignment::EmptyAssignment::ENTRY,
    expr::Expr::ENTRY,
    find_exec_unterminated::FindExecUnterminated::ENTRY,
    find_without_path::FindWithoutPath::ENTRY,
    find_xargs_splits::FindXargsSplits::ENTRY,
    glob_as_option::GlobAsOption::ENTRY,
    grep_lines_counted::GrepLinesCounted::ENTRY,
    grep_output_tested::GrepOutputTested::ENTRY,
    loop_over_output::LoopOverOutput::ENTRY,
    loop_runs_once::LoopRunsOnce::ENTRY,
    ls_parsed::LsParsed::ENTRY,
    mode_of_parent_folders::ModeOfParentFolders::ENTRY,
    negation_skips_errexit::NegationSkipsErrexit::ENTRY,
    prefix_in_test::PrefixInTest::ENTRY,
    quotes_end_early::QuotesEndEarly::ENTRY,
    read_eats_backslashes::ReadEatsBackslashes::ENTRY,
    rm_of_empty_variable::RmOfEmptyVariable::ENTRY,
    set_swallows_words::SetSwallowsWords::ENTRY,
    declarative!("shell/shellcheck-finding"),
    status_lost_in_declaration::StatusLostInDeclaration::ENTRY,
    status_tested_later::StatusTestedLater::ENTRY,
    sudo_redirect::SudoRedirect::ENTRY,
    test_without_effect::TestWithoutEffect::ENTRY,
    unchecked_cd::UncheckedCd::ENTRY,
    unquoted_arguments::UnquotedArguments::ENTRY,
    unquoted_pattern::UnquotedPattern::ENTRY,
    unquoted_substitution::UnquotedSubstitution::ENTRY,
    unquoted_variable::UnquotedVariable::ENTRY,
    unset_variable_in_script::UnsetVariableInScript::ENTRY,
    unused_variable::UnusedVariable::ENTRY,
    useless_echo::UselessEcho::ENTRY,
    variable_as_format::VariableAsFormat::ENTRY,
    xargs_replace_option::XargsReplaceOption::ENTRY,
];
