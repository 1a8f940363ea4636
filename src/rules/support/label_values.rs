//! What the values of labels look like, by the kinds that a schema knows.

use crate::stack::LabelKind;

/// Whether a value is of a kind; plain text always is.
pub(crate) fn is_of(kind: LabelKind, value: &str) -> bool {
    match kind {
        LabelKind::Text => true,
        LabelKind::Url => is_url(value),
        LabelKind::Semver => is_version(value),
        LabelKind::Hash => (7..=64).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_hexdigit()),
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
    let digits = |text: Option<&str>, width: usize| text.is_some_and(|t| t.len() == width && t.bytes().all(|b| b.is_ascii_digit()));
    let Some((date, time)) = value.split_once(['T', 't', ' ']) else { return false };
    let mut parts = date.split('-');
    let day = digits(parts.next(), 4) && digits(parts.next(), 2) && digits(parts.next(), 2) && parts.next().is_none();
    let (clock, zoned) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => (time.get(..at).unwrap_or_default(), time.get(at..).unwrap_or_default()),
        None => return false,
    };
    let (clock, fraction) = clock.split_once('.').map_or((clock, None), |(clock, fraction)| (clock, Some(fraction)));
    let mut parts = clock.split(':');
    let clock = digits(parts.next(), 2) && digits(parts.next(), 2) && digits(parts.next(), 2) && parts.next().is_none();
    let fraction = fraction.is_none_or(|f| !f.is_empty() && f.bytes().all(|b| b.is_ascii_digit()));
    let zone = zoned.eq_ignore_ascii_case("z")
        || zoned.get(1..).and_then(|z| z.split_once(':')).is_some_and(|(h, m)| digits(Some(h), 2) && digits(Some(m), 2));
    day && clock && fraction && zone
}

/// Licence ids that carry no version number in their name.
const LICENCES: [&str; 34] = [
    "MIT",
    "ISC",
    "Unlicense",
    "0BSD",
    "Zlib",
    "WTFPL",
    "X11",
    "curl",
    "Beerware",
    "NCSA",
    "Ruby",
    "Vim",
    "PostgreSQL",
    "OpenSSL",
    "JSON",
    "Libpng",
    "libtiff",
    "Info-ZIP",
    "HPND",
    "Intel",
    "Naumen",
    "NTP",
    "Fair",
    "FTL",
    "ICU",
    "IJG",
    "MIT-0",
    "MirOS",
    "Multics",
    "MulanPSL",
    "SGI-B",
    "TCL",
    "TU-Berlin",
    "Xnet",
];

/// An SPDX expression: ids, `LicenseRef-…`, joined by AND, OR and WITH.
fn is_licence(value: &str) -> bool {
    let plain = value.replace(['(', ')'], " ");
    let mut words = plain.split_whitespace().peekable();
    words.peek().is_some()
        && words.all(|word| {
            let joins = matches!(word, "AND" | "OR" | "WITH");
            let versioned = word.split('-').skip(1).any(|part| part.starts_with(|c: char| c.is_ascii_digit()));
            let named = LICENCES.contains(&word)
                || word.starts_with("LicenseRef-")
                || word.starts_with("DocumentRef-")
                || word.ends_with("-exception");
            joins || named || versioned
        })
}

fn is_address(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    !local.is_empty() && !domain.is_empty() && !value.contains(char::is_whitespace) && !domain.starts_with('.')
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
            (LabelKind::Spdx, "MIT OR Apache-2.0", true),
            (LabelKind::Spdx, "not-spdx", false),
            (LabelKind::Email, "a@example.org", true),
            (LabelKind::Email, "not-email", false),
        ] {
            assert_eq!(is_of(kind, value), good, "{value}");
        }
    }
}
