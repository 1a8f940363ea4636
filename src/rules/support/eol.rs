//! Until when images get security fixes, read from `rules/data/end-of-life.json`: an image's tag names versions, of its own
//! software and of what it stands on.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::stack::ImageRef;
use crate::stack::knowledge::{Distribution, distribution};

/// JSON, not YAML: it is read whenever a Dockerfile is checked, and this takes a tenth of the time.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    /// "Today": the day on which the table was last gone through, so that output stays the same from day to day.
    judged: &'static str,
    products: Vec<Product>,
    retired: Vec<Retired>,
}

/// Software with the ends of its versions.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Product {
    /// What people call it.
    name: &'static str,
    /// Repositories whose tags begin with its version.
    #[serde(borrow)]
    images: Vec<&'static str>,
    /// How tags of other images name it: `python3.9`, `debian-10`.
    #[serde(borrow, default)]
    words: Vec<&'static str>,
    /// What replaces a version that is out of support.
    #[serde(rename = "use")]
    replacement: &'static str,
    /// The same for images that have their own successor, by repository.
    #[serde(borrow, default)]
    uses: BTreeMap<&'static str, &'static str>,
    /// The last day of support of each version; `null` where no end is set.
    #[serde(borrow)]
    cycles: BTreeMap<&'static str, Option<&'static str>>,
    /// Names of versions.
    #[serde(borrow, default)]
    codenames: BTreeMap<&'static str, &'static str>,
    /// Versions whose packages were taken off the mirrors.
    #[serde(borrow, default)]
    archived: Vec<&'static str>,
    /// Where they went.
    #[serde(borrow, default)]
    archive: Option<&'static str>,
    /// The distribution below the plain tag of a version.
    #[serde(borrow, default)]
    stands: BTreeMap<&'static str, &'static str>,
}

/// An image whose makers stopped publishing it under any tag.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Retired {
    image: &'static str,
    since: &'static str,
    #[serde(rename = "use")]
    replacement: &'static str,
    #[serde(borrow, default)]
    word: Option<&'static str>,
}

/// Something in an image that gets no more security fixes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    /// `Python 3.6`; for a retired image its name.
    pub what: String,
    /// The last day of support.
    pub since: &'static str,
    /// The image to move to.
    pub replacement: Cow<'static, str>,
    /// It is what the image is named for, not what it stands on.
    pub own: bool,
    /// The whole image was given up.
    pub retired: bool,
}

/// A distribution whose packages were taken off its mirrors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Archived {
    /// `Debian 9`.
    pub what: String,
    /// Where the packages are now.
    pub archive: &'static str,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| serde_json::from_str(include_str!("../../../rules/data/end-of-life.json")).unwrap_or_default())
}

/// The products by what names them, the first where there are several.
#[derive(Default)]
struct Names {
    images: HashMap<&'static str, &'static Product>,
    words: HashMap<&'static str, &'static Product>,
    /// Distributions, and the version that a name stands for.
    codenames: HashMap<&'static str, (&'static Product, &'static str)>,
}

fn names() -> &'static Names {
    static NAMES: OnceLock<Names> = OnceLock::new();
    NAMES.get_or_init(|| {
        let mut names = Names::default();
        for product in &table().products {
            product.images.iter().for_each(|image| _ = names.images.entry(image).or_insert(product));
            product.words.iter().for_each(|word| _ = names.words.entry(word).or_insert(product));
            for (name, version) in product.codenames.iter().filter(|_| product.archive.is_some()) {
                names.codenames.entry(name).or_insert((product, version));
            }
        }
        names
    })
}

