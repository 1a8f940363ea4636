//! Front matter in its plain form, without a YAML parser: nearly all pages are written so. Of what a start reads in all of them
//! there is little: [`Head`].

use super::meta::{FixKind, Meta};
use crate::diagnostic::Severity;

/// What choosing rules and reporting their findings need to know of each.
pub(super) struct Head {
    pub(super) severity: Severity,
    pub(super) presets: Vec<&'static str>,
    pub(super) aliases: Vec<&'static str>,
    pub(super) said_by: Vec<&'static str>,
}

/// Where a page's front matter says what [`Head`] holds: found when the program is built, since a start needs it of every page.
#[derive(Clone, Copy, Debug)]
pub struct Outline {
    severity: &'static str,
    presets: &'static str,
    aliases: &'static str,
    said_by: &'static str,
}

impl Outline {
    /// That of a page.
    pub const fn of(page: &'static str) -> Outline {
        Outline {
            severity: value(page, "severity"),
            presets: value(page, "presets"),
            aliases: value(page, "aliases"),
            said_by: value(page, "said-by"),
        }
    }

    /// Reads it. `None` where it is not written plainly.
    pub(super) fn head(self) -> Option<Head> {
        Some(Head {
            severity: Severity::parse(scalar(self.severity)?)?,
            presets: items(self.presets)?,
            aliases: items(self.aliases)?,
            said_by: items(self.said_by)?,
        })
    }
}

/// What stands behind a key of the front matter, the items below it included; nothing where the key is not there.
const fn value(page: &'static str, key: &str) -> &'static str {
    let Some((_, mut rest)) = page.split_at_checked("---\n".len()) else { return "" };
    while !starts(rest.as_bytes(), b"---") {
        let Some((block, below)) = rest.split_at_checked(block(rest.as_bytes())) else { return "" };
        if starts(block.as_bytes(), key.as_bytes())
            && let (_, value) = block.split_at(key.len())
            && let [b':', ..] = value.as_bytes()
        {
            return value.split_at(1).1;
        }
        if below.is_empty() {
            return "";
        }
        rest = below;
    }
    ""
}

/// The length of a key's line and of the items below it.
const fn block(mut text: &[u8]) -> usize {
    let mut len = 0;
    while let [byte, rest @ ..] = text {
        len += 1;
        if *byte == b'\n' && !matches!(rest, [b' ', ..] | [b'-', b' ', ..]) {
            return len;
        }
        text = rest;
    }
    len
}

const fn starts(mut text: &[u8], mut start: &[u8]) -> bool {
    while let [wanted, more @ ..] = start {
        match text {
            [byte, rest @ ..] if *byte == *wanted => (text, start) = (rest, more),
            _ => return false,
        }
    }
    true
}

/// The items of a list in brackets, or of one whose items stand on lines of their own.
fn items(value: &'static str) -> Option<Vec<&'static str>> {
    if value.trim_start().starts_with("- ") {
        return value.trim().lines().map(|line| scalar(line.trim_start().strip_prefix("- ")?)).collect();
    }
    let mut found = Vec::new();
    list(value, &mut found)?;
    Some(found)
}

/// Reads `key: value`, `key: [a, b]` and lists of `- value`, where no value could mean something else.
/// `None` leaves the text to the YAML parser.
pub(super) fn plain(front: &str) -> Option<Meta> {
    let mut meta = Meta {
        summary: String::new(),
        severity: String::new(),
        presets: Vec::new(),
        fix: FixKind::None,
        aliases: Vec::new(),
        said_by: Vec::new(),
        options: Vec::new(),
        references: Vec::new(),
        needs: None,
        since: String::new(),
        matcher: None,
    };
    let mut open: Option<&mut Vec<String>> = None;
    for line in front.lines() {
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            open.as_deref_mut()?.push(scalar(item)?.to_owned());
            continue;
        }
        let (key, value) = line.split_once(':')?;
        let text = || scalar(value).map(str::to_owned);
        open = None;
        match key {
            "summary" => meta.summary = text()?,
            "severity" => meta.severity = text()?,
            "since" => meta.since = text()?,
            "fix" => meta.fix = fix(value.trim())?,
            "presets" => open = list(value, &mut meta.presets)?,
            "aliases" => open = list(value, &mut meta.aliases)?,
            "said-by" => open = list(value, &mut meta.said_by)?,
            "options" => open = list(value, &mut meta.options)?,
            "references" => open = list(value, &mut meta.references)?,
            _ => return None,
        }
    }
    (!meta.summary.is_empty() && !meta.severity.is_empty() && !meta.since.is_empty()).then_some(meta)
}

/// A list in brackets; without one the lines that follow are its items.
fn list<'m, 'v, T: From<&'v str>>(value: &'v str, into: &'m mut Vec<T>) -> Option<Option<&'m mut Vec<T>>> {
    let value = value.trim();
    if value.is_empty() {
        return Some(Some(into));
    }
    let items = value.strip_prefix('[')?.strip_suffix(']')?;
    for item in items.split(',').filter(|_| !items.trim().is_empty()) {
        into.push(scalar(item)?.into());
    }
    Some(None)
}

/// A value that is the same text in YAML.
fn scalar(value: &str) -> Option<&str> {
    let value = value.trim();
    if let Some(quoted) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return (!quoted.contains(['"', '\\'])).then_some(quoted);
    }
    let letter = value.starts_with(|c: char| c.is_ascii_alphabetic());
    // names and ids, which nearly all values are, seen in one pass
    if letter && value.len() > "false".len() && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')) {
        return Some(value);
    }
    let version = value.split('.').count() == 3 && value.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let word = matches!(value, "true" | "false" | "null" | "yes" | "no" | "on" | "off");
    let marks = value.contains(": ") || value.contains(" #") || value.ends_with(':') || value.contains(['[', ']', '{', '}']);
    ((letter || version) && !word && !marks).then_some(value)
}

fn fix(value: &str) -> Option<FixKind> {
    Some(match value {
        "none" => FixKind::None,
        "safe" => FixKind::Safe,
        "unsafe" => FixKind::Unsafe,
        "manual" => FixKind::Manual,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_say_what_their_pages_say() {
        for entry in crate::rules::all() {
            let page = crate::rule::Page::parse(entry.page).unwrap();
            let Some(head) = entry.outline.head() else { continue };
            assert_eq!(head.severity, page.severity(), "{}", entry.id);
            assert_eq!(
                (head.presets, head.aliases),
                (page.meta.presets.iter().map(|p| p.as_str()).collect(), page.meta.aliases.iter().map(|a| a.as_str()).collect()),
                "{}",
                entry.id
            );
        }
        let odd: Vec<&str> = crate::rules::all().iter().filter(|e| e.outline.head().is_none()).map(|e| e.id).collect();
        assert!(odd.is_empty(), "all pages begin plainly: {odd:?}");
    }

    #[test]
    fn plain_front_matter_reads_as_yaml() {
        let mut read = 0;
        for entry in crate::rules::all() {
            let front = entry.page.strip_prefix("---\n").unwrap().split_once("\n---\n").unwrap().0;
            let Some(meta) = plain(front) else { continue };
            let yaml: Meta = serde_yaml::from_str(front).unwrap();
            assert_eq!(format!("{meta:?}"), format!("{yaml:?}"), "{}", entry.id);
            read += 1;
        }
        assert!(read > 100, "nearly all pages are plain, {read} are");
    }
}
