//! Dockerfiles as BuildKit reads them: physical lines → logical lines → instructions. An error stays in its
//! instruction, and reading goes on behind it.

pub mod ast;
pub mod expand;
pub mod scope;

mod directives;
mod grammar;
mod heredoc;
mod instruction;
mod json;
mod keywords;
mod lexer;
mod lines;
mod mount;
mod parse;
mod pattern;
mod shell_text;
mod unquote;
mod validate;

pub use ast::*;
pub use parse::parse;
pub use unquote::unquote;
