//! The configuration file: ours, or hadolint's, so that a project can change its linter without rewriting it.
//!
//! A file with a mistake in it ends the run. Going on without it would switch off what it asks for.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Preset, SelectionRequest};
use crate::diagnostic::{Diagnostic, Severity};
use crate::stack::{LabelKind, Options};

/// The names under which our configuration is found, the first one first.
pub const OWN_NAMES: [&str; 2] = [".stacklint.yaml", ".stacklint.yml"];
/// The names of hadolint's, read where ours is not there.
pub const HADOLINT_NAMES: [&str; 2] = [".hadolint.yaml", ".hadolint.yml"];

/// The lowest severity that makes a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailOn {
    /// This one and those above it.
    Severity(Severity),
    /// No finding fails a run.
    Never,
}

impl FailOn {
    /// Reads the word.
    pub fn parse(word: &str) -> Option<FailOn> {
        if word == "never" { Some(FailOn::Never) } else { Severity::parse(word).map(FailOn::Severity) }
    }
}

/// What a configuration file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The set of rules to start from.
    pub preset: Option<Preset>,
    /// Exactly these rules.
    pub select: Vec<String>,
    /// These as well.
    pub extend_select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
    /// Other severities, by rule, category or a peer's id; of several the last one counts.
    pub severities: Vec<(String, Severity)>,
    /// What makes a run fail.
    pub fail_on: Option<FailOn>,
    /// Globs of paths that are not looked at.
    pub exclude: Vec<String>,
    /// What rules read from the stack.
    pub options: Options,
}

/// hadolint takes keys that it does not know, and so do we in its file.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Hadolint {
    #[serde(default)]
    ignored: Words,
    #[serde(default, rename = "override")]
    severities: BTreeMap<String, Words>,
    #[serde(default, rename = "trustedRegistries")]
    trusted_registries: Words,
    #[serde(default)]
    label_schema: BTreeMap<String, String>,
    #[serde(default)]
    strict_labels: bool,
    failure_threshold: Option<String>,
    #[serde(default)]
    no_fail: bool,
    #[serde(default)]
    disable_ignore_pragma: bool,
}

/// A list, or one word for a list of one; nothing at all for none.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Words {
    #[default]
    None,
    One(String),
    Many(Vec<String>),
}

impl From<Words> for Vec<String> {
    fn from(words: Words) -> Self {
        match words {
            Words::None => Vec::new(),
            Words::One(word) => vec![word],
            Words::Many(words) => words,
        }
    }
}

impl Config {
    /// The keys that our own file may have.
    pub const KEYS: [&str; 10] = super::own_config::KEYS;

    /// Reads a file; its name tells whose it is. The error says what is wrong, without the path.
    pub fn parse(path: &str, text: &str) -> Result<Config, String> {
        let text = text.trim_start_matches('\u{feff}');
        if text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#')) {
            return Ok(Config::default());
        }
        if crate::files::file_name(path).contains("hadolint") { hadolint(text) } else { super::own_config::read(text) }
    }

    /// The selection that the file and the command line ask for together. What the command line selects is exactly what
    /// runs, whatever the file says.
    pub fn selection(&self, mut request: SelectionRequest, preset: Option<Preset>) -> SelectionRequest {
        request.preset = preset.or(self.preset).unwrap_or_default();
        if request.select.is_empty() {
            if preset.is_none() {
                request.select.clone_from(&self.select);
            }
            request.extend.extend(self.extend_select.iter().cloned());
            request.ignore.extend(self.ignore.iter().cloned());
        }
        request
    }

    /// Gives findings the severities that the file wants.
    pub fn apply(&self, diagnostics: &mut [Diagnostic]) {
        for (name, severity) in &self.severities {
            let named = |d: &Diagnostic| name == d.rule || name == d.category || d.aliases.iter().any(|a| a == name);
            diagnostics.iter_mut().filter(|d| named(d)).for_each(|d| d.severity = *severity);
        }
    }
}

/// Rules of hadolint that run only where its configuration asks for them by an override.
const ENABLED_BY_OVERRIDE: [&str; 2] = ["DL1001", "DL3057"];
/// Rules that a label schema turns on.
const LABEL_RULES: [&str; 8] = ["DL3049", "DL3051", "DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3058"];

