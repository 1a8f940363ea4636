//! Short forms: `source:target:ro`, `127.0.0.1:8080:80/tcp`.

use std::net::IpAddr;

use crate::text::Text;

/// `[source:]target[:options]`.
pub(super) struct Volume {
    pub(super) bind: bool,
    pub(super) source: Option<Text>,
    pub(super) target: Text,
    pub(super) read_only: bool,
    pub(super) no_copy: bool,
    pub(super) propagation: Option<String>,
    pub(super) selinux: Option<String>,
    /// Options that mean nothing.
    pub(super) unknown: Vec<String>,
    /// Too short to be split: read as a target alone.
    pub(super) bare: bool,
}

/// Reads a volume's short form.
pub(super) fn volume(text: &Text) -> Result<Volume, String> {
    let value = text.value.as_str();
    let mut volume = Volume {
        bind: false,
        source: None,
        target: text.clone(),
        read_only: false,
        no_copy: false,
        propagation: None,
        selinux: None,
        unknown: Vec::new(),
        bare: value.len() <= 2,
    };
    if value.is_empty() {
        return Err("a volume cannot be empty".to_owned());
    }
    if volume.bare {
        return Ok(volume);
    }
    let parts = sections(value);
    if parts.iter().any(|(from, to)| from == to) {
        return Err(format!("`{value}` has an empty section between its colons"));
    }
    let part = |i: usize| parts.get(i).map(|&(from, to)| text.part(from, to));
    match parts.len() {
        1 => {}
        2 | 3 => {
            volume.source = part(0);
            volume.target = part(1).unwrap_or_else(|| text.clone());
            for option in part(2).iter().flat_map(|t| t.value.split(',')) {
                match option {
                    "ro" => volume.read_only = true,
                    "rw" => volume.read_only = false,
                    "nocopy" => volume.no_copy = true,
                    "z" | "Z" => volume.selinux = Some(option.to_owned()),
                    "rprivate" | "private" | "rshared" | "shared" | "rslave" | "slave" => volume.propagation = Some(option.to_owned()),
                    // these speak to Docker Desktop
                    "cached" | "delegated" | "consistent" | "default" | "" => {}
                    _ if option.contains('$') => {}
                    _ => volume.unknown.push(option.to_owned()),
                }
            }
        }
        _ => return Err(format!("`{value}` has too many colons: a volume is source:target:options")),
    }
    volume.bind = volume.source.as_ref().is_some_and(|s| is_path(&s.value));
    Ok(volume)
}

/// The target alone, of what [`volume`] reads.
pub(super) fn volume_target(value: &str) -> Option<&str> {
    if value.len() <= 2 {
        return Some(value).filter(|value| !value.is_empty());
    }
    let parts = sections(value);
    if parts.iter().any(|(from, to)| from == to) {
        return None;
    }
    match parts.as_slice() {
        [_] => Some(value),
        [_, (from, to)] | [_, (from, to), _] => value.get(*from..*to),
        _ => None,
    }
}

/// The parts between colons; the colon of a drive letter and those inside `${…}` do not count.
fn sections(value: &str) -> Vec<(usize, usize)> {
    let mut parts = Vec::new();
    let (mut from, mut depth) = (0, 0_usize);
    for (i, c) in value.char_indices() {
        let part = value.get(from..i).unwrap_or_default();
        match c {
            '$' if value.get(i + 1..).is_some_and(|r| r.starts_with('{')) => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && !is_drive(part) => {
                parts.push((from, i));
                from = i + 1;
            }
            _ => {}
        }
    }
    parts.push((from, value.len()));
    parts
}

fn is_drive(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

/// Whether a volume's source is a path of the host rather than a name.
pub(super) fn is_path(source: &str) -> bool {
    let drive = source.split_once(':').is_some_and(|(drive, _)| is_drive(drive));
    source.starts_with(['.', '/', '~']) || source.starts_with(r"\\") || drive
}

/// One published port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Port {
    pub(super) host_ip: String,
    pub(super) published: String,
    pub(super) target: u16,
    pub(super) protocol: String,
}

