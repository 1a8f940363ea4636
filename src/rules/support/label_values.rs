//! What the values of labels look like, by the kinds that a schema knows.

use std::sync::LazyLock;

use crate::stack::LabelKind;

/// Whether a value is of a kind; plain text always is.
pub(crate) fn is_of(kind: LabelKind, value: &str) -> bool {
    match kind {
        LabelKind::Text => true,
        LabelKind::Url => is_url(value),
        LabelKind::Semver => is_version(value),
        LabelKind::Hash => matches!(value.len(), 7..=40 | 64) && value.bytes().all(|b| b.is_ascii_hexdigit()),
        LabelKind::Rfc3339 => is_time(value),
        LabelKind::Spdx => is_licence(value),
        LabelKind::Email => is_address(value),
    }
}

fn is_url(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once(':') else { return false };
    let named = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    named && !rest.trim_start_matches('/').is_empty() && !rest.contains(char::is_whitespace)
}

fn is_version(value: &str) -> bool {
    let (rest, build) = value.split_once('+').map_or((value, None), |(rest, build)| (rest, Some(build)));
    let (core, pre) = rest.split_once('-').map_or((rest, None), |(core, pre)| (core, Some(pre)));
    let number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()) && (n == "0" || !n.starts_with('0'));
    let words = |text: &str| text.split('.').all(|w| !w.is_empty() && w.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    core.split('.').count() == 3 && core.split('.').all(number) && pre.is_none_or(words) && build.is_none_or(words)
}

fn is_time(value: &str) -> bool {
    let number = |text: Option<&str>, from: u32, to: u32| {
        let text = text.filter(|t| t.len() == 2 && t.bytes().all(|b| b.is_ascii_digit()))?;
        text.parse().ok().filter(|n| (from..=to).contains(n))
    };
    let Some((date, time)) = value.split_once(['T', 't']) else { return false };
    let mut parts = date.split('-');
    let year = parts.next().filter(|y| y.len() == 4 && y.bytes().all(|b| b.is_ascii_digit())).and_then(|y| y.parse::<u32>().ok());
    let (Some(year), Some(month)) = (year, number(parts.next(), 1, 12)) else { return false };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let day = number(parts.next(), 1, days).is_some() && parts.next().is_none();
    let Some(at) = time.find(['Z', 'z', '+', '-']) else { return false };
    let (clock, zone) = time.split_at_checked(at).unwrap_or_default();
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.split(':');
    let hour = number(parts.next(), 0, 23).is_some() && number(parts.next(), 0, 59).is_some();
    // a leap second is the 61st
    let clock = hour && number(parts.next(), 0, 60).is_some() && parts.next().is_none();
    let fraction = fraction.is_none_or(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()));
    let offset = |z: &str| z.split_once(':').is_some_and(|(h, m)| number(Some(h), 0, 23).is_some() && number(Some(m), 0, 59).is_some());
    day && clock && fraction && (zone.eq_ignore_ascii_case("z") || zone.get(1..).is_some_and(offset))
}

/// The ids of licences, and those of exceptions, each sorted.
static SPDX: LazyLock<(Vec<&str>, Vec<&str>)> = LazyLock::new(|| {
    let ids = include_str!("../../../rules/data/spdx.txt");
    let (licences, exceptions) = ids.split_once("\n\n").unwrap_or((ids, ""));
    (licences.lines().skip(1).collect(), exceptions.lines().collect())
});

/// An SPDX expression: licences, each perhaps WITH an exception, joined by AND and OR, in parentheses or not.
fn is_licence(value: &str) -> bool {
    let spaced = value.replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace();
    let (mut open, mut wanted) = (0_usize, true);
    while let Some(word) = words.next() {
        match (word, wanted) {
            ("(", true) => open += 1,
            (")", false) if open > 0 => open -= 1,
            ("AND" | "OR", false) => wanted = true,
            ("WITH", false) if words.next().is_some_and(|w| SPDX.1.binary_search(&w).is_ok()) => {}
            (licence, true) if is_licence_id(licence) => wanted = false,
            _ => return false,
        }
    }
    open == 0 && !wanted
}

fn is_licence_id(word: &str) -> bool {
    let listed = |id: &str| SPDX.0.binary_search(&id).is_ok();
    let named = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
    let local =
        word.strip_prefix("DocumentRef-").and_then(|rest| rest.split_once(':')).map_or((true, word), |(doc, rest)| (named(doc), rest));
    listed(word) || word.strip_suffix('+').is_some_and(listed) || local.0 && local.1.strip_prefix("LicenseRef-").is_some_and(named)
}

fn is_address(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let atoms = |text: &str, more: &str| {
        text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(|c| c.is_alphanumeric() || more.contains(c)))
    };
    let literal = domain.starts_with('[') && domain.ends_with(']');
    let host = atoms(domain, "-") && domain.split('.').all(|part| !part.starts_with('-') && !part.ends_with('-'));
    (quoted || atoms(local, "!#$%&'*+-/=?^_`{|}~")) && (literal || host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        for (kind, value, good) in [
            (LabelKind::Url, "http://example.com", true),
            (LabelKind::Url, "not-url", false),
            (LabelKind::Semver, "2.0.1-rc1", true),
            (LabelKind::Semver, "2.0", false),
            (LabelKind::Hash, "2dbfae9", true),
            (LabelKind::Hash, "not-git-hash", false),
            (LabelKind::Rfc3339, "2021-03-10T10:26:33.564595127+01:00", true),
            (LabelKind::Rfc3339, "2021-03-10", false),
            (LabelKind::Rfc3339, "2024-02-29T23:59:60Z", true),
            (LabelKind::Rfc3339, "2021-02-29T00:00:00Z", false),
            (LabelKind::Rfc3339, "2021-13-01T00:00:00Z", false),
            (LabelKind::Rfc3339, "2021-01-01T24:00:00Z", false),
            (LabelKind::Rfc3339, "2021-01-01T00:00:00-0200", false),
            (LabelKind::Rfc3339, "2021-01-01 00:00:00Z", false),
            (LabelKind::Hash, "012345678901234567890123456789012345678901", false),
            (LabelKind::Spdx, "MIT OR Apache-2.0", true),
            (LabelKind::Spdx, "not-spdx", false),
            (LabelKind::Spdx, "(MIT AND GPL-2.0-or-later WITH Classpath-exception-2.0) OR LicenseRef-x", true),
            (LabelKind::Spdx, "GPL-2.0+", true),
            (LabelKind::Spdx, "MIT AND", false),
            (LabelKind::Spdx, "(MIT", false),
            (LabelKind::Spdx, "MIT)", false),
            (LabelKind::Spdx, "MIT/Apache-2.0", false),
            (LabelKind::Spdx, "MIT Apache-2.0", false),
            (LabelKind::Spdx, "Foo-1.0", false),
            (LabelKind::Email, "a@example.org", true),
            (LabelKind::Email, "not-email", false),
            (LabelKind::Email, "\"a b\"@example.org", true),
            (LabelKind::Email, "a@@b.c", false),
            (LabelKind::Email, ".a@b.c", false),
            (LabelKind::Email, "a@b..c", false),
            (LabelKind::Email, "a@-b.c", false),
        ] {
            assert_eq!(is_of(kind, value), good, "{value}");
        }
    }
}