fn hadolint(text: &str) -> Result<Config, String> {
    let file: Hadolint = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
    let mut config = Config { ignore: file.ignored.into(), ..Config::default() };
    let mut overrides = file.severities;
    // A rule under several severities has the highest of them.
    for severity in [Severity::Style, Severity::Info, Severity::Warning, Severity::Error] {
        let names: Vec<String> = overrides.remove(severity.name()).unwrap_or_default().into();
        config.extend_select.extend(names.iter().filter(|n| ENABLED_BY_OVERRIDE.contains(&n.as_str())).cloned());
        config.severities.extend(names.into_iter().map(|name| (name, severity)));
    }
    if file.failure_threshold.is_some() || file.no_fail {
        config.fail_on = Some(threshold(file.failure_threshold.as_deref(), file.no_fail)?);
    }
    config.options = Options {
        trusted_registries: file.trusted_registries.into(),
        label_schema: labels(file.label_schema)?,
        strict_labels: file.strict_labels,
        ignore_hadolint_comments: file.disable_ignore_pragma,
        ..Options::default()
    };
    let turned_on = [
        (!config.options.trusted_registries.is_empty(), &["DL3026"][..]),
        (!config.options.label_schema.is_empty(), &LABEL_RULES[..]),
        (config.options.strict_labels, &["DL3050"][..]),
    ];
    for (_, rules) in turned_on.into_iter().filter(|(on, _)| *on) {
        config.extend_select.extend(rules.iter().map(|r| (*r).to_owned()));
    }
    Ok(config)
}

fn threshold(word: Option<&str>, no_fail: bool) -> Result<FailOn, String> {
    match word {
        _ if no_fail => Ok(FailOn::Never),
        // hadolint's words for "whatever it is, fail".
        None | Some("none" | "ignore") => Ok(FailOn::Severity(Severity::Style)),
        Some(word) => Severity::parse(word).map(FailOn::Severity).ok_or_else(|| format!("`{word}` is no failure-threshold")),
    }
}

fn labels(given: BTreeMap<String, String>) -> Result<BTreeMap<String, LabelKind>, String> {
    let kind = |(label, word): (String, String)| match LabelKind::parse(&word) {
        Some(kind) => Ok((label, kind)),
        None => Err(format!("`{word}` is no kind of label; there are text, url, semver, hash, rfc3339, spdx and email")),
    };
    given.into_iter().map(kind).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hadolint_files_mean_what_they_mean_there() {
        let text = "ignored: [DL3008]\noverride:\n  error: [DL3003]\n  info: [DL3003, DL1001]\nfailure-threshold: none\n\
                    trustedRegistries:\n  - docker.io\nlabel-schema:\n  author: text\nstrict-labels: true\ndisable-ignore-pragma: true\nformat: json\n";
        let c = Config::parse("a/.hadolint.yaml", text).unwrap();
        assert_eq!(c.ignore, ["DL3008"]);
        assert_eq!(c.severities.last(), Some(&("DL3003".to_owned(), Severity::Error)));
        assert_eq!(c.fail_on, Some(FailOn::Severity(Severity::Style)));
        assert_eq!(c.options.label_schema["author"], LabelKind::Text);
        assert!(c.options.strict_labels && c.options.ignore_hadolint_comments);
        for rule in ["DL1001", "DL3026", "DL3050", "DL3058"] {
            assert!(c.extend_select.iter().any(|r| r == rule), "{rule}");
        }
    }

    #[test]
    fn a_mistake_is_an_error() {
        for text in
            ["selct: [x]\n", "severity: {links: bad}\n", "fail-on: sometimes\n", "preset: all\n", "ignore: {a: b}\n", "- a\n", "a: [\n"]
        {
            assert!(Config::parse(".stacklint.yaml", text).is_err(), "{text}");
        }
        assert!(Config::parse(".hadolint.yaml", "label-schema: {a: colour}\n").is_err());
        assert_eq!(Config::parse(".stacklint.yaml", "# nothing\n\n"), Ok(Config::default()));
    }

    #[test]
    fn the_command_line_counts_more_than_the_file() {
        let c =
            Config::parse(".stacklint.yaml", "select: links\nextend-select: [DL3008]\nignore: [DL3009, links]\npreset: strict\n").unwrap();
        let plain = c.selection(SelectionRequest::default(), None);
        assert_eq!((plain.select, plain.extend, plain.preset), (vec!["links".to_owned()], vec!["DL3008".to_owned()], Preset::Strict));
        assert_eq!(plain.ignore, ["DL3009", "links"]);
        let asked = SelectionRequest { select: vec!["b".to_owned()], ..SelectionRequest::default() };
        let asked = c.selection(asked, None);
        assert_eq!((asked.select, asked.extend, asked.ignore), (vec!["b".to_owned()], Vec::new(), Vec::new()));
    }
}