/// What of an image is out of support, by its tag; nothing for `latest` or no tag.
pub(crate) fn ended(image: &ImageRef) -> Vec<Ended> {
    let table = table();
    let Some(tag) = image.tag.as_deref().map(str::to_lowercase).filter(|t| t != "latest") else { return Vec::new() };
    if let Some(retired) = retired(image, &tag) {
        return vec![retired];
    }
    let mut found: Vec<Ended> = Vec::new();
    for (product, version, own) in named(image, &tag) {
        let Some(since) = product.ended(&version, table.judged) else { continue };
        let what = format!("{} {version}", product.name);
        if !found.iter().any(|e| e.what == what) {
            let successor = product.uses.get(image.official().unwrap_or(&image.name)).filter(|_| own);
            let replacement = product.successor(successor.copied().unwrap_or(product.replacement), &version, table.judged);
            found.push(Ended { what, since, replacement, own, retired: false });
        }
    }
    found
}

/// The archived distribution that an image stands on.
pub(crate) fn archived(image: &ImageRef) -> Option<Archived> {
    let tag = image.tag.as_deref()?.to_lowercase();
    let debian = distribution(image) == Some(Distribution::Debian);
    let mut on: Vec<(&Product, String)> = Vec::new();
    for (product, version, own) in named(image, &tag) {
        if let (true, Some(codename)) =
            (own && debian, product.stands.get(cut(&version, 2).as_str()).or_else(|| product.stands.get(version.as_str())))
        {
            on.extend(by_codename(codename));
        }
        on.push((product, version));
    }
    // a distribution that the tag names counts, not the one below the plain tag
    let (product, version) = on.into_iter().rfind(|(p, _)| p.archive.is_some())?;
    let gone = product.archived.iter().any(|a| version == *a || version.strip_prefix(*a).is_some_and(|r| r.starts_with('.')));
    gone.then(|| Archived { what: format!("{} {version}", product.name), archive: product.archive.unwrap_or_default() })
}

fn retired(image: &ImageRef, tag: &str) -> Option<Ended> {
    let official = image.official();
    let entry = table().retired.iter().find(|r| {
        let itself = image.registry.is_none() && (image.name == r.image || official == Some(r.image));
        let below = r.word.is_some_and(|w| official.is_some() && tag.split('-').any(|s| s == w));
        itself || below
    })?;
    let early_access = tag.split('-').any(|s| s == "ea" || s.starts_with("ea."));
    (!early_access).then(|| Ended {
        what: entry.image.to_owned(),
        since: entry.since,
        replacement: Cow::Borrowed(entry.replacement),
        own: true,
        retired: true,
    })
}

/// The products and versions that an image's tag names, its own first.
fn named(image: &ImageRef, tag: &str) -> Vec<(&'static Product, String, bool)> {
    let segments: Vec<&str> = tag.split(['-', '_', '+']).collect();
    let own_name = image.official().unwrap_or(&image.name);
    let public = is_public(image);
    let own = names().images.get(own_name).filter(|_| public).copied();
    let mut found = Vec::new();
    for (n, segment) in segments.iter().enumerate() {
        if let (0, Some(product)) = (n, own) {
            let version = version(segment.strip_prefix('v').unwrap_or(segment))
                .or_else(|| product.codenames.get(*segment).map(|name| (*name).to_owned()));
            found.extend(version.map(|v| (product, v, true)));
            if found.len() == 1 {
                continue;
            }
        }
        let next = segments.get(n + 1).copied().unwrap_or_default();
        found.extend(by_word(segment, next).or_else(|| by_codename(segment)).map(|(p, v)| (p, v, false)));
    }
    if let Some(word) = image.name.contains("distroless").then(|| image.short_name().rsplit('-').next()).flatten() {
        found.extend(by_word(word, "").map(|(p, v)| (p, v, false)));
    }
    found
}

/// Whether the image is on a registry where a product's name is its maker's, not somebody's own image.
fn is_public(image: &ImageRef) -> bool {
    const HOSTS: [&str; 7] =
        ["mcr.microsoft.com", "docker.elastic.co", "quay.io", "gcr.io", "mirror.gcr.io", "registry.hub.docker.com", "hub.docker.com"];
    image.official().is_some() || image.registry.as_deref().is_none_or(|host| HOSTS.contains(&host) || host.ends_with("docker.io"))
}

