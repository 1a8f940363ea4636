//! Image references: `registry/name:tag@digest`.

use crate::text::holds;
use crate::word_set::WordSet;

/// The names of Docker Hub.
const HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// The official images of Docker Hub; those that are no longer built among them.
static OFFICIALS: WordSet<512> = WordSet::of_lines(include_str!("../../rules/data/official-images.txt"));

/// An image reference, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRef {
    /// As written.
    pub text: String,
    /// Registry host, where one is named.
    pub registry: Option<String>,
    /// Name without registry, tag and digest; `library/` dropped.
    pub name: String,
    /// Tag.
    pub tag: Option<String>,
    /// Digest, with its algorithm.
    pub digest: Option<String>,
}

impl ImageRef {
    /// Takes a reference apart by its text; nothing is checked.
    pub fn parse(text: &str) -> ImageRef {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.to_owned())),
            None => (text, None),
        };
        let (rest, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (rest, None),
        };
        let (registry, name) = match rest.split_once('/') {
            Some((host, name)) if host.contains(['.', ':']) || host == "localhost" => (Some(host.to_owned()), name),
            _ => (None, rest),
        };
        let hub = registry.as_deref().is_none_or(|host| HUB.contains(&host));
        let name = if hub { name.strip_prefix("library/").unwrap_or(name) } else { name };
        ImageRef { text: text.to_owned(), registry, name: name.to_owned(), tag, digest }
    }

    /// The official image of this name on Docker Hub: `python` for `docker.io/library/python:3`; `None` for all others, those
    /// among them that were built here under a name without a slash.
    pub fn official(&self) -> Option<&str> {
        let hub =
            matches!(self.registry.as_deref(), None | Some("docker.io" | "index.docker.io" | "registry-1.docker.io" | "public.ecr.aws"));
        let name = self.name.strip_prefix("docker/library/").unwrap_or(&self.name);
        // a bare name may as well be an image that was built here
        (hub && OFFICIALS.contains(name)).then_some(name)
    }

    /// Whether it is an image for Windows containers, by its name or tag.
    pub fn is_windows(&self) -> bool {
        let marked = |text: &str| {
            text.len() >= "nanoserver".len() && holds(text, "server") && (text.contains("windowsservercore") || text.contains("nanoserver"))
        };
        let name = self.name.as_str();
        let microsoft = match self.registry.as_deref() {
            Some("mcr.microsoft.com") => name == "windows" || name.starts_with("windows/") || name.starts_with("dotnet/framework"),
            _ => matches!(name, "microsoft/iis" | "microsoft/aspnet" | "microsoft/dotnet-framework" | "microsoft/windows"),
        };
        microsoft || marked(name) || self.tag.as_deref().is_some_and(marked)
    }

    /// The last part of the name: `watchtower` for `containrrr/watchtower:1`.
    pub fn short_name(&self) -> &str {
        crate::files::file_name(&self.name)
    }

    /// Whether it names the same image as another: registry, name and tag; Docker Hub and `latest` are the defaults.
    pub fn same_image(&self, other: &ImageRef) -> bool {
        self.full_name() == other.full_name()
    }

    /// Registry, name and tag, with what may be left out.
    pub fn full_name(&self) -> String {
        let registry = self.registry.as_deref().filter(|host| !HUB.contains(host)).unwrap_or("docker.io");
        format!("{registry}/{}:{}", self.name, self.tag.as_deref().unwrap_or("latest"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_come_apart() {
        let r = ImageRef::parse("git.example.org:5050/team/app:latest");
        assert_eq!((r.registry.as_deref(), r.name.as_str(), r.tag.as_deref()), (Some("git.example.org:5050"), "team/app", Some("latest")));
        assert_eq!(r.official(), None);
        assert_eq!(ImageRef::parse("shop-base").official(), None, "built here, or nowhere");
        for name in include_str!("../../rules/data/official-images.txt").lines() {
            assert_eq!(ImageRef::parse(name).official(), Some(name));
        }
        let r = ImageRef::parse("docker.io/library/python:3.9-slim@sha256:ab");
        assert_eq!((r.official(), r.tag.as_deref(), r.digest.as_deref()), (Some("python"), Some("3.9-slim"), Some("sha256:ab")));
        for (image, windows) in [
            ("mcr.microsoft.com/windows/servercore:ltsc2022", true),
            ("mcr.microsoft.com/dotnet/framework/aspnet:4.8", true),
            ("golang:1.22-nanoserver-ltsc2022", true),
            ("microsoft/windowsservercore", true),
            ("mcr.microsoft.com/dotnet/aspnet:8.0", false),
        ] {
            assert_eq!(ImageRef::parse(image).is_windows(), windows, "{image}");
        }
        assert!(ImageRef::parse("redis").same_image(&ImageRef::parse("redis:latest")));
        assert!(ImageRef::parse("redis").same_image(&ImageRef::parse("docker.io/library/redis")));
        assert!(!ImageRef::parse("redis").same_image(&ImageRef::parse("quay.io/redis")));
    }
}
