//! What only bash makes of a value in `${…}`: a part of it, and other text in its place. Nothing but plain characters and numbers is
//! followed, which is what people write.

use super::flow::Flow;
use crate::source::Span;

/// `${name:offset}` and `${name:offset:length}`; `None` where that is no plain number, or an error.
pub(super) fn part(text: &Flow, word: &str) -> Option<Flow> {
    let known = text.known().filter(|t| t.is_ascii())?;
    let (offset, length) = word.split_once(':').map_or((word, None), |(offset, length)| (offset, Some(length)));
    let size = i64::try_from(known.len()).ok()?;
    let number = |digits: &str| digits.trim_matches(' ').parse::<i64>().ok().filter(|_| is_number(digits));
    let start = number(offset).map(|n| if n < 0 { size + n } else { n })?;
    if !(0..=size).contains(&start) {
        return Some(Flow::default());
    }
    let end = match length.map(number) {
        None => size,
        Some(length) => length.map(|n| if n < 0 { size + n } else { (start + n.min(size)).min(size) })?,
    };
    let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
    (range.start <= range.end).then(|| text.slice(range))
}

/// A number that is decimal for bash as well: `010` is none.
fn is_number(text: &str) -> bool {
    let digits = text.trim_matches(' ').trim_start_matches('-');
    digits == "0" || !digits.starts_with('0')
}

/// `${name/pattern/text}`, and for `all` places `${name//pattern/text}`.
pub(super) fn replaced(text: &Flow, word: &str, all: bool, span: Span) -> Option<Flow> {
    let (pattern, with) = word.split_once('/').unwrap_or((word, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '.' | ',' | ':' | '+' | '-' | '=' | '@' | '%');
    let anchored = pattern.starts_with(['#', '%']);
    if pattern.is_empty() || anchored || !pattern.chars().all(plain) || !with.chars().all(|c| plain(c) || c == '/') {
        return None;
    }
    let known = text.known()?;
    let made = if all { known.replace(pattern, with) } else { known.replacen(pattern, with, 1) };
    Some(Flow::value(&made, span, false))
}
