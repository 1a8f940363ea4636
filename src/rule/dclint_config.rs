//! dclint's configuration file: levels of its rules, and the paths that it leaves out.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::config::Config;
use super::globs::Globs;
use crate::diagnostic::Severity;

/// The names under which dclint finds its file, the first one first. Those in JavaScript are programs, and not read.
pub const DCLINT_NAMES: [&str; 5] = ["package.json", ".dclintrc", ".dclintrc.json", ".dclintrc.yaml", ".dclintrc.yml"];

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    rules: BTreeMap<String, Level>,
    #[serde(default)]
    exclude: Vec<String>,
}

/// `1`, or `[1, {option: value}]`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Level {
    Alone(u8),
    With(u8, Wishes),
}

/// The one option that means something to a rule of ours.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wishes {
    quote_type: Option<String>,
}

/// The part of a `package.json` that is dclint's; `None` where it has none.
pub fn in_package(text: &str) -> Option<String> {
    let package: serde_json::Value = serde_json::from_str(text).ok()?;
    package.get("dclint").map(serde_json::Value::to_string)
}

/// Reads the file: a rule that it gives a level runs at that level, one at 0 does not run.
pub(super) fn read(text: &str) -> Result<Config, String> {
    let file: File = serde_yaml::from_str(text).map_err(|e| e.to_string())?;
    let mut config = Config::default();
    for (name, level) in file.rules {
        let (level, wishes) = match level {
            Level::Alone(level) => (level, None),
            Level::With(level, wishes) => (level, Some(wishes)),
        };
        let severity = match level {
            0 => {
                config.ignore.push(name);
                continue;
            }
            1 => Severity::Warning,
            2 => Severity::Error,
            _ => return Err(format!("`{name}` has the level {level}: there are 0, 1 and 2")),
        };
        if wishes.and_then(|w| w.quote_type).as_deref() == Some("double") {
            config.ignore.push("double-quoted-port".to_owned());
        }
        config.extend_select.push(name.clone());
        config.severities.push((name, severity));
    }
    // dclint leaves out each path that one of these texts is a part of
    let parts = file.exclude.iter().map(|part| format!("*{}*", globset::escape(part))).collect();
    config.exclude = Globs::read(parts).map_err(|(_, message)| message)?;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_paths_mean_what_they_mean_there() {
        let text = "{\"rules\": {\"no-version-field\": 0, \"no-build-and-image\": 2, \"require-quotes-in-ports\": [1, {\"quoteType\": \"double\"}]},
            \"quiet\": false, \"exclude\": [\"tests\"]}";
        let config = read(text).unwrap();
        assert_eq!(config.ignore, ["no-version-field", "double-quoted-port"]);
        assert_eq!(config.extend_select, ["no-build-and-image", "require-quotes-in-ports"]);
        assert_eq!(config.severities.first(), Some(&("no-build-and-image".to_owned(), Severity::Error)));
        assert!(config.excludes("a/tests/compose.yaml") && config.excludes("mytests.d/x") && !config.excludes("a/compose.yaml"));
        assert!(read("rules: {no-version-field: 3}\n").is_err());
        assert_eq!(in_package("{\"name\": \"x\"}"), None);
        assert!(in_package("{\"dclint\": {\"rules\": {}}}").is_some());
    }
}
