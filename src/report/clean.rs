//! Characters that must not reach a terminal as they are: a linted file could otherwise move the cursor, change colours
//! or turn the reading order around.

use std::borrow::Cow;

/// The visible form of a character that would act instead of being shown.
pub(crate) fn escape(c: char) -> Option<String> {
    let acts = c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    acts.then(|| c.escape_unicode().to_string())
}

/// Whether a text holds printable ASCII and line breaks only, as nearly all do.
fn is_plain(text: &str, breaks: bool) -> bool {
    text.bytes().all(|b| matches!(b, b' '..=b'~') || breaks && b == b'\n')
}

/// A text on one line, harmless on a terminal.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    if is_plain(text, false) || !text.chars().any(|c| escape(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' | '\t' => out.push(' '),
            _ => match escape(c) {
                Some(visible) => out.push_str(&visible),
                None => out.push(c),
            },
        }
    }
    Cow::Owned(out)
}

#[cfg(feature = "cli")]
/// The same, line breaks kept.
pub(crate) fn lines(text: &str) -> String {
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// The first byte that is neither printable ASCII nor a line break, looked for by the block: a long output holds hardly any.
fn first_unplain(bytes: &[u8]) -> Option<usize> {
    let plain = |b: &u8| matches!(b, b' '..=b'~' | b'\n');
    let mut blocks = bytes.chunks(64);
    let start = 64 * blocks.position(|block| !block.iter().fold(true, |all, b| all & plain(b)))?;
    Some(start + bytes.get(start..)?.iter().position(|b| !plain(b))?)
}

/// JSON in which no character acts on a terminal. Such characters stand within strings only, where `\u` means the same.
pub(crate) fn json(text: String) -> String {
    let acts = |c: char| !matches!(c, ' '..='~' | '\n') && c as u32 <= 0xffff && escape(c).is_some();
    let mut rest = text.as_str();
    let acting = loop {
        // whole stretches of plain characters are passed over at once
        let Some(at) = first_unplain(rest.as_bytes()) else { break false };
        let mut chars = rest.get(at..).unwrap_or_default().chars();
        if chars.next().is_none_or(acts) {
            break true;
        }
        rest = chars.as_str();
    };
    if !acting {
        return text;
    }
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if acts(c) {
            out.push_str(&format!("\\u{:04x}", c as u32))
        } else {
            out.push(c)
        }
        out
    })
}

/// A document as JSON text, over several lines or on one.
pub(crate) fn document(value: &impl serde::Serialize, pretty: bool) -> String {
    document_within(value, pretty, 0)
}

/// The same of a document that may have so many bytes: room for them is made once.
pub(crate) fn document_within(value: &impl serde::Serialize, pretty: bool, room: usize) -> String {
    let mut bytes = Vec::with_capacity(room);
    let written = if pretty { serde_json::to_writer_pretty(&mut bytes, value) } else { serde_json::to_writer(&mut bytes, value) };
    let mut text = json(written.ok().and_then(|()| String::from_utf8(bytes).ok()).unwrap_or_default());
    text.push('\n');
    text
}
