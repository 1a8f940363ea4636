use crate::rule::{Cx, Rule, rule};
use crate::rules::support::syntax_errors;
use crate::stack::DockerfileUnit;
use crate::syntax::SyntaxErrorKind;

rule!(SyntaxError, "syntax/syntax-error");

impl Rule for SyntaxError {
    fn dockerfile(&self, unit: &DockerfileUnit, cx: &mut Cx<'_>) {
        syntax_errors::report(unit, cx, SyntaxErrorKind::Syntax);
    }
}
