//! What is known of well-known base images without pulling them.

use crate::syntax::shell::Word;
use crate::text::holds;

use super::{DockerfileUnit, ImageRef};

/// The family of a distribution, by its package manager and its `/bin/sh`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Debian, Ubuntu and what is built on them: apt, dash, glibc.
    Debian,
    /// Alpine: apk, busybox ash, musl.
    Alpine,
    /// Red Hat, Fedora, CentOS, Rocky, Alma, Amazon Linux: dnf or yum, bash, glibc.
    RedHat,
    /// Nothing but a busybox.
    Busybox,
    /// No shell at all.
    Distroless,
}

/// Official images whose untagged variants stand on Debian.
const DEBIAN_BASED: [&str; 57] = [
    "debian",
    "ubuntu",
    "python",
    "node",
    "nginx",
    "postgres",
    "mysql",
    "ruby",
    "golang",
    "rust",
    "php",
    "perl",
    "httpd",
    "tomcat",
    "openjdk",
    "gcc",
    "redis",
    "mongo",
    "mariadb",
    "rabbitmq",
    "memcached",
    "cassandra",
    "haproxy",
    "buildpack-deps",
    "wordpress",
    "drupal",
    "joomla",
    "ghost",
    "redmine",
    "nextcloud",
    "jenkins",
    "solr",
    "kibana",
    "logstash",
    "neo4j",
    "couchdb",
    "influxdb",
    "telegraf",
    "erlang",
    "elixir",
    "haskell",
    "julia",
    "r-base",
    "pypy",
    "swift",
    "dart",
    "maven",
    "gradle",
    "jruby",
    "groovy",
    "clojure",
    "eclipse-temurin",
    "varnish",
    "percona",
    "arangodb",
    "composer-debian",
    "phpmyadmin",
];

/// The distribution that an image stands on, where its name or tag says so.
pub fn distribution(image: &ImageRef) -> Option<Distribution> {
    let tag = image.tag.as_deref().unwrap_or("latest").to_lowercase();
    let name = image.name.to_lowercase();
    let short = image.short_name().to_lowercase();
    // a letter that the tag lacks settles it, and most tags are a number or two
    let letters = |text: &str| text.bytes().fold(0_u32, |all, byte| all | 1 << (byte & 31));
    let of_tag = letters(&tag);
    let tag_holds = |word: &str| letters(word) & !of_tag == 0 && holds(&tag, word);
    if tag_holds("alpine") || short == "alpine" || (short == "docker" && image.official().is_some()) {
        return Some(Distribution::Alpine);
    }
    if holds(&name, "distroless") {
        return Some(if tag_holds("debug") { Distribution::Busybox } else { Distribution::Distroless });
    }
    if ["windowsservercore", "nanoserver"].iter().any(|w| tag_holds(w)) {
        return None;
    }
    const DEBIAN_TAGS: [&str; 17] = [
        "slim", "bullseye", "bookworm", "buster", "stretch", "jessie", "trixie", "forky", "focal", "jammy", "noble", "bionic", "xenial",
        "trusty", "debian", "ubuntu", "wheezy",
    ];
    if RED_HAT.contains(&short.as_str()) || ["el7", "el8", "el9", "ubi", "centos", "fedora", "oraclelinux"].iter().any(|w| tag_holds(w)) {
        return Some(Distribution::RedHat);
    }
    if short == "busybox" || tag_holds("busybox") {
        return Some(Distribution::Busybox);
    }
    if DEBIAN_TAGS.iter().any(|w| tag_holds(w)) {
        return Some(Distribution::Debian);
    }
    let official = image.official()?;
    if ["caddy", "eclipse-mosquitto", "registry", "mongo-express"].contains(&official) {
        return Some(Distribution::Alpine);
    }
    if on_oracle_linux(official, &tag) {
        return Some(Distribution::RedHat);
    }
    DEBIAN_BASED.contains(&official).then_some(Distribution::Debian)
}

/// Distributions of Red Hat's family, by the names of their images, whoever publishes them.
const RED_HAT: [&str; 13] = [
    "fedora",
    "centos",
    "rockylinux",
    "almalinux",
    "amazonlinux",
    "oraclelinux",
    "rhel",
    "ubi",
    "ubi7",
    "ubi8",
    "ubi9",
    "ubi10",
    "ubi-minimal",
];

/// An image of a bare distribution, which starts nothing by itself, whoever publishes it.
pub fn is_bare_system(image: &ImageRef) -> bool {
    let short = image.short_name().to_lowercase();
    RED_HAT.contains(&short.as_str())
        || ["alpine", "debian", "ubuntu", "busybox"].contains(&short.as_str())
        || short.starts_with("debian-base")
}

