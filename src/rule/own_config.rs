//! Our own configuration file, read from its tree, so that every mistake is reported at its place.

use globset::GlobSet;

use super::config::Override;
use super::globs::{Globs, globs};
use super::{Config, FailOn, Preset, Registry, Selection, SelectionRequest};
use crate::diagnostic::Severity;
use crate::source::{SourceFile, Sources, Span};
use crate::stack::LabelKind;
use crate::syntax::closest;
use crate::syntax::yaml::{self, Node, Value};

/// The keys that the file may have.
pub(super) const KEYS: [&str; 12] = [
    "preset",
    "select",
    "extend-select",
    "ignore",
    "rules",
    "severity",
    "overrides",
    "fail-on",
    "exclude",
    "trusted-registries",
    "label-schema",
    "strict-labels",
];

/// The words for a severity.
const SEVERITIES: [&str; 4] = ["error", "warning", "info", "style"];
/// The words for a rule's level.
const LEVELS: [&str; 5] = ["error", "warning", "info", "style", "off"];
/// The keys of a rule.
const RULE_KEYS: [&str; 2] = ["level", "allow"];
/// The keys of an override.
const OVERRIDE_KEYS: [&str; 5] = ["files", "extend-select", "ignore", "rules", "severity"];
/// The words for what fails a run.
const FAIL_ON: [&str; 5] = ["error", "warning", "info", "style", "never"];

/// Reads the text of a file.
pub(super) fn read(text: &str, registry: &'static Registry) -> Result<Config, String> {
    let mut sources = Sources::new();
    let id = sources.add("", text.to_owned());
    let reader = Reader { source: sources.get(id), registry };
    let tree = yaml::parse(reader.source);
    if let Some(error) = tree.errors.first() {
        return reader.mistake(error.span, &error.message);
    }
    match tree.documents.as_slice() {
        [] => Ok(Config::default()),
        [root] => reader.config(root),
        [_, second, ..] => reader.mistake(second.span, "a configuration is one document"),
    }
}

struct Reader<'a> {
    source: &'a SourceFile,
    registry: &'static Registry,
}

/// What is said of single rules, with their names.
#[derive(Default)]
struct Levels {
    on: Vec<String>,
    off: Vec<String>,
    severities: Vec<(String, Severity)>,
    allowed: Vec<(String, GlobSet)>,
}

