//! Sizes (`512m`), durations (`1m30s`) and numbers.

use crate::syntax::duration::nanoseconds;

/// Bytes: a number with an optional binary unit.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    if let Ok(plain) = text.parse() {
        return Some(plain);
    }
    let last = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' '))?;
    let (number, unit) = text.split_at_checked(last + 1)?;
    let number = float(number.strip_suffix(' ').unwrap_or(number))?;
    if number < 0.0 {
        return None;
    }
    let power = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        "t" | "tb" | "tib" => 4,
        "p" | "pb" | "pib" => 5,
        _ => return None,
    };
    let bytes = number * 1024_f64.powi(power);
    // Beyond 64 bits Go gives the smallest number.
    Some(if bytes >= 9.223_372_036_854_776e18 { i64::MIN } else { bytes as i64 })
}

/// A finite number as Go reads it: `_` may stand between digits, and `0x1.8p3` is one, too.
pub(super) fn float(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let hexadecimal = unsigned.strip_prefix("0x").or_else(|| unsigned.strip_prefix("0X"));
    let digit = |i: usize| bytes.get(i).is_some_and(|b| b.is_ascii_digit() || hexadecimal.is_some() && b.is_ascii_hexdigit());
    let before = |i: usize| digit(i) || hexadecimal.is_some_and(|rest| i + 1 + rest.len() == text.len());
    let between = |i: usize| i > 0 && before(i - 1) && digit(i + 1);
    if bytes.iter().enumerate().any(|(i, &b)| b == b'_' && !between(i)) {
        return None;
    }
    let plain = |text: &str| text.replace('_', "");
    let number = match hexadecimal {
        Some(rest) if text.starts_with('-') => binary(&plain(rest)).map(|f| -f),
        Some(rest) => binary(&plain(rest)),
        None => plain(text).parse().ok(),
    };
    number.filter(|f: &f64| f.is_finite())
}

/// `1.8p3`: hexadecimal digits, and a power of two that must be there.
fn binary(text: &str) -> Option<f64> {
    let (digits, power) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let power: i32 = power.parse().ok()?;
    let mut number = None;
    for digit in whole.chars().chain(fraction.chars()) {
        number = Some(number.unwrap_or(0.0) * 16.0 + f64::from(digit.to_digit(16)?));
    }
    let places = i32::try_from(fraction.len()).ok()?.saturating_mul(4);
    Some(number? * 2_f64.powi(power.saturating_sub(places)))
}

/// Nanoseconds: `1h30m`, `500ms`, `2d`, `1w`; a unit is needed unless the value is 0.
pub(crate) fn duration(text: &str) -> Option<i64> {
    nanoseconds(text, true)
}

/// A number as Go prints it: with an exponent where it is very large or very small.
pub(super) fn show_float(f: f64) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{f:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(e) if !(-4..6).contains(&e) => format!("{mantissa}e{}{:02}", if e < 0 { '-' } else { '+' }, e.unsigned_abs()),
        _ => f.to_string(),
    }
}

/// A duration as Compose prints it: `1m30s`, `500ms`.
pub(super) fn show_duration(nanos: i64) -> String {
    if nanos == 0 {
        return "0s".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let n = nanos.unsigned_abs();
    if n < 1_000_000_000 {
        let (scale, unit) = match n {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{unit}", decimal(n, scale));
    }
    let seconds = n / 1_000_000_000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    let rest = decimal(n % 60_000_000_000, 1_000_000_000);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{rest}s"),
        (0, m) => format!("{sign}{m}m{rest}s"),
        (h, m) => format!("{sign}{h}h{m}m{rest}s"),
    }
}

fn decimal(n: u64, scale: u64) -> String {
    let fraction = format!("{:0width$}", n % scale, width = scale.ilog10() as usize);
    let fraction = if scale == 1 { "" } else { fraction.trim_end_matches('0') };
    if fraction.is_empty() { (n / scale).to_string() } else { format!("{}.{fraction}", n / scale) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations() {
        for (text, n) in [
            ("512m", Some(512 << 20)),
            ("1gb", Some(1 << 30)),
            ("1.5k", Some(1536)),
            ("64", Some(64)),
            ("10x", None),
            ("", None),
            ("b", None),
            ("1e3", Some(1000)),
            ("1 kb", Some(1024)),
            ("1kbb", None),
            ("-1m", None),
            ("0x1p3k", Some(8192)),
            ("0x1.8p3", Some(12)),
            ("0x10", None),
        ] {
            assert_eq!(bytes(text), n, "{text}");
        }
        for (text, n) in [
            ("0X1.8P+3", Some(12.0)),
            ("-0x8.p-1", Some(-4.0)),
            ("0x.8p1", Some(1.0)),
            ("0x_1_0p1", Some(32.0)),
            ("0x1.8", None),
            ("0xp1", None),
            ("0x1__0p1", None),
            ("0x1_p1", None),
            ("1_000", Some(1000.0)),
            ("_1", None),
            ("1e400", None),
            ("inf", None),
        ] {
            assert_eq!(float(text), n, "{text}");
        }
        for (text, shown) in
            [("1m30s", "1m30s"), ("500ms", "500ms"), ("90s", "1m30s"), ("1h", "1h0m0s"), ("1.5s", "1.5s"), ("2d", "48h0m0s"), ("0", "0s")]
        {
            assert_eq!(duration(text).map(show_duration).as_deref(), Some(shown), "{text}");
        }
        for (f, shown) in
            [(1.0, "1"), (0.5, "0.5"), (0.00001, "1e-05"), (123_456.0, "123456"), (1_234_567.0, "1.234567e+06"), (1e21, "1e+21")]
        {
            assert_eq!(show_float(f), shown);
        }
        assert_eq!((duration("30"), duration("9999999w")), (None, None));
    }
}
