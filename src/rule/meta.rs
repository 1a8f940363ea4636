//! The front matter of a rule's page.

use serde::Deserialize;

use super::matcher::Match;

/// The front matter of a page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Meta {
    /// One line: the fault, as it reads in a list.
    pub summary: String,
    /// `error`, `warning`, `info`, `style`.
    pub severity: String,
    /// The presets that it is in. `strict` holds `recommended`.
    #[serde(default)]
    pub presets: Vec<String>,
    /// What kind of fix its findings may carry.
    #[serde(default)]
    pub fix: FixKind,
    /// Ids of the peers' rules that know the same fault.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Rules that say the same fault better where both find it: this one's finding is left out then, unless it was asked for by name.
    #[serde(default, rename = "said-by")]
    pub said_by: Vec<String>,
    /// Options and what they mean.
    #[serde(default)]
    pub options: Vec<String>,
    /// Where the behaviour is laid down.
    #[serde(default)]
    pub references: Vec<String>,
    /// The option without which it has nothing to say, because its findings come from another tool.
    #[serde(default)]
    pub needs: Option<String>,
    /// The version that brought it; a project's own rules need none.
    #[serde(default)]
    pub since: String,
    /// What it matches, for a rule without code.
    #[serde(default, rename = "match")]
    pub matcher: Option<Match>,
}

/// What kind of fix a rule's findings may carry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FixKind {
    /// None.
    #[default]
    None,
    /// Applied by `--fix`.
    Safe,
    /// Applied by `--unsafe-fixes`.
    Unsafe,
    /// A template.
    Manual,
}