/// `alpine3.14`, or for distributions `debian-10`.
fn by_word(segment: &str, next: &str) -> Option<(&'static Product, String)> {
    let split = segment.find(|c: char| c.is_ascii_digit()).unwrap_or(segment.len());
    let (word, digits) = segment.split_at_checked(split)?;
    let product = *names().words.get(word).filter(|_| !word.is_empty())?;
    let distribution = product.archive.is_some() || matches!(word, "alpine" | "fedora");
    let digits = if digits.is_empty() && distribution { next } else { digits };
    Some((product, version(digits)?))
}

fn by_codename(segment: &str) -> Option<(&'static Product, String)> {
    let is_name = segment.starts_with(|c: char| !c.is_ascii_digit());
    let (product, version) = *names().codenames.get(segment).filter(|_| is_name)?;
    Some((product, version.to_owned()))
}

/// The dotted number that a text starts with: `3.9` of `3.9rc1`.
fn version(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let number = text.get(..end)?.trim_end_matches('.');
    (!number.is_empty()).then(|| number.to_owned())
}

fn cut(version: &str, parts: usize) -> String {
    version.split('.').take(parts).collect::<Vec<_>>().join(".")
}

/// The numbers of a version, to compare it by.
fn numbers(version: &str) -> Vec<u64> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

