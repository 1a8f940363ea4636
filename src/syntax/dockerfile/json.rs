//! The JSON form: an array of strings, or any other JSON, or no JSON at all.

use std::ops::Range;

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, one_of};
use nom::combinator::{all_consuming, opt, recognize, value};
use nom::multi::{many0_count, separated_list0};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Offset, Parser};

use super::lines::Logical;
use crate::text::Text;

/// Arrays nested deeper than this are no JSON for the builder either.
const MAX_DEPTH: usize = 10_000;

/// What an argument that may be JSON is.
pub(super) enum Json {
    /// An array of strings.
    Strings(Vec<Text>),
    /// An array that holds something else: an error.
    OtherArray,
    /// No JSON: the text is taken as it is, silently.
    No,
}

/// Reads a range of a line as the JSON form.
pub(super) fn array(line: &Logical<'_>, range: Range<usize>) -> Json {
    let text = line.slice(range.clone());
    let input = text.trim_start();
    if !input.starts_with('[') {
        return Json::No;
    }
    if let Ok((_, strings)) = strings(input) {
        let base = line.slice(0..line.text.len());
        return Json::Strings(strings.into_iter().map(|s| decode(line, base.offset(s), s)).collect());
    }
    if is_valid(input) { Json::OtherArray } else { Json::No }
}

fn blank(input: &str) -> IResult<&str, &str> {
    take_while(|c| matches!(c, ' ' | '\t' | '\r' | '\n'))(input)
}

fn strings(input: &str) -> IResult<&str, Vec<&str>> {
    let comma = delimited(blank, char(','), blank);
    all_consuming(delimited((char('['), blank), separated_list0(comma, string), (blank, char(']'), blank))).parse(input)
}

/// A string literal with its quotes.
fn string(input: &str) -> IResult<&str, &str> {
    let plain = take_while1(|c| !matches!(c, '"' | '\\' | '\0'..='\x1f'));
    let short = value((), one_of("\"\\/bfnrt"));
    let long = value((), preceded(char('u'), take_while_m_n(4, 4, |c: char| c.is_ascii_hexdigit())));
    let escape = preceded(char('\\'), alt((short, long)));
    let part = alt((value((), plain), escape));
    recognize(delimited(char('"'), many0_count(part), char('"'))).parse(input)
}

fn number(input: &str) -> IResult<&str, &str> {
    let digits = || take_while1(|c: char| c.is_ascii_digit());
    let whole = alt((tag("0"), digits()));
    recognize((opt(char('-')), whole, opt((char('.'), digits())), opt((one_of("eE"), opt(one_of("+-")), digits())))).parse(input)
}

/// The text of a string literal that stands at `at` in the line.
fn decode(line: &Logical<'_>, at: usize, literal: &str) -> Text {
    let mut text = Text::builder(line.span(at..at + literal.len()));
    let mut rest = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    let mut at = at + 1;
    while !rest.is_empty() {
        let plain = rest.find('\\').unwrap_or(rest.len());
        let (before, tail) = rest.split_at_checked(plain).unwrap_or((rest, ""));
        line.push(&mut text, before, at..at + before.len());
        at += before.len();
        rest = tail;
        if let Some((c, len)) = unescape(rest) {
            line.push(&mut text, c.encode_utf8(&mut [0; 4]), at..at + len);
            at += len;
            rest = rest.get(len..).unwrap_or_default();
        }
    }
    text
}

/// The character of the escape that `text` begins with, and the escape's length.
fn unescape(text: &str) -> Option<(char, usize)> {
    let kind = text.strip_prefix('\\')?.chars().next()?;
    Some(match kind {
        'b' => ('\x08', 2),
        'f' => ('\x0c', 2),
        'n' => ('\n', 2),
        'r' => ('\r', 2),
        't' => ('\t', 2),
        'u' => {
            let unit = code_unit(text)?;
            let pair = text.get(6..).filter(|t| t.starts_with("\\u")).and_then(code_unit);
            match (char::from_u32(unit), pair) {
                (Some(c), _) => (c, 6),
                (None, Some(low)) => match char::decode_utf16([unit as u16, low as u16]).next() {
                    Some(Ok(c)) => (c, 12),
                    _ => (char::REPLACEMENT_CHARACTER, 6),
                },
                (None, None) => (char::REPLACEMENT_CHARACTER, 6),
            }
        }
        c => (c, 1 + c.len_utf8()),
    })
}

fn code_unit(text: &str) -> Option<u32> {
    u32::from_str_radix(text.get(2..6)?, 16).ok()
}

/// Whether the whole text is one JSON value. Nesting is kept on a stack of our own.
fn is_valid(text: &str) -> bool {
    #[derive(Clone, Copy, PartialEq)]
    enum Want {
        Value,
        FirstOrClose,
        KeyOrClose,
        Key,
        CommaOrClose,
    }
    let mut open: Vec<char> = Vec::new();
    let mut want = Want::Value;
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if open.is_empty() && want == Want::CommaOrClose {
            return rest.is_empty();
        }
        let Some(first) = rest.chars().next() else { return false };
        let tail = rest.get(first.len_utf8()..).unwrap_or_default();
        let closes = open.last() == Some(&first) && !matches!(want, Want::Value | Want::Key);
        if closes {
            open.pop();
            want = Want::CommaOrClose;
            rest = tail;
            continue;
        }
        match want {
            Want::CommaOrClose if first == ',' => {
                want = if open.last() == Some(&'}') { Want::Key } else { Want::Value };
                rest = tail;
            }
            Want::Key | Want::KeyOrClose => {
                let Ok((tail, _)) = (string, blank, char(':')).parse(rest) else { return false };
                want = Want::Value;
                rest = tail;
            }
            Want::Value | Want::FirstOrClose if matches!(first, '[' | '{') => {
                open.push(if first == '[' { ']' } else { '}' });
                if open.len() > MAX_DEPTH {
                    return false;
                }
                want = if first == '[' { Want::FirstOrClose } else { Want::KeyOrClose };
                rest = tail;
            }
            Want::Value | Want::FirstOrClose => {
                let Some(tail) = scalar(rest) else { return false };
                want = Want::CommaOrClose;
                rest = tail;
            }
            Want::CommaOrClose => return false,
        }
    }
}

/// What follows a string, number, `true`, `false` or `null`.
fn scalar(text: &str) -> Option<&str> {
    if let Ok((rest, digits)) = number(text) {
        // A number that no 64-bit float can hold fails in the builder before the type is looked at.
        return digits.parse::<f64>().is_ok_and(f64::is_finite).then_some(rest);
    }
    let (rest, _) = alt((string, tag("true"), tag("false"), tag("null"))).parse(text).ok()?;
    Some(rest)
}
