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
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find(['\'', '"', escape]).unwrap_or(rest.len());
        out.append_range(text, at, at + plain);
        at += plain;
        let Some(c) = rest.get(plain..).and_then(|t| t.chars().next()) else { break };
        let rest = value.get(at + c.len_utf8()..).unwrap_or_default();
        at = match c {
            '\'' if rest.contains('\'') => {
                let len = rest.find('\'').unwrap_or_default();
                out.append_range(text, at + 1, at + 1 + len);
                at + len + 2
            }
            '"' => double_quoted(&mut out, text, at, escape),
            c if c == escape => {
                let len = rest.chars().next().map_or(0, char::len_utf8);
                out.append_range(text, at + c.len_utf8(), at + c.len_utf8() + len);
                at + c.len_utf8() + len
            }
            c => {
                out.append_range(text, at, at + c.len_utf8());
                at + c.len_utf8()
            }
        };
    }
    out
}

/// Takes the double-quoted part that begins at `open`; gives the offset behind it.
fn double_quoted(out: &mut Text, text: &Text, open: usize, escape: char) -> usize {
    let inner = text.value.get(open + 1..).unwrap_or_default();
    let mut parts: Vec<(usize, usize)> = Vec::new();
    let mut from = open + 1;
    let mut chars = inner.char_indices().peekable();
    while let Some((i, c)) = chars.next() {
        let at = open + 1 + i;
        if c == '"' {
            parts.push((from, at));
            parts.iter().for_each(|&(start, end)| out.append_range(text, start, end));
            return at + 1;
        }
        // the escape is left out where it escapes something
        if c == escape && chars.next_if(|&(_, next)| next == '"' || next == '$' || next == escape).is_some() {
            parts.push((from, at));
            from = at + c.len_utf8();
        }
    }
    out.append_range(text, open, open + 1);
    open + 1
}
