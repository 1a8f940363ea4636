//! A command string split into words, as Compose does it: no shell reads it.

use std::ops::Range;

use crate::text::Text;

/// Splits a command; `None` where a quote or bracket stays open. What follows `;`, `&`, `|`, `<` or `>` is dropped, as Compose drops it.
pub fn split(text: &Text) -> Option<Vec<Text>> {
    let mut words = Vec::new();
    each(text, &mut |word| words.push(word)).then_some(words)
}

/// Whether every quote and bracket of a command is closed.
pub(super) fn is_closed(text: &Text) -> bool {
    let may_open = |b: u8| matches!(b, b'\\' | b'"' | b'\'' | b'`' | b'(' | b')');
    !text.value.bytes().any(may_open) || each(text, &mut |_| {})
}

/// Hands over word after word; false where a quote or bracket stays open.
pub(super) fn each(text: &Text, take: &mut dyn FnMut(Text)) -> bool {
    let word = Text::builder(text.span.at_start());
    let mut split = Split { text, take, word, any: false, exact: text.is_verbatim(), pending: 0..0 };
    let (mut single, mut double, mut back, mut dollar) = (false, false, false, false);
    let mut chars = text.value.char_indices();
    while let Some((i, c)) = chars.next() {
        let quoted = single || double || back || dollar;
        match c {
            '\\' if !single => match chars.next() {
                Some((j, next)) => split.escaped(i, j, next),
                None => return false,
            },
            ' ' | '\t' | '\r' | '\n' if !quoted => split.end(),
            '"' if !single && !dollar => {
                double = !double;
                split.any = true;
            }
            '\'' if !double && !dollar => {
                single = !single;
                split.any = true;
            }
            '`' if !single && !double && !dollar => {
                back = !back;
                split.push(i, c);
            }
            '(' if !single && !double && !back => {
                split.flush();
                if dollar || !split.word.value.ends_with('$') {
                    return false;
                }
                dollar = true;
                split.push(i, c);
            }
            ')' if !single && !double && !back => {
                dollar = !dollar;
                split.push(i, c);
            }
            ';' | '&' | '|' | '<' | '>' if !quoted => {
                split.flush();
                if c == '>' && split.word.value.starts_with(|d: char| d.is_ascii_digit()) {
                    split.any = false;
                }
                break;
            }
            _ => split.push(i, c),
        }
    }
    if single || double || back || dollar {
        return false;
    }
    split.end();
    true
}

struct Split<'a, 't> {
    text: &'a Text,
    take: &'t mut dyn FnMut(Text),
    word: Text,
    any: bool,
    /// The text stands in its source as it is: stretches of it may be taken as one.
    exact: bool,
    /// A stretch that belongs to the word and is not in it yet.
    pending: Range<usize>,
}

impl Split<'_, '_> {
    fn push(&mut self, at: usize, c: char) {
        self.any = true;
        if self.pending.end != at || !self.exact {
            self.flush();
            self.pending.start = at;
        }
        self.pending.end = at + c.len_utf8();
    }

    fn flush(&mut self) {
        let Range { start, end } = std::mem::take(&mut self.pending);
        if start < end {
            self.word.append_range(self.text, start, end);
        }
    }

    fn escaped(&mut self, from: usize, at: usize, c: char) {
        self.flush();
        let c = match c {
            't' => '\t',
            'n' => '\n',
            other => other,
        };
        let end = self.text.value.get(at..).and_then(|t| t.chars().next()).map_or(at, |c| at + c.len_utf8());
        self.any = true;
        self.word.push(c.encode_utf8(&mut [0; 4]), self.text.span_of(from, end));
    }

    fn end(&mut self) {
        if !self.any {
            return;
        }
        self.any = false;
        self.flush();
        let mut word = std::mem::replace(&mut self.word, Text::builder(self.text.span.at_start()));
        word.span = if word.value.is_empty() { word.span } else { word.span_of(0, word.value.len()) };
        (self.take)(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Span};

    #[test]
    fn words_are_split_without_a_shell() {
        let run = |s: &str| {
            split(&Text::verbatim(s, Span::new(FileId(0), 0, s.len()))).map(|w| w.into_iter().map(|t| t.value).collect::<Vec<_>>())
        };
        let some = |w: &[&str]| Some(w.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        assert_eq!(run(r#"sh -c "a && b" 'c d' e\ f"#), some(&["sh", "-c", "a && b", "c d", "e f"]));
        assert_eq!(run("a && b"), some(&["a"]));
        assert_eq!(run("a \"\" b"), some(&["a", "", "b"]));
        assert_eq!(run("echo $(date now)"), some(&["echo", "$(date now)"]));
        assert_eq!(run("a 'b"), None);
        assert_eq!(run("(a)"), None);
        assert_eq!(run(""), some(&[]));
    }

    #[test]
    fn words_point_at_their_source() {
        let text = "run \"a b\" c";
        let words = split(&Text::verbatim(text, Span::new(FileId(0), 10, 10 + text.len()))).unwrap_or_default();
        let spans: Vec<_> = words.iter().map(|w| w.span).collect();
        assert_eq!(spans, [(10, 13), (15, 18), (20, 21)].map(|(a, b)| Span::new(FileId(0), a, b)));
    }
}
