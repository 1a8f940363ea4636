//! The builder's word expansion: quotes, escapes, `$name`, `${name…}` with its operators.

use std::ops::Range;

use super::lexer::{Found, Lexer, Options};
use crate::source::Span;
use crate::text::Text;

pub use super::lexer::{ExpandError, Lookup};

/// A variable that a word names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its name; `1`, `@`, `$` and the like count as names too.
    pub name: String,
    /// From `$` to the end, braces included.
    pub span: Span,
    /// The name alone.
    pub name_span: Span,
    /// The operator as written (`:-`, `-`, `:+`, `+`, `:?`, `?`, `#`, `##`, `%`, `%%`, `/`, `//`), empty where there is none.
    pub operator: &'static str,
}

/// Expands a word as BuildKit does for WORKDIR, ENV, COPY and the like. Variables that are not set are empty.
pub fn expand(word: &str, escape: char, lookup: Lookup<'_>) -> Result<String, ExpandError> {
    // nearly all words are plain, and short: a search by characters costs more than this
    if !word.bytes().any(|b| matches!(b, b'$' | b'\'' | b'"') || char::from(b) == escape) {
        return Ok(word.to_owned());
    }
    Lexer::new(word, Options { escape, split: false, ..Options::default() }, lookup).run().map(|(word, _)| word)
}

/// Expands a word and splits the result at blanks that are not quoted, as BuildKit does for EXPOSE.
pub fn expand_words(word: &str, escape: char, lookup: Lookup<'_>) -> Result<Vec<String>, ExpandError> {
    Lexer::new(word, Options { escape, ..Options::default() }, lookup).run().map(|(_, words)| words)
}

/// Expands the body of a COPY or ADD heredoc: quotes are plain characters, the escape is always a backslash.
pub fn expand_heredoc(body: &str, lookup: Lookup<'_>) -> Result<String, ExpandError> {
    Lexer::new(body, Options { keep_quotes: true, split: false, ..Options::default() }, lookup).run().map(|(word, _)| word)
}

/// The variables that [`expand`] looks up, inner ones before the outer. Stops where the word cannot be read.
pub fn references(word: &Text, escape: char) -> Vec<Reference> {
    collect(word, Options { escape, walk: true, ..Options::default() })
}

/// The variables that [`expand_heredoc`] looks up.
pub fn heredoc_references(body: &Text) -> Vec<Reference> {
    collect(body, Options { keep_quotes: true, walk: true, ..Options::default() })
}

fn collect(word: &Text, options: Options) -> Vec<Reference> {
    if !word.contains('$') {
        return Vec::new();
    }
    let mut lexer = Lexer::new(&word.value, options, &|_| None);
    let _ = lexer.stop_on(None, false, 0);
    let place = |r: &Found| Reference {
        name: word.value.get(r.name.0..r.name.1).unwrap_or_default().to_owned(),
        span: word.span_of(r.start, r.end),
        name_span: word.span_of(r.name.0, r.name.1),
        operator: r.operator,
    };
    lexer.found.iter().map(place).collect()
}

/// Splits a text into words with quotes, escapes and unset variables left as they are, each with its place in the text.
pub(super) fn raw_words(text: &str, options: Options) -> Result<Vec<(String, Range<usize>)>, ExpandError> {
    let mut lexer = Lexer::new(text, options, &|_| None);
    lexer.stop_on(None, options.raw_escapes, 0)?;
    Ok(lexer.words.into_iter().zip(lexer.places).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    fn env(name: &str) -> Option<String> {
        Some(
            match name {
                "A" => "1",
                "E" => "",
                "P" => "/usr/lib/a.tar.gz",
                "S" => "a b",
                _ => return None,
            }
            .to_owned(),
        )
    }

    #[test]
    fn operators_expand() {
        for (word, result) in [
            ("x${A}y$A", "x1y1"),
            ("${U:-d$A}", "d1"),
            ("${E-d}|${E:-d}", "|d"),
            ("${A:+y}${U+n}", "y"),
            ("${P##*/} ${P#*/} ${P%.*} ${P%%.*}", "a.tar.gz usr/lib/a.tar.gz /usr/lib/a.tar /usr/lib/a"),
            ("${P/a/X} ${P//a/X}", "/usr/lib/X.tar.gz /usr/lib/X.tXr.gz"),
            ("${P//\\//-}", "-usr-lib-a.tar.gz"),
            ("'$A' \"$A\" \\$A", "$A 1 $A"),
            ("$ $(A) $", "$ $(A) $"),
        ] {
            assert_eq!(expand(word, '\\', &env).unwrap(), result, "{word}");
        }
    }

    #[test]
    fn what_the_builder_refuses_is_refused() {
        for word in ["${", "${A", "${}", "${:-a}", "${A^}", "${A=b}", "${A:#b}", "'a", "\"a", "${U?}", "${E:?}", "${A/a}", "${P#\\a}"] {
            assert!(expand(word, '\\', &env).is_err(), "{word}");
        }
        let deep = "${A:-".repeat(5000);
        assert!(expand(&deep, '\\', &env).is_err());
    }

    #[test]
    fn words_split_at_blanks_that_are_not_quoted() {
        assert_eq!(expand_words("$S \"$S\" c", '\\', &env).unwrap(), ["a", "b", "a b", "c"]);
    }

    #[test]
    fn references_have_their_place() {
        let word = Text::verbatim("a${X:-$Y}'$Z'$1", Span::new(FileId(0), 10, 25));
        let found = references(&word, '\\');
        let short: Vec<_> = found.iter().map(|r| (r.name.as_str(), r.span.start, r.span.end, r.operator)).collect();
        assert_eq!(short, [("Y", 16, 18, ""), ("X", 11, 19, ":-"), ("1", 23, 25, "")]);
    }
}
