//! Which files are what: by name first, then by content.

use crate::files;
use crate::syntax::dockerfile::Keyword;

/// What a file may be, judged by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileRole {
    /// A Dockerfile.
    Dockerfile,
    /// A Compose file by its name.
    Compose,
    /// YAML of any kind: a Compose file only if its content says so.
    Yaml,
    /// `Dockerrun.aws.json`.
    Dockerrun,
}

/// Endings of Dockerfiles that are templates, notes or copies rather than Dockerfiles.
const NO_DOCKERFILE: [&str; 21] = [
    "dockerignore",
    "md",
    "txt",
    "j2",
    "jinja",
    "jinja2",
    "template",
    "tmpl",
    "tpl",
    "erb",
    "in",
    "mustache",
    "orig",
    "rej",
    "bak",
    "swp",
    "sh",
    "py",
    "json",
    "html",
    "ejs",
];

/// The role of a file by its name; `None` where it is of no interest.
pub fn role_of_name(path: &str) -> Option<FileRole> {
    let name = files::file_name(path);
    let lower = name.to_lowercase();
    let extension = lower.rsplit_once('.').map_or("", |(_, ext)| ext);
    if name == "Dockerrun.aws.json" {
        return Some(FileRole::Dockerrun);
    }
    if matches!(extension, "yml" | "yaml") {
        let compose = lower.starts_with("compose") || lower.starts_with("docker-compose");
        // the values and the head of a Helm chart may hold a `services` key of their own
        if lower.starts_with("values") || matches!(lower.as_str(), "chart.yaml" | "chart.yml") {
            return None;
        }
        return Some(if compose { FileRole::Compose } else { FileRole::Yaml });
    }
    let by_prefix = ["dockerfile", "containerfile"].iter().any(|word| {
        lower.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']))
            && (name.starts_with(['D', 'C']) || lower == *word)
    });
    let by_extension = matches!(extension, "dockerfile" | "docker" | "containerfile");
    let excluded = NO_DOCKERFILE.contains(&extension);
    ((by_prefix && !excluded) || by_extension).then_some(FileRole::Dockerfile)
}

/// Whether a text under a Dockerfile's name is YAML instead: its first line that says anything is a `key:`.
pub(super) fn looks_like_yaml(text: &str) -> bool {
    let mut lines =
        text.trim_start_matches('\u{feff}').lines().map(str::trim_end).filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with('#'));
    let Some(first) = lines.next() else { return false };
    if first == "---" {
        return true;
    }
    let word = first.split_whitespace().next().unwrap_or_default();
    if Keyword::parse(word) != Keyword::Unknown {
        return false;
    }
    let key: String = first.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')).collect();
    !key.is_empty() && first.get(key.len()..).is_some_and(|rest| rest == ":" || rest.starts_with(": "))
}

/// Whether a text is the template of some generator: a line of it starts with `{{` or `{%`.
pub(super) fn looks_like_template(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|l| l.starts_with("{{") || l.starts_with("{%"))
}

/// Whether a YAML text can be a Compose file at all; a cheap look before it is parsed.
pub(super) fn may_be_compose(text: &str) -> bool {
    let key = |line: &str| {
        let line = line.trim_start_matches('\u{feff}');
        ["services", "\"services\"", "'services'"]
            .iter()
            .any(|k| line.strip_prefix(k).is_some_and(|rest| rest.trim_start().starts_with(':')))
    };
    text.lines().any(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_roles() {
        let dockerfiles = [
            "Dockerfile",
            "a/Dockerfile.prod",
            "web.Dockerfile",
            "x.dockerfile",
            "server.docker",
            "Containerfile",
            "Containerfile.dev",
            "dockerfile",
        ];
        for path in dockerfiles {
            assert_eq!(role_of_name(path), Some(FileRole::Dockerfile), "{path}");
        }
        for path in ["Dockerfile.dockerignore", "Dockerfile.j2", "dockerfile.md", "README.md", "Dockerfiles/x", "main.rs"] {
            assert_eq!(role_of_name(path), None, "{path}");
        }
        assert_eq!(role_of_name("docker-compose.prod.yml"), Some(FileRole::Compose));
        assert_eq!(role_of_name("deploy/stack.yaml"), Some(FileRole::Yaml));
    }

    #[test]
    fn a_compose_file_named_dockerfile_is_yaml() {
        assert!(looks_like_yaml("# x\nversion: '3'\nservices:\n"));
        assert!(!looks_like_yaml("FROM a\nservices:\n"));
        assert!(!looks_like_yaml("RUNN x: y\n"));
    }
}
