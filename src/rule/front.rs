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

/// Reads the head of a page. `None` where it is not written plainly.
pub(super) fn head(page: &'static str) -> Option<Head> {
    let (mut severity, mut presets, mut aliases, mut said_by) = (None, Vec::new(), Vec::new(), Vec::new());
    let mut open: Option<&mut Vec<&'static str>> = None;
    for line in page.strip_prefix("---\n")?.lines() {
        if line == "---" {
            return Some(Head { severity: severity?, presets, aliases, said_by });
        }
        match line.as_bytes().first()? {
            b' ' | b'-' => {
                if let Some(list) = open.as_deref_mut() {
                    list.push(scalar(line.trim_start().strip_prefix("- ")?)?);
                }
            }
            b'a' | b'p' | b's' => {
                let (key, value) = line.split_once(':')?;
                open = match key {
                    "severity" => {
                        severity = Some(Severity::parse(scalar(value)?)?);
                        None
                    }
                    "presets" => list(value, &mut presets)?,
                    "aliases" => list(value, &mut aliases)?,
                    "said-by" => list(value, &mut said_by)?,
                    _ => None,
                };
            }
            _ => open = None,
        }
    }
    None
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
            let Some(head) = head(entry.page) else { continue };
            assert_eq!(head.severity, page.severity(), "{}", entry.id);
            assert_eq!(
                (head.presets, head.aliases),
                (page.meta.presets.iter().map(|p| p.as_str()).collect(), page.meta.aliases.iter().map(|a| a.as_str()).collect()),
                "{}",
                entry.id
            );
        }
        let odd: Vec<&str> = crate::rules::all().iter().filter(|e| head(e.page).is_none()).map(|e| e.id).collect();
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
