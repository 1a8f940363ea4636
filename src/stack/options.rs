//! What the user's configuration says about the project rather than about rules; rules read it from the stack.

use std::collections::BTreeMap;

/// Facts and wishes that no file of the stack holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Globs of the registries from which images may come; empty where any may.
    pub trusted_registries: Vec<String>,
    /// Labels that images must have, and what kind of text each holds.
    pub label_schema: BTreeMap<String, LabelKind>,
    /// Labels outside the schema are faults.
    pub strict_labels: bool,
    /// hadolint's own comments silence nothing.
    pub ignore_hadolint_comments: bool,
    /// Key paths in services whose values rules of the project's own look at.
    pub asked: Vec<String>,
    /// `--platform`.
    pub platform: Option<String>,
}

/// The kind of text that a label holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelKind {
    /// Any text.
    Text,
    /// A URL.
    Url,
    /// A semantic version.
    Semver,
    /// A git hash.
    Hash,
    /// A time as RFC 3339 has it.
    Rfc3339,
    /// An SPDX licence expression.
    Spdx,
    /// A mail address.
    Email,
}

impl LabelKind {
    /// All kinds with their words.
    pub const ALL: [(&'static str, LabelKind); 7] = [
        ("text", LabelKind::Text),
        ("url", LabelKind::Url),
        ("semver", LabelKind::Semver),
        ("hash", LabelKind::Hash),
        ("rfc3339", LabelKind::Rfc3339),
        ("spdx", LabelKind::Spdx),
        ("email", LabelKind::Email),
    ];

    /// Reads the word; `rawtext` is an older one for `text`.
    pub fn parse(word: &str) -> Option<LabelKind> {
        let word = if word == "rawtext" { "text" } else { word };
        LabelKind::ALL.iter().find(|(name, _)| *name == word).map(|(_, kind)| *kind)
    }
}