/// Reads a port's short form; a range gives several, in the order in which Compose lists them.
pub(super) fn ports(value: &str) -> Result<Vec<Port>, String> {
    let (host_ip, published, container) = split(value);
    let (container, protocol) = match container.split_once('/') {
        Some((container, "")) => (container, "tcp".to_owned()),
        Some((container, protocol)) => (container, protocol.to_ascii_lowercase()),
        None => (container, "tcp".to_owned()),
    };
    if container.is_empty() {
        return Err(format!("`{value}` names no container port"));
    }
    if !matches!(protocol.as_str(), "tcp" | "udp" | "sctp") {
        return Err(format!("`{protocol}` is no protocol: ports are tcp, udp or sctp"));
    }
    let host_ip = address(host_ip).ok_or_else(|| format!("`{host_ip}` is no IP address"))?;
    let (first, last) = range(container).ok_or_else(|| format!("`{container}` is no port or range of ports between 0 and 65535"))?;
    if first == 0 {
        return Err(format!("`{value}` names port 0 of the container, which is none"));
    }
    let host = match published {
        "" => None,
        text => Some(range(text).ok_or_else(|| format!("`{text}` is no port or range of ports between 0 and 65535"))?),
    };
    if let Some((from, to)) = host
        && to - from != last - first
        && first != last
    {
        return Err(format!("`{value}` maps a range of {} ports to one of {}", to - from + 1, last - first + 1));
    }
    let mut made: Vec<Port> = (first..=last)
        .map(|target| {
            let published = match host {
                None => String::new(),
                Some((from, to)) if first == last && from != to => format!("{from}-{to}"),
                Some((from, _)) => (from + (target - first)).to_string(),
            };
            Port { host_ip: host_ip.clone(), published, target, protocol: protocol.clone() }
        })
        .collect();
    made.sort_by_cached_key(|p| format!("{}/{}", p.target, p.protocol));
    Ok(made)
}

fn split(value: &str) -> (&str, &str, &str) {
    match value.rsplit_once(':') {
        None => ("", "", value),
        Some((rest, container)) => match rest.rsplit_once(':') {
            None => ("", rest, container),
            Some((ip, published)) => (ip, published, container),
        },
    }
}

fn address(text: &str) -> Option<String> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).unwrap_or(text);
    (bare.is_empty() || bare.parse::<IpAddr>().is_ok()).then(|| bare.to_owned())
}

fn range(text: &str) -> Option<(u16, u16)> {
    let port = |t: &str| {
        let digits = t.strip_prefix('+').unwrap_or(t);
        if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    match text.split_once('-') {
        None => port(text).map(|p| (p, p)),
        Some((a, b)) => port(a).zip(port(b)).filter(|(a, b)| a <= b),
    }
}

/// `80`, `8000-8010`, each with an optional protocol: the ports of `expose`.
pub(super) fn exposed(value: &str) -> Vec<u16> {
    let container = value.split('/').next().unwrap_or_default();
    range(container).map(|(a, b)| (a..=b).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{FileId, Span};

    #[test]
    fn ports_are_read_as_the_engine_reads_them() {
        let one = |text: &str| ports(text).ok().and_then(|p| p.into_iter().next()).map(|p| (p.host_ip, p.published, p.target, p.protocol));
        let some = |ip: &str, host: &str, port, proto: &str| Some((ip.to_owned(), host.to_owned(), port, proto.to_owned()));
        assert_eq!(one("80"), some("", "", 80, "tcp"));
        assert_eq!(one("127.0.0.1:8001:80/UDP"), some("127.0.0.1", "8001", 80, "udp"));
        assert_eq!(one("[::1]:1:2"), some("::1", "1", 2, "tcp"));
        assert_eq!(one("::1:1:2"), some("::1", "1", 2, "tcp"));
        assert_eq!(one("127.0.0.1::80"), some("127.0.0.1", "", 80, "tcp"));
        assert_eq!(one("9000-9009:80"), some("", "9000-9009", 80, "tcp"));
        assert_eq!(ports("3000-3002:4000-4002").map(|p| p.len()), Ok(3));
        for bad in ["", "a", "80:", "localhost:1:2", "99999", "1-2:3-5", "80/x", "5-3"] {
            assert!(ports(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn volumes_split_at_their_colons() {
        let read = |text: &str| {
            let v = volume(&Text::verbatim(text, Span::new(FileId(0), 0, text.len()))).ok();
            assert_eq!(v.as_ref().map(|v| v.target.value.as_str()), volume_target(text), "{text}");
            let v = v?;
            Some((v.bind, v.source.map(|s| s.value), v.target.value, v.read_only))
        };
        let some = |bind, source: Option<&str>, target: &str, ro| Some((bind, source.map(str::to_owned), target.to_owned(), ro));
        assert_eq!(read("./a:/b:ro"), some(true, Some("./a"), "/b", true));
        assert_eq!(read("data:/b"), some(false, Some("data"), "/b", false));
        assert_eq!(read("/b"), some(false, None, "/b", false));
        assert_eq!(read(r"C:\x:/b"), some(true, Some(r"C:\x"), "/b", false));
        assert_eq!(read("${X:-a}:/b"), some(false, Some("${X:-a}"), "/b", false));
        // one letter before a colon is a drive, also here; a longer name leaves the middle empty
        assert_eq!(read("ab::c"), None);
        assert_eq!(read("ab:/bc:cd:de"), None);
        assert_eq!(read(""), None);
        assert_eq!(read("a:"), some(false, None, "a:", false));
    }
}
