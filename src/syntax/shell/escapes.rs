//! Backslash escapes of `$'…'`, `printf` and `echo -e`.

/// The escape at the start of `text` as `$'…'` reads it: its length and its value.
pub(super) fn ansi_c(text: &str) -> (usize, String) {
    match text.as_bytes().get(1) {
        Some(b'\'') => (2, "'".to_owned()),
        Some(b'"') => (2, "\"".to_owned()),
        Some(b'?') => (2, "?".to_owned()),
        Some(b'c') => {
            let control = text.chars().nth(2).and_then(|c| u8::try_from(c).ok()).map(|c| char::from(c & 0x1f));
            control.map_or((2, "\\c".to_owned()), |c| (3, c.to_string()))
        }
        _ => common(text, 3),
    }
}

/// The escape at the start of `text` as a printf format reads it: its length and its value.
pub fn printf(text: &str) -> (usize, String) {
    match text.as_bytes().get(1) {
        Some(b'"') => (2, "\"".to_owned()),
        Some(b'\'') => (2, "'".to_owned()),
        _ => common(text, 3),
    }
}

/// The escape at the start of `text` as `echo -e`, `printf %b` and dash's `echo` read it: its length and its value.
pub fn echo(text: &str) -> (usize, String) {
    match text.as_bytes().get(1) {
        Some(b'0') => {
            let (len, value) = number(text, 2, 3, 8);
            (len.max(2), value.unwrap_or_else(|| "\0".to_owned()))
        }
        Some(b'1'..=b'7') => (1, "\\".to_owned()),
        _ => common(text, 3),
    }
}

fn common(text: &str, octal: usize) -> (usize, String) {
    let simple = |c: char| (2, c.to_string());
    match text.as_bytes().get(1) {
        Some(b'n') => simple('\n'),
        Some(b't') => simple('\t'),
        Some(b'r') => simple('\r'),
        Some(b'a') => simple('\x07'),
        Some(b'b') => simple('\x08'),
        Some(b'e' | b'E') => simple('\x1b'),
        Some(b'f') => simple('\x0c'),
        Some(b'v') => simple('\x0b'),
        Some(b'\\') => simple('\\'),
        Some(b'0'..=b'7') => value_or_plain(number(text, 1, octal, 8)),
        Some(b'x') => value_or_plain(number(text, 2, 2, 16)),
        Some(b'u') => value_or_plain(number(text, 2, 4, 16)),
        Some(b'U') => value_or_plain(number(text, 2, 8, 16)),
        _ => (1, "\\".to_owned()),
    }
}

fn value_or_plain((len, value): (usize, Option<String>)) -> (usize, String) {
    value.map_or((1, "\\".to_owned()), |v| (len, v))
}

fn number(text: &str, skip: usize, most: usize, radix: u32) -> (usize, Option<String>) {
    let digits = text.bytes().skip(skip).take(most).take_while(|b| char::from(*b).is_digit(radix)).count();
    let value = text.get(skip..skip + digits).and_then(|d| u32::from_str_radix(d, radix).ok()).and_then(char::from_u32);
    (skip + digits, value.map(String::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_differ_between_printf_and_echo() {
        assert_eq!(printf("\\101x"), (4, "A".to_owned()));
        assert_eq!(echo("\\0101x"), (5, "A".to_owned()));
        assert_eq!(echo("\\101"), (1, "\\".to_owned()));
        assert_eq!(printf("\\q"), (1, "\\".to_owned()));
        assert_eq!(printf("\\"), (1, "\\".to_owned()));
        assert_eq!(ansi_c("\\x41"), (4, "A".to_owned()));
        assert_eq!(ansi_c("\\xzz"), (1, "\\".to_owned()));
    }
}
