//! Shell patterns against known text, for `${name#pattern}` and its like.

use super::words::Frag;

/// Longer texts are not matched.
const MAX_LEN: usize = 2_000;

enum Token {
    Char(char),
    Any,
    One,
    /// Ranges, and whether they are excluded.
    Class(Vec<(char, char)>, bool),
}

/// Whether a pattern as it is written, with its quotes, matches a text; `None` where something in it expands, or shells differ.
pub fn pattern_matches(pattern: &str, text: &str) -> Option<bool> {
    let mut chars = Vec::new();
    let mut quote = None;
    for c in pattern.chars() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            (Some('\''), c) => chars.push((c, true)),
            (_, '$' | '`' | '\\') | (None, '(') => return None,
            (quote, c) => chars.push((c, quote.is_some())),
        }
    }
    if quote.is_some() || text.len() > MAX_LEN {
        return None;
    }
    Some(Pattern::of(&chars)?.matches(text))
}

/// A pattern that can be matched.
pub(super) struct Pattern(Vec<Token>);

impl Pattern {
    /// Reads a pattern; `None` where a part of it is not known, or shells read it differently.
    pub(super) fn read(frags: &[Frag]) -> Option<Pattern> {
        let mut chars: Vec<(char, bool)> = Vec::new();
        for frag in frags {
            let Frag::Text { flow, quoted, .. } = frag else { return None };
            let text = flow.known()?;
            // a backslash in a value quotes in some shells
            if !quoted && text.contains('\\') {
                return None;
            }
            chars.extend(text.chars().map(|c| (c, *quoted)));
        }
        Pattern::of(&chars)
    }

    /// Reads characters, each with whether it is quoted.
    fn of(chars: &[(char, bool)]) -> Option<Pattern> {
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(&(c, quoted)) = chars.get(at) {
            at += 1;
            tokens.push(match c {
                '*' if !quoted => Token::Any,
                '?' if !quoted => Token::One,
                '[' if !quoted => {
                    let (token, after) = class(chars, at)?;
                    at = after;
                    token
                }
                c => Token::Char(c),
            });
        }
        (tokens.len() <= MAX_LEN).then_some(Pattern(tokens))
    }

    /// The length in bytes of the prefix (`suffix`: of what stays before the suffix) that matches; the longest or the shortest.
    /// `None` where none does; the text must not be too long.
    pub(super) fn cut(&self, text: &str, suffix: bool, longest: bool) -> Option<Option<usize>> {
        if text.len() > MAX_LEN {
            return None;
        }
        let mut cuts: Vec<usize> = text.char_indices().map(|(i, _)| i).chain([text.len()]).collect();
        // the longest suffix starts first, the longest prefix ends last
        if suffix != longest {
            cuts.reverse();
        }
        let part = |at: usize| if suffix { text.get(at..) } else { text.get(..at) };
        Some(cuts.into_iter().find(|at| part(*at).is_some_and(|p| self.matches(p))))
    }

    fn matches(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        let (mut t, mut p) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            match (self.0.get(p), chars.get(t)) {
                (Some(Token::Any), _) => {
                    star = Some((p, t));
                    p += 1;
                    continue;
                }
                (None, None) => return true,
                (Some(token), Some(c)) if one(token, *c) => {
                    p += 1;
                    t += 1;
                    continue;
                }
                _ => {}
            }
            match star {
                Some((at, from)) if from < chars.len() => {
                    star = Some((at, from + 1));
                    p = at + 1;
                    t = from + 1;
                }
                _ => return false,
            }
        }
    }
}

fn one(token: &Token, c: char) -> bool {
    match token {
        Token::Char(own) => *own == c,
        Token::One => true,
        Token::Class(ranges, not) => ranges.iter().any(|(a, b)| *a <= c && c <= *b) != *not,
        Token::Any => false,
    }
}

/// `[…]` from after its bracket; plain ones only.
fn class(chars: &[(char, bool)], from: usize) -> Option<(Token, usize)> {
    let mut at = from;
    let not = chars.get(at).is_some_and(|(c, _)| *c == '!');
    at += usize::from(not);
    let mut ranges = Vec::new();
    while let Some(&(c, _)) = chars.get(at) {
        match c {
            ']' if !ranges.is_empty() => return Some((Token::Class(ranges, not), at + 1)),
            ']' | '[' | '^' | '\\' => return None,
            _ => {}
        }
        let end = chars.get(at + 1).filter(|(c, _)| *c == '-').and_then(|_| chars.get(at + 2)).filter(|(c, _)| *c != ']');
        match end {
            Some((end, _)) if c.is_ascii() && end.is_ascii() => {
                ranges.push((c, *end));
                at += 3;
            }
            Some(_) => return None,
            None => {
                ranges.push((c, c));
                at += 1;
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::pattern_matches;

    #[test]
    fn a_written_pattern_matches_as_in_a_case() {
        for (pattern, text, matches) in [
            ("server", "server", Some(true)),
            ("'a*'", "a*", Some(true)),
            ("'a*'", "ab", Some(false)),
            ("a*z", "abcz", Some(true)),
            ("\"a\"*", "abc", Some(true)),
            ("-?", "-x", Some(true)),
            ("[0-9]*", "5", Some(true)),
            ("*", "", Some(true)),
            ("$X", "x", None),
            ("+(a)", "a", None),
            ("'a", "a", None),
        ] {
            assert_eq!(pattern_matches(pattern, text), matches, "{pattern} {text}");
        }
    }
}