impl Product {
    /// The image to move to from a version: nobody goes back where a newer version has support.
    fn successor(&'static self, usual: &'static str, version: &str, today: &str) -> Cow<'static, str> {
        let from = numbers(version);
        let Some((image, tag)) = usual.rsplit_once(':').filter(|(_, tag)| tag.starts_with(|c: char| c.is_ascii_digit())) else {
            return Cow::Borrowed(usual);
        };
        let digits = tag.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(tag.len());
        let (number, variant) = tag.split_at_checked(digits).unwrap_or((tag, ""));
        if numbers(number) >= from {
            return Cow::Borrowed(usual);
        }
        let lasting = |cycle: &&&str| numbers(cycle) > from && self.ended(cycle, today).is_none();
        match self.cycles.keys().filter(lasting).min_by_key(|cycle| numbers(cycle)) {
            Some(cycle) => Cow::Owned(format!("{image}:{cycle}{variant}")),
            None => Cow::Borrowed(usual),
        }
    }

    /// The day on which a version's support ended; a version that names several cycles follows the newest of them.
    fn ended(&'static self, version: &str, today: &str) -> Option<&'static str> {
        let below = |longer: &str, shorter: &str| longer == shorter || longer.strip_prefix(shorter).is_some_and(|r| r.starts_with('.'));
        // `3.6.8` is of the cycle `3.6.8`, else of `3.6`, else of `3`
        let names = std::iter::successors(Some(version), |name| name.rsplit_once('.').map(|(shorter, _)| shorter));
        let ends: Vec<Option<&str>> = match names.into_iter().find_map(|cycle| self.cycles.get(cycle)) {
            Some(end) => vec![*end],
            None => self.cycles.iter().filter(|(cycle, _)| below(cycle, version)).map(|(_, end)| *end).collect(),
        };
        let last = ends.into_iter().collect::<Option<Vec<&str>>>()?.into_iter().max()?;
        (last < today).then_some(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(image: &str) -> Vec<String> {
        ended(&ImageRef::parse(image)).into_iter().map(|e| e.what).collect()
    }

    #[test]
    fn the_table_is_read() {
        assert!(table().products.len() > 30 && !table().judged.is_empty());
    }

    #[test]
    fn tags_name_versions_of_the_image_and_of_what_it_stands_on() {
        assert_eq!(whats("python:3.6.8-stretch"), ["Python 3.6.8", "Debian 9"]);
        assert_eq!(whats("node:18-alpine3.14"), ["Node.js 18", "Alpine 3.14"]);
        assert_eq!(whats("node:carbon-alpine"), ["Node.js 8"]);
        assert_eq!(whats("debian:buster-slim"), ["Debian 10"]);
        assert_eq!(whats("nvidia/cuda:11.0-base-ubuntu18.04"), ["Ubuntu 18.04"]);
        assert_eq!(whats("docker.io/bitnami/postgresql:11.5.0-debian-9-r12"), ["PostgreSQL 11.5.0", "Debian 9"]);
        assert_eq!(whats("gcr.io/distroless/python3-debian10:nonroot"), ["Debian 10"]);
        assert_eq!(whats("tiangolo/uvicorn-gunicorn-fastapi:python3.7"), ["Python 3.7"]);
        assert_eq!(whats("traefik:v1.7"), ["Traefik 1.7"]);
        assert_eq!(whats("mcr.microsoft.com/dotnet/sdk:5.0-buster-slim"), [".NET 5.0", "Debian 10"]);
        assert_eq!(whats("openjdk:8-jre-alpine"), ["openjdk"]);
        assert_eq!(whats("maven:3.8-openjdk-17"), ["openjdk"]);
    }

    #[test]
    fn an_image_is_replaced_by_its_own_successor() {
        let to = |image: &str, other: &str| {
            let ended = ended(&ImageRef::parse(image));
            assert_eq!(ended.first().map(|e| e.replacement.as_ref()), Some(other), "{image}");
        };
        to("mcr.microsoft.com/dotnet/runtime:7.0", "mcr.microsoft.com/dotnet/runtime:10.0");
        to("mcr.microsoft.com/dotnet/core/aspnet:3.1", "mcr.microsoft.com/dotnet/aspnet:10.0");
        to("mcr.microsoft.com/dotnet/sdk:7.0", "mcr.microsoft.com/dotnet/sdk:10.0");
        to("nginxinc/nginx-unprivileged:1.27", "nginxinc/nginx-unprivileged:1.30");
        // a version between two with long support
        to("node:25-alpine", "node:26");
        to("mysql:9.1", "mysql:9.7");
        to("ubuntu:24.10", "ubuntu:26.04");
        to("node:18", "node:24");
        for (image, successor) in table().products.iter().flat_map(|p| &p.uses) {
            let known = table().products.iter().any(|p| p.images.contains(image));
            assert!(known && successor.contains(':'), "{image}");
        }
    }

    #[test]
    fn a_coarse_tag_follows_the_newest_version_it_names() {
        assert_eq!(whats("postgres:9"), ["PostgreSQL 9"]);
        assert_eq!(whats("python:2"), ["Python 2"]);
        for image in ["python:3", "redis:6", "mysql:8", "ruby:3", "postgres:17-alpine", "alpine:3", "nginx:1-alpine", "mongo:7"] {
            assert_eq!(whats(image), [""; 0], "{image}");
        }
    }

    #[test]
    fn what_the_tag_does_not_say_is_not_judged() {
        for image in ["python", "python:latest", "example/python:2.7", "node:lts-alpine", "debian:stable-slim", "openjdk:24-ea-slim", "x:9"]
        {
            assert_eq!(whats(image), [""; 0], "{image}");
        }
    }

    #[test]
    fn archived_distributions_are_known_below_plain_tags_too() {
        let on = |image: &str| archived(&ImageRef::parse(image)).map(|a| a.what);
        assert_eq!(on("python:3.6-stretch").as_deref(), Some("Debian 9"));
        assert_eq!(on("python:2.7").as_deref(), Some("Debian 10"));
        assert_eq!(on("python:2.7-alpine"), None);
        assert_eq!(on("centos:7.9.2009").as_deref(), Some("CentOS 7.9.2009"));
        assert_eq!(on("ubuntu:18.04"), None);
        assert_eq!(on("debian:12"), None);
    }
}
