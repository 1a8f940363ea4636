//! hadolint's configuration file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::config::{Config, FailOn};
use crate::diagnostic::Severity;
use crate::stack::{LabelKind, Options};

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

/// Rules of hadolint that run only where its configuration asks for them by an override.
const ENABLED_BY_OVERRIDE: [&str; 2] = ["DL1001", "DL3057"];
/// Rules that a label schema turns on.
const LABEL_RULES: [&str; 8] = ["DL3049", "DL3051", "DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3058"];

/// Reads the file. The error says what is wrong, without the path.
pub(super) fn read(text: &str) -> Result<Config, String> {
    let file: Hadolint = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
    // hadolint takes any word there, and means nothing by it
    let known = |names: Vec<String>| names.into_iter().filter(|name| is_code(name)).collect::<Vec<_>>();
    let mut config = Config { ignore: known(file.ignored.into()), ..Config::default() };
    let mut overrides = file.severities;
    // A rule under several severities has the highest of them.
    for severity in [Severity::Style, Severity::Info, Severity::Warning, Severity::Error] {
        let names = known(overrides.remove(severity.name()).unwrap_or_default().into());
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

fn is_code(name: &str) -> bool {
    let digits = name.strip_prefix("DL").or_else(|| name.strip_prefix("SC"));
    digits.is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
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
