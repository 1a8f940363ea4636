//! Plain dates: YAML makes a point in time of them, and Compose writes it out in a form of its own, loses it or refuses it.

use std::sync::LazyLock;

use super::keypaths::KeyPaths;

/// What Compose does with a date where the schema takes one for a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is written out in full.
    Written,
    /// The key counts as not set.
    Lost,
    /// The text counts, as it stands.
    Kept,
    /// The project is refused.
    Refused,
}

const FATES: &[(&str, Fate)] = &[
    ("name", Fate::Kept),
    ("version", Fate::Lost),
    ("configs.*.labels.[]", Fate::Written),
    ("secrets.*.labels.[]", Fate::Written),
    ("volumes.*.labels.[]", Fate::Written),
    ("networks.*.ipam.config.[].aux_addresses.*", Fate::Written),
    ("networks.*.ipam.options.*", Fate::Written),
    ("services.*.blkio_config.device_read_bps.[].rate", Fate::Lost),
    ("services.*.blkio_config.device_read_iops.[].rate", Fate::Lost),
    ("services.*.blkio_config.device_write_bps.[].rate", Fate::Lost),
    ("services.*.blkio_config.device_write_iops.[].rate", Fate::Lost),
    ("services.*.build.extra_hosts.[]", Fate::Written),
    ("services.*.build.extra_hosts.*.[]", Fate::Written),
    ("services.*.build.shm_size", Fate::Lost),
    ("services.*.command", Fate::Lost),
    ("services.*.deploy.resources.limits.memory", Fate::Lost),
    ("services.*.deploy.resources.reservations.memory", Fate::Lost),
    ("services.*.deploy.resources.reservations.devices.[].options.[]", Fate::Written),
    ("services.*.develop.watch.[].exec.command", Fate::Lost),
    ("services.*.develop.watch.[].exec.environment.[]", Fate::Written),
    ("services.*.entrypoint", Fate::Lost),
    ("services.*.env_file.[]", Fate::Lost),
    ("services.*.extra_hosts.[]", Fate::Written),
    ("services.*.extra_hosts.*.[]", Fate::Written),
    ("services.*.gpus.[].options.[]", Fate::Written),
    ("services.*.mem_limit", Fate::Lost),
    ("services.*.mem_reservation", Fate::Lost),
    ("services.*.mem_swappiness", Fate::Lost),
    ("services.*.memswap_limit", Fate::Lost),
    ("services.*.pid", Fate::Refused),
    ("services.*.post_start.[].command", Fate::Lost),
    ("services.*.post_start.[].environment.[]", Fate::Written),
    ("services.*.pre_start.[].command", Fate::Lost),
    ("services.*.pre_start.[].environment.[]", Fate::Written),
    ("services.*.pre_stop.[].command", Fate::Lost),
    ("services.*.pre_stop.[].environment.[]", Fate::Written),
    ("services.*.pull_refresh_after", Fate::Lost),
    ("services.*.shm_size", Fate::Lost),
    ("services.*.volumes.[].bind.create_host_path", Fate::Refused),
    ("services.*.volumes.[].tmpfs.size", Fate::Lost),
    ("services.*.volumes.[].volume.labels.[]", Fate::Written),
];

static PLACES: LazyLock<KeyPaths<Fate>> = LazyLock::new(|| KeyPaths::new(FATES));

/// What is laid down for dates at a key path; else a date is written out where a number may stand as well.
pub(super) fn fate(path: &[&str]) -> Option<Fate> {
    PLACES.find(path).holds()
}

/// A point in time, as it was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Date {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
    nanos: u32,
    /// Minutes east of Greenwich.
    offset: i16,
}

