//! Quotes and escapes off, places kept.

use crate::text::Text;

/// The text without its quotes and escapes, as the builder's expansion takes them off; variables stay as written.
/// A quote that is never closed stays.
pub fn unquote(text: &Text, escape: char) -> Text {
    let value = text.value.as_str();
    if !value.contains(['\'', '"', escape]) {
        return text.clone();
    }
    let mut out = Text::builder(text.span);
    let mut at = 0;
    while let Some(c) = value.get(at..).and_then(|t| t.chars().next()) {
        let rest = value.get(at + c.len_utf8()..).unwrap_or_default();
        at = match c {
            '\'' if rest.contains('\'') => {
                let len = rest.find('\'').unwrap_or_default();
                keep(&mut out, text, at + 1, at + 1 + len);
                at + len + 2
            }
            '"' => double_quoted(&mut out, text, at, escape),
            c if c == escape => {
                let len = rest.chars().next().map_or(0, char::len_utf8);
                keep(&mut out, text, at + c.len_utf8(), at + c.len_utf8() + len);
                at + c.len_utf8() + len
            }
            c => {
                keep(&mut out, text, at, at + c.len_utf8());
                at + c.len_utf8()
            }
        };
    }
    out
}

fn keep(out: &mut Text, text: &Text, start: usize, end: usize) {
    out.push(text.value.get(start..end).unwrap_or_default(), text.span_of(start, end));
}

/// Takes the double-quoted part that begins at `open`; gives the offset behind it.
fn double_quoted(out: &mut Text, text: &Text, open: usize, escape: char) -> usize {
    let inner = text.value.get(open + 1..).unwrap_or_default();
    let mut parts: Vec<(usize, usize)> = Vec::new();
    let mut chars = inner.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let at = open + 1 + i;
        if c == '"' {
            parts.iter().for_each(|&(start, end)| keep(out, text, start, end));
            return at + 1;
        }
        match chars.peek() {
            Some(&(_, next)) if c == escape && (next == '"' || next == '$' || next == escape) => {
                chars.next();
                parts.push((at + c.len_utf8(), at + c.len_utf8() + next.len_utf8()));
            }
            _ => parts.push((at, at + c.len_utf8())),
        }
    }
    keep(out, text, open, open + 1);
    open + 1
}
