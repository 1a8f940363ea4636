//! Sizes (`512m`) and durations (`1m30s`).

/// Bytes: a number with an optional binary unit.
pub(crate) fn bytes(text: &str) -> Option<i64> {
    if let Ok(plain) = text.parse() {
        return Some(plain);
    }
    let digits = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
    let number: f64 = text.get(..digits)?.trim_end().parse().ok()?;
    if number < 0.0 {
        return None;
    }
    let unit = text.get(digits..)?.strip_prefix(' ').unwrap_or(text.get(digits..)?).to_ascii_lowercase();
    let power = match unit.trim_end_matches("ib").trim_end_matches('b') {
        "" if unit.is_empty() || unit == "b" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    Some((number * 1024_f64.powi(power)) as i64)
}

/// Nanoseconds: `1h30m`, `500ms`, `2d`, `1w`; a unit is needed unless the value is 0.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += number * unit(rest.get(..letters)?)?;
        rest = rest.get(letters..)?;
    }
    let nanos = total.round() as i64;
    Some(if negative { -nanos } else { nanos })
}

fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3_600e9,
        "d" => 86_400e9,
        "w" => 604_800e9,
        _ => return None,
    })
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
        ] {
            assert_eq!(bytes(text), n, "{text}");
        }
        for (text, shown) in
            [("1m30s", "1m30s"), ("500ms", "500ms"), ("90s", "1m30s"), ("1h", "1h0m0s"), ("1.5s", "1.5s"), ("2d", "48h0m0s"), ("0", "0s")]
        {
            assert_eq!(duration(text).map(show_duration).as_deref(), Some(shown), "{text}");
        }
        assert_eq!(duration("30"), None);
    }
}