impl Date {
    /// Reads `2001-1-2`, `2001-1-2 3:04:05.6` and `2001-1-2T3:04:05.6+01:00`.
    pub(super) fn parse(text: &str) -> Option<Date> {
        let year = text.get(..4).filter(|y| y.bytes().all(|b| b.is_ascii_digit()))?;
        let (month, rest) = number(text.get(4..)?.strip_prefix('-')?, 2)?;
        let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
        let year: u16 = year.parse().ok()?;
        let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
        if !(1..=12).contains(&month) || day == 0 || day > days(year, month) {
            return None;
        }
        let date = Date { year, month, day, hour: 0, minute: 0, second: 0, nanos: 0, offset: 0 };
        match rest.chars().next() {
            None => Some(date),
            Some(' ') => date.time(rest.get(1..)?).filter(|(_, rest)| rest.is_empty()).map(|(date, _)| date),
            Some('T' | 't') => {
                let (date, zone) = date.time(rest.get(1..)?)?;
                Some(Date { offset: zone_offset(zone)?, ..date })
            }
            Some(_) => None,
        }
    }

    fn time(self, text: &str) -> Option<(Date, &str)> {
        let (hour, rest) = number(text, 2)?;
        let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
        let (second, mut rest) = number(rest.strip_prefix(':')?, 2)?;
        let mut nanos = 0;
        if let Some(fraction) = rest.strip_prefix('.') {
            let len = fraction.find(|c: char| !c.is_ascii_digit()).unwrap_or(fraction.len());
            let digits = fraction.get(..len).filter(|d| !d.is_empty() && d.len() <= 9)?;
            nanos = format!("{digits:0<9}").parse().ok()?;
            rest = fraction.get(len..)?;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let small = |n: u32| u8::try_from(n).ok();
        Some((Date { hour: small(hour)?, minute: small(minute)?, second: small(second)?, nanos, ..self }, rest))
    }

    /// What a container gets of it.
    pub(super) fn shown(self) -> String {
        let zone = match self.offset {
            0 => "+0000 UTC".to_owned(),
            n => {
                let (sign, n) = (if n < 0 { '-' } else { '+' }, n.unsigned_abs());
                let zone = format!("{sign}{:02}{:02}", n / 60, n % 60);
                format!("{zone} {zone}")
            }
        };
        format!("{} {}{} {zone}", self.day_shown(), self.time_shown(), self.fraction())
    }

    /// As JSON has it.
    pub(super) fn json(self) -> String {
        let zone = match self.offset {
            0 => "Z".to_owned(),
            n => format!("{}{:02}:{:02}", if n < 0 { '-' } else { '+' }, n.unsigned_abs() / 60, n.unsigned_abs() % 60),
        };
        format!("{}T{}{}{zone}", self.day_shown(), self.time_shown(), self.fraction())
    }

    fn day_shown(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    fn time_shown(self) -> String {
        format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second)
    }

    fn fraction(self) -> String {
        let digits = format!("{:09}", self.nanos);
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() { String::new() } else { format!(".{digits}") }
    }
}

fn number(text: &str, most: usize) -> Option<(u32, &str)> {
    let len = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at_checked(len)?;
    Some((digits.parse().ok()?, rest))
}

fn zone_offset(text: &str) -> Option<i16> {
    if text == "Z" {
        return Some(0);
    }
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = rest.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2)?;
    let (hours, minutes): (i16, i16) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

fn days(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_and_written() {
        for (text, shown) in [
            ("2001-01-01", Some("2001-01-01 00:00:00 +0000 UTC")),
            ("2001-1-2", Some("2001-01-02 00:00:00 +0000 UTC")),
            ("2001-12-14t21:59:43.10-05:00", Some("2001-12-14 21:59:43.1 -0500 -0500")),
            ("2001-12-14 21:59:43", Some("2001-12-14 21:59:43 +0000 UTC")),
            ("2001-12-14T21:59:43Z", Some("2001-12-14 21:59:43 +0000 UTC")),
            ("2001-02-29", None),
            ("2001-13-01", None),
            ("2001-01", None),
            ("2001-01-01x", None),
            ("20010-01-01", None),
            ("2001-12-14T21:59:43", None),
        ] {
            assert_eq!(Date::parse(text).map(Date::shown).as_deref(), shown, "{text}");
        }
    }
}