impl Reader<'_> {
    fn mistake<T>(&self, span: Span, what: &str) -> Result<T, String> {
        let at = self.source.line_column(span.start as usize);
        Err(format!("line {}, column {}: {what}", at.line, at.column))
    }

    fn config(&self, root: &Node) -> Result<Config, String> {
        let mut config = Config::default();
        let mut levels = Levels::default();
        for (key, value) in self.pairs(root)? {
            match key {
                _ if value.is_null() && KEYS.contains(&key) => {}
                "preset" => config.preset = Some(self.word(value, &Preset::ALL.map(Preset::name), Preset::parse)?),
                "select" => config.select = self.rules(value)?,
                "extend-select" => config.extend_select = self.rules(value)?,
                "ignore" => config.ignore = self.rules(value)?,
                "rules" => levels = self.levels(value)?,
                "severity" => config.severities = self.severities(value)?,
                "overrides" => config.overrides = self.overrides(value)?,
                "fail-on" => config.fail_on = Some(self.word(value, &FAIL_ON, FailOn::parse)?),
                "exclude" => {
                    let words = self.words(value)?;
                    let written = words.iter().map(|(word, _)| (*word).to_owned()).collect();
                    config.exclude = Globs::read(written).or_else(|fault| self.no_glob(value, &words, fault))?;
                }
                "trusted-registries" => {
                    config.options.trusted_registries = self.words(value)?.into_iter().map(|(w, _)| w.to_owned()).collect();
                }
                "label-schema" => {
                    let kinds = LabelKind::ALL.map(|(word, _)| word);
                    for (label, kind) in self.pairs(value)? {
                        config.options.label_schema.insert(label.to_owned(), self.word(kind, &kinds, LabelKind::parse)?);
                    }
                }
                "strict-labels" => {
                    config.options.strict_labels = self.word(value, &["true", "false"], |w| w.to_ascii_lowercase().parse().ok())?;
                }
                _ => return self.unknown(root, key, &KEYS),
            }
        }
        config.extend_select.extend(levels.on);
        config.ignore.extend(levels.off);
        config.severities.extend(levels.severities);
        config.allowed = levels.allowed;
        Ok(config)
    }

    fn unknown<T>(&self, node: &Node, key: &str, known: &[&str]) -> Result<T, String> {
        let span = node.entry(key).map_or(node.span, |e| e.key.span);
        self.mistake(span, &format!("there is no key `{key}`; {}", suggestion(key, known, "the keys are")))
    }

    /// Rules with a level, or with a level and what they accept.
    fn levels(&self, node: &Node) -> Result<Levels, String> {
        let mut levels = Levels::default();
        let entries = self.pairs(node)?;
        for (entry, (name, value)) in node.entries().iter().zip(entries) {
            self.known(name, entry.key.span)?;
            if !matches!(value.value, Value::Map(_)) {
                self.level(name, value, &mut levels)?;
                continue;
            }
            for (key, value) in self.pairs(value)? {
                match key {
                    "level" => self.level(name, value, &mut levels)?,
                    "allow" => levels.allowed.push((name.to_owned(), self.globs(value)?)),
                    _ => return self.unknown(&entry.value, key, &RULE_KEYS),
                }
            }
        }
        Ok(levels)
    }

    /// A level turns a rule on, also where the preset does not hold it.
    fn level(&self, name: &str, node: &Node, levels: &mut Levels) -> Result<(), String> {
        match self.word(node, &LEVELS, |w| if w == "off" { Some(None) } else { Severity::parse(w).map(Some) })? {
            Some(severity) => {
                levels.on.push(name.to_owned());
                levels.severities.push((name.to_owned(), severity));
            }
            None => levels.off.push(name.to_owned()),
        }
        Ok(())
    }

    fn overrides(&self, node: &Node) -> Result<Vec<Override>, String> {
        let Value::Seq(items) = &node.value else {
            return self.mistake(node.span, "a list belongs here, each item with `files` and what counts for them");
        };
        items.iter().map(|item| self.one_override(item)).collect()
    }

    fn one_override(&self, node: &Node) -> Result<Override, String> {
        let mut part = Override::default();
        let mut levels = Levels::default();
        let mut files = None;
        for (key, value) in self.pairs(node)? {
            match key {
                "files" => files = Some(self.globs(value)?),
                "extend-select" => part.extend_select = self.rules(value)?,
                "ignore" => part.ignore = self.rules(value)?,
                "severity" => part.severities = self.severities(value)?,
                "rules" => levels = self.levels(value)?,
                _ => return self.unknown(node, key, &OVERRIDE_KEYS),
            }
        }
        if !levels.allowed.is_empty() {
            return self.mistake(node.span, "`allow` counts for all paths; it belongs under the file's own `rules`");
        }
        let Some(files) = files else {
            return self.mistake(node.span, "`files` is missing: the globs of the paths that this counts for");
        };
        part.extend_select.extend(levels.on);
        part.ignore.extend(levels.off);
        part.severities.extend(levels.severities);
        Ok(Override { files, ..part })
    }

    fn globs(&self, node: &Node) -> Result<GlobSet, String> {
        let words = self.words(node)?;
        globs(words.iter().map(|(word, _)| *word)).or_else(|fault| self.no_glob(node, &words, fault))
    }

    fn no_glob<T>(&self, node: &Node, words: &[(&str, Span)], (n, why): (usize, String)) -> Result<T, String> {
        self.mistake(words.get(n).map_or(node.span, |(_, span)| *span), &why)
    }

    /// The entries of a mapping whose keys are words.
    fn pairs<'n>(&self, node: &'n Node) -> Result<Vec<(&'n str, &'n Node)>, String> {
        let Value::Map(entries) = &node.value else {
            if node.is_null() {
                return Ok(Vec::new());
            }
            return self.mistake(node.span, "a mapping of keys to values belongs here");
        };
        entries
            .iter()
            .map(|entry| match entry.key.as_str() {
                Some(key) => Ok((key, &entry.value)),
                None => self.mistake(entry.key.span, "a key is a word"),
            })
            .collect()
    }

    /// A list of words, or one word for a list of one.
    fn words<'n>(&self, node: &'n Node) -> Result<Vec<(&'n str, Span)>, String> {
        let items = match &node.value {
            Value::Seq(items) => items.iter().collect(),
            _ => vec![node],
        };
        items
            .into_iter()
            .map(|item| match item.as_str() {
                Some(word) if !item.is_null() => Ok((word, item.span)),
                _ => self.mistake(item.span, "a word or a list of words belongs here"),
            })
            .collect()
    }

    /// A word out of a few.
    fn word<T>(&self, node: &Node, known: &[&str], parse: impl Fn(&str) -> Option<T>) -> Result<T, String> {
        let Some(word) = node.as_str() else {
            return self.mistake(node.span, &format!("one word belongs here: {}", known.join(", ")));
        };
        match parse(word) {
            Some(value) => Ok(value),
            None => self.mistake(node.span, &format!("`{word}` is not known here; {}", suggestion(word, known, "the words are"))),
        }
    }

    fn rules(&self, node: &Node) -> Result<Vec<String>, String> {
        self.words(node)?.into_iter().map(|(name, span)| self.known(name, span).map(|()| name.to_owned())).collect()
    }

    fn severities(&self, node: &Node) -> Result<Vec<(String, Severity)>, String> {
        let entries = self.pairs(node)?;
        for (entry, (name, _)) in node.entries().iter().zip(&entries) {
            self.known(name, entry.key.span)?;
        }
        entries.into_iter().map(|(name, value)| Ok((name.to_owned(), self.word(value, &SEVERITIES, Severity::parse)?))).collect()
    }

    /// Whether anything is named so: what the file says of a name that nobody knows would be lost in silence.
    fn known(&self, name: &str, span: Span) -> Result<(), String> {
        let request = SelectionRequest { select: vec![name.to_owned()], ..SelectionRequest::default() };
        match Selection::resolve(&request, self.registry) {
            Ok(_) => Ok(()),
            Err(error) => self.mistake(span, &error.to_string()),
        }
    }
}

