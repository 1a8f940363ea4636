//! The substitutions inside words: their commands belong to the script too.

use shuck_ast as ast;

use super::lower::{Context, Lower};

/// Words inside expansions nest at most this deep; what lies deeper is not read.
const MAX_WORDS: usize = 20;

impl Lower<'_> {
    /// Lowers the commands that a word's substitutions run.
    pub(super) fn inside_word(&mut self, word: &ast::Word, context: Context, depth: usize) {
        if depth < MAX_WORDS {
            for part in &word.parts {
                self.inside_part(part, context, depth + 1);
            }
        }
    }

    pub(super) fn inside_assignment(&mut self, assignment: &ast::Assignment, context: Context) {
        match &assignment.value {
            ast::AssignmentValue::Scalar(word) => self.inside_word(word, context, 0),
            ast::AssignmentValue::Compound(array) => {
                for element in &array.elements {
                    let (ast::ArrayElem::Sequential(value)
                    | ast::ArrayElem::Keyed { value, .. }
                    | ast::ArrayElem::KeyedAppend { value, .. }) = element;
                    self.inside_word(&value.word, context, 0);
                }
            }
        }
    }

    pub(super) fn inside_redirects(&mut self, redirects: &[ast::Redirect], context: Context) {
        for redirect in redirects {
            match &redirect.target {
                ast::RedirectTarget::Word(word) => self.inside_word(word, context, 0),
                ast::RedirectTarget::Heredoc(heredoc) => {
                    for part in &heredoc.body.parts {
                        self.inside_heredoc(part, context);
                    }
                }
            }
        }
    }

    fn inside_heredoc(&mut self, part: &ast::HeredocBodyPartNode, context: Context) {
        match &part.kind {
            ast::HeredocBodyPart::CommandSubstitution { body, .. } => self.substitution(body, part.span, context),
            ast::HeredocBodyPart::ArithmeticExpansion { expression_word_ast, .. } => self.inside_word(expression_word_ast, context, 0),
            ast::HeredocBodyPart::Parameter(parameter) => self.inside_parameter(parameter, context, 0),
            ast::HeredocBodyPart::Literal(_) | ast::HeredocBodyPart::Variable(_) => {}
        }
    }

    fn inside_part(&mut self, part: &ast::WordPartNode, context: Context, depth: usize) {
        match &part.kind {
            ast::WordPart::CommandSubstitution { body, .. } | ast::WordPart::ProcessSubstitution { body, .. } => {
                self.substitution(body, part.span, context);
            }
            ast::WordPart::DoubleQuoted { parts, .. } if depth < MAX_WORDS => {
                for inner in parts {
                    self.inside_part(inner, context, depth + 1);
                }
            }
            ast::WordPart::ArithmeticExpansion { expression_word_ast, .. } => self.inside_word(expression_word_ast, context, depth),
            ast::WordPart::Parameter(parameter) => self.inside_parameter(parameter, context, depth),
            ast::WordPart::ParameterExpansion { operand_word_ast: Some(word), .. }
            | ast::WordPart::IndirectExpansion { operand_word_ast: Some(word), .. } => self.inside_word(word, context, depth),
            _ => {}
        }
    }

    fn inside_parameter(&mut self, parameter: &ast::ParameterExpansion, context: Context, depth: usize) {
        match &parameter.syntax {
            ast::ParameterExpansionSyntax::Bourne(syntax) => {
                let words = [syntax.operand_word_ast(), syntax.offset_word_ast(), syntax.length_word_ast()];
                for word in words.into_iter().flatten() {
                    self.inside_word(word, context, depth);
                }
            }
            ast::ParameterExpansionSyntax::Zsh(syntax) => {
                if let Some(word) = syntax.operation.as_ref().and_then(ast::ZshExpansionOperation::operand_word_ast) {
                    self.inside_word(word, context, depth);
                }
            }
        }
    }
}
