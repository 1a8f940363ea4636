//! The wildcard patterns of `${name#p}`, `${name%p}` and `${name/p/r}`: `*`, `?`, and a backslash before them. A pattern
//! matches as the builder's translation to a regular expression would: leftmost, stars greedy or not.

use super::lexer::ExpandError;

/// Work that one match may take, in steps of pattern × text.
const MAX_STEPS: usize = 500_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    Char(char),
    Any,
    Star,
}

fn tokens(pattern: &[char]) -> Result<Vec<Token>, ExpandError> {
    let mut out = Vec::with_capacity(pattern.len());
    let mut chars = pattern.iter().copied().peekable();
    while let Some(c) = chars.next() {
        out.push(match c {
            '*' => Token::Star,
            '?' => Token::Any,
            '\\' if matches!(chars.peek(), Some('}' | '/')) => continue,
            '\\' => match chars.next() {
                Some(c @ ('*' | '?' | '\\')) => Token::Char(c),
                Some(c) => {
                    return Err(ExpandError::new(format!("`\\{c}` in a pattern escapes nothing; only `*`, `?` and `\\` can be escaped")));
                }
                None => return Err(ExpandError::new("the pattern ends in a backslash that escapes nothing")),
            },
            c => Token::Char(c),
        });
    }
    Ok(out)
}

/// For each place in `text`, the end of the match that begins there. One row a token, from the last to the first.
fn ends(pattern: &[Token], text: &[char], greedy: bool) -> Result<Vec<Option<usize>>, ExpandError> {
    if pattern.len().saturating_mul(text.len()) > MAX_STEPS {
        return Err(ExpandError::new("the pattern and the value are too long to be matched"));
    }
    let mut row: Vec<Option<usize>> = (0..=text.len()).map(Some).collect();
    for token in pattern.iter().rev() {
        let mut new: Vec<Option<usize>> = vec![None; text.len() + 1];
        for at in (0..=text.len()).rev() {
            let here = row.get(at).copied().flatten();
            let after = row.get(at + 1).copied().flatten();
            let c = text.get(at).copied();
            let end = match *token {
                Token::Char(wanted) => after.filter(|_| c == Some(wanted)),
                Token::Any => after.filter(|_| c.is_some_and(|c| c != '\n')),
                Token::Star => {
                    let longer = new.get(at + 1).copied().flatten().filter(|_| c.is_some_and(|c| c != '\n'));
                    if greedy { longer.or(here) } else { here.or(longer) }
                }
            };
            if let Some(slot) = new.get_mut(at) {
                *slot = end;
            }
        }
        row = new;
    }
    Ok(row)
}

/// `value` without the prefix that matches.
pub(super) fn trim_prefix(pattern: &str, value: &str, greedy: bool) -> Result<String, ExpandError> {
    let pattern: Vec<char> = pattern.chars().collect();
    let value: Vec<char> = value.chars().collect();
    Ok(cut_prefix(&pattern, &value, greedy)?.iter().collect())
}

/// `value` without the suffix that matches.
pub(super) fn trim_suffix(pattern: &str, value: &str, greedy: bool) -> Result<String, ExpandError> {
    let pattern = reversed(pattern);
    let value: Vec<char> = value.chars().rev().collect();
    Ok(cut_prefix(&pattern, &value, greedy)?.iter().rev().collect())
}

fn cut_prefix<'a>(pattern: &[char], value: &'a [char], greedy: bool) -> Result<&'a [char], ExpandError> {
    let end = ends(&tokens(pattern)?, value, greedy)?.first().copied().flatten();
    Ok(end.and_then(|end| value.get(end..)).unwrap_or(value))
}

/// Backwards, each escape still before its character.
fn reversed(pattern: &str) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            out.extend(chars.next());
        }
        out.push(c);
    }
    out.reverse();
    out
}

/// `value` with the first match, or all of them, replaced.
pub(super) fn replace(pattern: &str, replacement: &str, value: &str, all: bool) -> Result<String, ExpandError> {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = value.chars().collect();
    let ends = ends(&tokens(&pattern)?, &text, true)?;
    let mut out = String::with_capacity(value.len());
    let mut at = 0;
    let mut last_end = 0;
    while at <= text.len() {
        let matched = ends.get(at).copied().flatten();
        match matched {
            // An empty match right behind another one does not count.
            Some(end) if end > last_end || at == 0 => {
                let found: String = text.get(at..end).unwrap_or_default().iter().collect();
                if all {
                    out.push_str(&template(replacement, &found));
                } else {
                    out.push_str(replacement);
                    out.extend(text.get(end..).unwrap_or_default());
                    return Ok(out);
                }
                last_end = end;
                if end > at {
                    at = end;
                    continue;
                }
            }
            _ => {}
        }
        out.extend(text.get(at));
        at += 1;
    }
    Ok(out)
}

/// `$0` in the replacement of `//` is the match, other `$names` are empty: the builder's replacement is a template.
fn template(replacement: &str, found: &str) -> String {
    let mut out = String::with_capacity(replacement.len());
    let mut rest = replacement;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let inner = after.strip_prefix('{').unwrap_or(after);
        let name_len = inner.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(inner.len());
        let (name, tail) = inner.split_at_checked(name_len).unwrap_or((inner, ""));
        let tail = if inner.len() == after.len() { Some(tail) } else { tail.strip_prefix('}') };
        match tail {
            Some(tail) if !name.is_empty() => {
                if name == "0" {
                    out.push_str(found);
                }
                rest = tail;
            }
            _ => {
                out.push('$');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}