/// The known word that is meant, or all of them.
fn suggestion(word: &str, known: &[&str], all: &str) -> String {
    match closest(&word.to_ascii_lowercase().replace('_', "-"), known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("{all} {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::registry;

    #[test]
    fn a_mistake_is_told_with_its_place() {
        for (text, wanted) in [
            ("preset: strict\nselct: [links]\n", "line 2, column 1: there is no key `selct`; did you mean `select`?"),
            ("fail_on: error\n", "line 1, column 1: there is no key `fail_on`; did you mean `fail-on`?"),
            ("preset: Strict\n", "line 1, column 9: `Strict` is not known here; did you mean `strict`?"),
            ("severity:\n  links: eror\n", "line 2, column 10: `eror` is not known here; did you mean `error`?"),
            (
                "severity:\n  lnks: error\n",
                "line 2, column 3: no rule, category, preset or peer's id is named `lnks`; did you mean `links`?",
            ),
            ("ignore:\n  - links\n  - {a: b}\n", "line 3, column 5: a word or a list of words belongs here"),
            ("exclude: [a]\nexclude: [b]\n", "line 2, column 1: `exclude` stands twice in this mapping, first on line 1"),
            ("- preset\n", "line 1, column 1: a mapping of keys to values belongs here"),
            ("rules:\n  links: on\n", "line 2, column 10: `on` is not known here; the words are error, warning, info, style, off"),
            ("rules: {links: {levl: off}}\n", "line 1, column 17: there is no key `levl`; did you mean `level`?"),
            ("exclude: ['a', '[']\n", "line 1, column 16: `[` is no pattern: unclosed character class; missing ']'"),
            ("overrides:\n  - ignore: links\n", "line 2, column 5: `files` is missing: the globs of the paths that this counts for"),
            ("overrides: {files: a}\n", "line 1, column 12: a list belongs here, each item with `files` and what counts for them"),
            ("strict-labels: maybe\n", "line 1, column 16: `maybe` is not known here; the words are true, false"),
        ] {
            assert_eq!(read(text, registry()).err().as_deref(), Some(wanted), "{text}");
        }
    }

    #[test]
    fn every_key_is_read() {
        for key in KEYS {
            assert_eq!(read(&format!("{key}:\n"), registry()).err(), None, "{key}");
        }
        let text = "preset: security\nselect: links\nextend-select: [DL3008]\nignore: [shell]\nseverity: {links: error}\nfail-on: never\n\
                    exclude: ['*.yml']\ntrusted-registries: ghcr.io\nlabel-schema: {author: text}\nstrict-labels: true\n";
        let config = read(text, registry()).unwrap();
        assert_eq!((config.preset, config.fail_on), (Some(Preset::Security), Some(FailOn::Never)));
        assert_eq!((config.select.len(), config.extend_select.len(), config.ignore.len(), config.exclude.written.len()), (1, 1, 1, 1));
        assert_eq!(config.severities, [("links".to_owned(), Severity::Error)]);
        assert_eq!(config.options.trusted_registries, ["ghcr.io"]);
        assert!(config.options.strict_labels && config.options.label_schema.contains_key("author"));
    }

    #[test]
    fn a_rule_has_a_level_and_what_it_accepts() {
        let text = "rules: {links: off, missing-limits: info, secret-in-env: {level: error, allow: ['PUBLIC_*']}}\n\
                    overrides:\n  - files: 'dev/**'\n    rules: {debug-mode-enabled: off, obsolete-version: style}\n";
        let config = read(text, registry()).unwrap();
        assert_eq!(
            (config.ignore, config.extend_select),
            (vec!["links".to_owned()], vec!["missing-limits".to_owned(), "secret-in-env".to_owned()])
        );
        assert_eq!(config.severities.last(), Some(&("secret-in-env".to_owned(), Severity::Error)));
        assert!(config.allowed[0].1.is_match("PUBLIC_KEY"));
        let [part] = &config.overrides[..] else { panic!("one override") };
        assert!(part.files.is_match("dev/compose.yaml") && part.ignore == ["debug-mode-enabled"]);
        assert_eq!(part.extend_select, ["obsolete-version"]);
    }
}
