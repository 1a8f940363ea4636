//! What can still be read of a script that the parser gives up on.

use shuck_ast as ast;
use shuck_parser::ShellDialect;
use shuck_parser::parser::{ParseResult, ParseStatus, Parser};

use super::model::Dialect;

/// How often a broken script is mended and read again.
const MAX_TRIES: usize = 4;

/// The tree of a script with its errors. Every dialect is read as bash first, whose syntax holds the others' but for corner cases.
pub(super) fn tree(text: &str, dialect: Dialect) -> ParseResult {
    let result = Parser::with_dialect(text, ShellDialect::Bash).parse();
    if result.is_ok() {
        return result;
    }
    let second = match dialect {
        Dialect::Posix => Some(ShellDialect::Posix),
        Dialect::Other => Some(ShellDialect::Zsh),
        Dialect::Bash | Dialect::Windows => None,
    };
    if let Some(other) = second.map(|second| Parser::with_dialect(text, second).parse()).filter(ParseResult::is_ok) {
        return other;
    }
    mended(text, result)
}

/// Keeps the errors, and the commands of a mended text where that has more: with the missing `fi` or `done` put at its
/// end, or cut before the quote that is never closed. Offsets stay.
fn mended(text: &str, mut result: ParseResult) -> ParseResult {
    let mut best = result.file.body.stmts.len();
    let mut patched = text.to_owned();
    let mut last = None;
    for _ in 0..MAX_TRIES {
        let current = last.as_ref().unwrap_or(&result);
        let Some(next) = patch(&patched, current) else { break };
        let read = Parser::with_dialect(&next, ShellDialect::Bash).parse();
        patched = next;
        if read.is_ok() || read.file.body.stmts.len() > best {
            best = read.file.body.stmts.len();
            result.file.body = ast::StmtSeq { stmts: read.file.body.stmts.clone(), ..result.file.body };
        }
        if read.is_ok() {
            break;
        }
        last = Some(read);
    }
    result
}

/// The text with its first error mended.
fn patch(text: &str, result: &ParseResult) -> Option<String> {
    let first = result.diagnostics.first()?;
    if result.status == ParseStatus::Fatal {
        let kept = text.get(..first.span.start.offset())?;
        let cut = kept.rfind(['\n', ';', '&', '|'])?;
        let kept = kept.get(..cut)?.trim_end_matches(['&', '|', ';', ' ', '\t', '\n']);
        return (!kept.is_empty() && kept.len() < text.len()).then(|| kept.to_owned());
    }
    let missing = ["'fi'", "'done'", "'esac'", "'}'", "')'"].into_iter().find(|word| first.message.contains(*word))?;
    let word = missing.trim_matches('\'');
    Some(format!("{text}\n{word}\n"))
}
