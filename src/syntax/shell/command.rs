//! Options and operands of commands.

use super::model::{Command, Word};
use super::wrappers::{Effective, takes_next};
use crate::source::Span;

/// Whether one of the words is the option `long` or has the letter of `short` (`-y`) in a cluster (`-qy`). Either may be empty.
pub fn has_flag(args: &[Word], short: &str, long: &str) -> bool {
    flag(args, short, long).is_some()
}

/// The word that holds an option; see [`has_flag`].
pub fn flag<'a>(args: &'a [Word], short: &str, long: &str) -> Option<&'a Word> {
    // words are read as text only where they can be the option, which few of them can
    let dashed = [short, long].iter().all(|name| name.is_empty() || name.starts_with('-'));
    let mut words = args.iter().filter(|word| !dashed || word.starts_with_dash()).map(|word| (word, word.lossy()));
    let found = words.find(|(_, value)| {
        let named = !long.is_empty() && (value == long || value.strip_prefix(long).is_some_and(|rest| rest.starts_with('=')));
        value == "--" || named || value == short && !short.is_empty() || in_cluster(value, short)
    });
    found.filter(|(_, value)| value != "--").map(|(word, _)| word)
}

fn in_cluster(value: &str, short: &str) -> bool {
    let letters = value.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    let (Some(letters), Some(letter)) = (letters, short.strip_prefix('-').and_then(|s| s.chars().next())) else { return false };
    short.len() == 2 && letters.chars().all(|c| c.is_ascii_alphabetic()) && letters.contains(letter)
}

/// The value of an option with its span: `--bind=x`, `--bind x`, `-bx`, `-b x`; the last one where it is given twice.
/// Expansions stand in the value as written.
pub fn option(args: &[Word], long: &str, short: &str) -> Option<(String, Span)> {
    options(args, long, short).pop()
}

/// All values of an option in order; see [`option`].
pub fn options(args: &[Word], long: &str, short: &str) -> Vec<(String, Span)> {
    let mut found = Vec::new();
    let dashed = [short, long].iter().all(|name| name.is_empty() || name.starts_with('-'));
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if dashed && !word.starts_with_dash() {
            continue;
        }
        let value = word.lossy();
        if value == "--" {
            break;
        }
        let exact = !long.is_empty() && value == long || !short.is_empty() && value == short;
        if exact {
            let Some(next) = words.next().map(|next| (next, next.lossy())).filter(|(_, value)| value != "--") else { break };
            found.push((next.1.into_owned(), next.0.inner_span()));
            continue;
        }
        let equals = Some(long).filter(|l| !l.is_empty()).and_then(|l| value.strip_prefix(l)).and_then(|v| v.strip_prefix('='));
        let attached =
            || Some(short).filter(|s| s.len() == 2).and_then(|s| value.strip_prefix(s)).map(|v| v.strip_prefix('=').unwrap_or(v));
        if let Some(rest) = equals.or_else(attached) {
            found.push((rest.to_owned(), tail(word, value.len() - rest.len())));
        }
    }
    found
}

/// The span of a word's text from an offset on.
fn tail(word: &Word, from: usize) -> Span {
    let text = word.text();
    text.span_of(from, text.len())
}

/// The words that are no options, given the options that take a value in the next word. After `--` every word is one.
pub fn operands<'a>(args: &'a [Word], with_value: &[&str]) -> Vec<&'a Word> {
    let mut found = Vec::with_capacity(args.len());
    let mut words = args.iter();
    while let Some(word) = words.next() {
        if !word.starts_with_dash() {
            found.push(word);
            continue;
        }
        let value = word.lossy();
        if value == "--" {
            found.extend(words);
            break;
        }
        if value.len() > 1 {
            if takes_next(&value, with_value) {
                words.next();
            }
        } else {
            found.push(word);
        }
    }
    found
}

macro_rules! options_of {
    ($kind:ty) => {
        impl $kind {
            /// Whether an option is given: by its short name (also within `-yq`) or its long one. Either may be empty.
            pub fn has_flag(&self, short: &str, long: &str) -> bool {
                has_flag(self.args(), short, long)
            }

            /// The word that holds an option.
            pub fn flag(&self, short: &str, long: &str) -> Option<&Word> {
                flag(self.args(), short, long)
            }

            /// The value of an option with its span; the last one where it is given twice.
            pub fn option(&self, long: &str, short: &str) -> Option<(String, Span)> {
                option(self.args(), long, short)
            }

            /// All values of an option, in order.
            pub fn options(&self, long: &str, short: &str) -> Vec<(String, Span)> {
                options(self.args(), long, short)
            }

            /// The words that are no options, given the options that take a value.
            pub fn operands(&self, with_value: &[&str]) -> Vec<&Word> {
                operands(self.args(), with_value)
            }
        }
    };
}

options_of!(Command);
options_of!(Effective<'_>);
