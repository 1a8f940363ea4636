//! Places as an editor counts them, and files as it names them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::source::{SourceFile, Span};

/// In which units the editor counts columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16,
    Utf32,
}

impl Encoding {
    /// The first of ours that the editor offers; UTF-16 is what counts where nothing is said.
    pub(super) fn choose(offered: Option<&Value>) -> Encoding {
        let offered: Vec<&str> = offered.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let known = [("utf-8", Encoding::Utf8), ("utf-32", Encoding::Utf32), ("utf-16", Encoding::Utf16)];
        known.into_iter().find(|(name, _)| offered.contains(name)).map_or(Encoding::Utf16, |(_, encoding)| encoding)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Utf16 => "utf-16",
            Encoding::Utf32 => "utf-32",
        }
    }

    fn units(self, c: char) -> usize {
        match self {
            Encoding::Utf8 => c.len_utf8(),
            Encoding::Utf16 => c.len_utf16(),
            Encoding::Utf32 => 1,
        }
    }

    /// A byte offset as `{line, character}`, both from 0.
    pub(super) fn position(self, file: &SourceFile, offset: usize) -> Value {
        let line = file.line_of(offset);
        let start = file.line_range(line).start;
        let before = file.text.get(start..offset.min(file.text.len())).unwrap_or_default();
        let character: usize = before.trim_end_matches(['\n', '\r']).chars().map(|c| self.units(c)).sum();
        json!({"line": line - 1, "character": character})
    }

    pub(super) fn range(self, file: &SourceFile, span: Span) -> Value {
        json!({"start": self.position(file, span.start as usize), "end": self.position(file, span.end as usize)})
    }

    /// The byte offset of a position; one beyond the line or the text is its end.
    pub(super) fn offset(self, file: &SourceFile, position: &Value) -> usize {
        let number = |key: &str| position.get(key).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
        let (line, character) = (number("line"), number("character"));
        let range = file.line_range(line + 1);
        let mut passed = 0;
        for (at, c) in file.text.get(range.clone()).unwrap_or_default().char_indices() {
            if passed >= character {
                return range.start + at;
            }
            passed += self.units(c);
        }
        range.end
    }
}

/// The path of a `file:` URI; `None` for buffers that are no files.
pub(super) fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.get(rest.find('/')?..)?;
    let mut bytes = Vec::with_capacity(rest.len());
    let mut left = rest.bytes();
    while let Some(byte) = left.next() {
        let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match byte {
            b'%' => bytes.push(digit(left.next())? * 16 + digit(left.next())?),
            other => bytes.push(other),
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    // `/c:/work` is a path of Windows.
    let drive = text.get(1..3).is_some_and(|d| d.ends_with(':') && d.starts_with(|c: char| c.is_ascii_alphabetic()));
    Some(PathBuf::from(if drive && cfg!(windows) { text.trim_start_matches('/').to_owned() } else { text }))
}

/// The `file:` URI of a path.
pub(super) fn uri_of(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    let mut uri = if text.starts_with('/') { "file://".to_owned() } else { "file:///".to_owned() };
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' | b':' => uri.push(char::from(byte)),
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Sources;

    #[test]
    fn columns_are_counted_in_the_editors_units() {
        let mut sources = Sources::new();
        let file = sources.add("f", "a\r\né😀x\n".to_owned());
        let file = sources.get(file);
        for (encoding, column) in [(Encoding::Utf8, 6), (Encoding::Utf16, 3), (Encoding::Utf32, 2)] {
            let position = json!({"line": 1, "character": column});
            assert_eq!(encoding.position(file, 9), position);
            assert_eq!(encoding.offset(file, &position), 9);
        }
        assert_eq!(Encoding::Utf16.offset(file, &json!({"line": 0, "character": 99})), 1, "the line's end, before its break");
        assert_eq!(Encoding::Utf16.offset(file, &json!({"line": 99, "character": 0})), file.text.len());
    }

    #[test]
    fn the_editor_is_asked_for_its_encoding() {
        assert_eq!(Encoding::choose(Some(&json!(["utf-16", "utf-8"]))), Encoding::Utf8);
        assert_eq!(Encoding::choose(None), Encoding::Utf16);
        assert_eq!(Encoding::choose(Some(&json!(["x"]))), Encoding::Utf16);
    }

    #[test]
    fn paths_survive_being_uris() {
        for path in ["/a/b c/ü#1.yml", "/x"] {
            assert_eq!(path_of(&uri_of(Path::new(path))).as_deref(), Some(Path::new(path)));
        }
        assert_eq!(path_of("untitled:1"), None);
        assert_eq!(path_of("file:///a%2"), None);
        assert_eq!(path_of("file://host/a"), Some(PathBuf::from("/a")));
    }
}