/// Official images whose plain tags moved to Oracle Linux or Amazon Linux.
fn on_oracle_linux(official: &str, tag: &str) -> bool {
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse::<u32>().ok());
    match official {
        "amazoncorretto" | "oraclelinux" => true,
        "mysql" => number(tag).is_none_or(|n| n >= 8) || tag.starts_with("5.7"),
        // the untagged image stayed at the last version that was published
        "openjdk" => number(tag).is_none_or(|n| n >= 12),
        "maven" | "gradle" | "tomcat" => {
            let java = ["openjdk-", "jdk"].iter().find_map(|word| number(tag.split_once(word)?.1));
            tag.contains("corretto") || official == "maven" && tag.contains("openjdk-") && java.is_some_and(|n| n >= 12)
        }
        _ => false,
    }
}

/// The program behind `/bin/sh`: `dash`, `bash`, `ash`.
pub fn system_shell(image: &ImageRef) -> Option<&'static str> {
    match distribution(image)? {
        Distribution::Debian => Some("dash"),
        Distribution::Alpine | Distribution::Busybox => Some("ash"),
        Distribution::RedHat => Some("bash"),
        Distribution::Distroless => None,
    }
}

/// Whether an image's dash is certainly one of before 0.5.12-7, which Debian 13 and Ubuntu 24.10 were the first to have. A tag that
/// names no release follows the newest.
pub fn has_old_dash(image: &ImageRef) -> bool {
    const OLD: [&str; 12] =
        ["wheezy", "jessie", "stretch", "buster", "bullseye", "bookworm", "trusty", "xenial", "bionic", "focal", "jammy", "noble"];
    let tag = image.tag.as_deref().unwrap_or_default().to_lowercase();
    let numbers = |text: &str| {
        let mut parts = text.split('.').map(|part| part.parse::<u32>().ok());
        let major = parts.next().flatten()?;
        Some((major, parts.next().flatten().unwrap_or_default()))
    };
    let old = |system: &str, version: &str| match system {
        "debian" => numbers(version).is_some_and(|(major, _)| major <= 12),
        "ubuntu" => numbers(version).is_some_and(|version| version <= (24, 4)),
        _ => false,
    };
    let segments: Vec<&str> = tag.split(['-', '_']).collect();
    let first = segments.first().copied().unwrap_or_default();
    segments.iter().any(|segment| OLD.contains(segment))
        || image.official().is_some_and(|name| old(name, first))
        || segments.iter().enumerate().any(|(n, segment)| {
            ["debian", "ubuntu"].into_iter().any(|system| match segment.strip_prefix(system) {
                Some("") => segments.get(n + 1).is_some_and(|next| old(system, next)),
                Some(version) => old(system, version),
                None => false,
            })
        })
}

/// Whether some RUN of a stage or its parents puts another program in the place of `/bin/sh`.
pub fn links_sh(unit: &DockerfileUnit, stage: usize) -> bool {
    let items = unit.chain(stage).into_iter().filter_map(|n| unit.ast.stages.get(n)).flat_map(|s| &s.instructions);
    items.filter_map(|item| unit.script(*item)).flat_map(|s| &s.commands).any(|c| {
        let words = || c.args().iter().map(Word::lossy);
        c.name().as_deref() == Some("ln") && words().any(|w| w == "/bin/sh" || w == "/usr/bin/sh")
            || words().any(|w| w.contains("dash/sh") || w == "dash")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_tell_how_old_dash_is() {
        let old = |image: &str| has_old_dash(&ImageRef::parse(image));
        for image in
            ["debian:12-slim", "debian:bullseye", "ubuntu:24.04", "ubuntu:22.04", "python:3.12-slim-bookworm", "x/y:1-debian-11-r3"]
        {
            assert!(old(image), "{image}");
        }
        for image in ["debian:13", "debian:trixie-slim", "debian", "ubuntu:24.10", "ubuntu:26.04", "python:3.13-slim", "x/y:ubuntu25.04"] {
            assert!(!old(image), "{image}");
        }
    }

    #[test]
    fn shells_follow_the_tag() {
        for (image, shell) in [
            ("nginx", Some("dash")),
            ("openjdk:17-jdk", Some("bash")),
            ("openjdk:17-jdk-slim", Some("dash")),
            ("openjdk:8-jre", Some("dash")),
            ("maven:3.8-openjdk-17", Some("bash")),
            ("maven:3.9-eclipse-temurin-21", Some("dash")),
            ("mysql:8", Some("bash")),
            ("nginx:1.27-alpine", Some("ash")),
            ("python:3.9-slim", Some("dash")),
            ("registry.access.redhat.com/ubi9/ubi:9.3", Some("bash")),
            ("gcr.io/distroless/static", None),
            ("example/own", None),
        ] {
            assert_eq!(system_shell(&ImageRef::parse(image)), shell, "{image}");
        }
    }
}
