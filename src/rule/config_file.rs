//! The configuration file: ours, or hadolint's and dclint's, so that a project can change its linter without rewriting it.
//!
//! A file with a mistake in it ends the run. Going on without it would switch off what it asks for.

use super::{Config, Registry, dclint_config, hadolint_config, own_config, registry};

/// The names under which our configuration is found, the first one first.
pub const OWN_NAMES: [&str; 4] = [".stacklint.yaml", ".stacklint.yml", "stacklint.yaml", "stacklint.yml"];
/// Where a project's own rules lie, beside its configuration or in its place.
pub const RULES_DIR: &str = ".stacklint/rules";
/// The names of hadolint's, read where ours is not there.
pub const HADOLINT_NAMES: [&str; 2] = [".hadolint.yaml", ".hadolint.yml"];

impl Config {
    /// The keys that our own file may have.
    pub const KEYS: [&str; 12] = own_config::KEYS;

    /// Reads a file that speaks of stacklint's rules; its name tells whose it is. The error says what is wrong, without the path.
    pub fn parse(path: &str, text: &str) -> Result<Config, String> {
        Config::parse_with(path, text, registry())
    }

    /// Reads a file that may speak of a project's own rules, too.
    pub fn parse_with(path: &str, text: &str, registry: &'static Registry) -> Result<Config, String> {
        let text = text.trim_start_matches('\u{feff}');
        let none = text.lines().all(|l| l.trim().is_empty() || l.trim_start().starts_with('#'));
        let config = match crate::files::file_name(path) {
            _ if none => Config::default(),
            name if name.contains("hadolint") => hadolint_config::read(text)?,
            "package.json" => dclint_config::read(&dclint_config::in_package(text).unwrap_or_default())?,
            name if name.contains("dclint") => dclint_config::read(text)?,
            _ => own_config::read(text, registry)?,
        };
        Ok(Config { registry, ..config })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;
    use crate::rule::{FailOn, Preset, SelectionRequest};
    use crate::stack::LabelKind;

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
        assert!(Config::parse(".stacklint.yaml", "# nothing\n\n").is_ok());
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
