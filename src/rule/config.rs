//! The configuration file: ours, or hadolint's and dclint's, so that a project can change its linter without rewriting it.
//!
//! A file with a mistake in it ends the run. Going on without it would switch off what it asks for.

use std::collections::BTreeMap;

use serde::Deserialize;

use globset::{GlobSet, GlobSetBuilder};

use super::{Preset, Registry, Selection, SelectionRequest, registry};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Sources, Span};
use crate::stack::{LabelKind, Options};

/// The names under which our configuration is found, the first one first.
pub const OWN_NAMES: [&str; 4] = [".stacklint.yaml", ".stacklint.yml", "stacklint.yaml", "stacklint.yml"];
/// Where a project's own rules lie, beside its configuration or in its place.
pub const RULES_DIR: &str = ".stacklint/rules";
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

/// What counts for some paths only.
#[derive(Clone, Debug, Default)]
pub struct Override {
    /// Globs of the paths, as seen from the configuration file.
    pub files: GlobSet,
    /// These rules run there as well.
    pub extend_select: Vec<String>,
    /// These do not.
    pub ignore: Vec<String>,
    /// Other severities, as in [`Config::severities`].
    pub severities: Vec<(String, Severity)>,
}

/// What a configuration file says.
#[derive(Clone, Debug)]
pub struct Config {
    /// The rules that there are: stacklint's, and the project's own.
    pub registry: &'static Registry,
    /// How a path is named as seen from the file.
    pub place: Place,
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
    /// Paths that are not looked at, as seen from the configuration file.
    pub exclude: Globs,
    /// Texts that a rule accepts, as globs: findings that point at one of them are left out.
    pub allowed: Vec<(String, GlobSet)>,
    /// What counts for some paths only; of several that name a path the last one counts.
    pub overrides: Vec<Override>,
    /// What rules read from the stack.
    pub options: Options,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            registry: registry(),
            place: Place::default(),
            preset: None,
            select: Vec::new(),
            extend_select: Vec::new(),
            ignore: Vec::new(),
            severities: Vec::new(),
            fail_on: None,
            exclude: Globs::default(),
            allowed: Vec::new(),
            overrides: Vec::new(),
            options: Options::default(),
        }
    }
}

/// Where a configuration lies: it speaks of paths as they are seen from its own folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Its folder, from where paths are named.
    dir: String,
    /// The other way, where its folder lies above.
    back: String,
}

impl Place {
    /// A folder `dir` from which the place where paths are named is seen as `back` (empty where it is not below).
    pub fn new(dir: &str, back: &str) -> Place {
        Place { dir: if dir == "." { String::new() } else { dir.to_owned() }, back: back.to_owned() }
    }

    /// A path as the configuration names it.
    pub fn path<'p>(&self, path: &'p str) -> std::borrow::Cow<'p, str> {
        if self.dir.is_empty() {
            return path.into();
        }
        match crate::files::strip_prefix(&self.dir, path) {
            Some(below) => below.into(),
            None if self.back.is_empty() => path.into(),
            None => crate::files::join(&self.back, path).into(),
        }
    }
}

/// Globs of paths, and how they are written.
#[derive(Clone, Debug, Default)]
pub struct Globs {
    set: GlobSet,
    /// The globs as a configuration of ours has them.
    pub written: Vec<String>,
}

impl Globs {
    /// Reads globs; the error is that of [`globs`].
    pub(super) fn read(written: Vec<String>) -> Result<Globs, (usize, String)> {
        Ok(Globs { set: globs(written.iter().map(String::as_str))?, written })
    }
}

/// Globs as one set. The error is the first one that cannot be read, with the reason.
pub(super) fn globs<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<GlobSet, (usize, String)> {
    let mut set = GlobSetBuilder::new();
    for (n, pattern) in patterns.into_iter().enumerate() {
        set.add(globset::Glob::new(pattern).map_err(|e| (n, format!("`{pattern}` is no pattern: {}", e.kind())))?);
    }
    set.build().map_err(|e| (0, e.to_string()))
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
    pub const KEYS: [&str; 12] = super::own_config::KEYS;

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
            name if name.contains("hadolint") => hadolint(text)?,
            "package.json" => super::dclint_config::read(&super::dclint_config::in_package(text).unwrap_or_default())?,
            name if name.contains("dclint") => super::dclint_config::read(text)?,
            _ => super::own_config::read(text, registry)?,
        };
        Ok(Config { registry, ..config })
    }

    /// This one, and what the file of another linter says beside it. hadolint and dclint share no rule.
    pub fn beside(mut self, other: Config) -> Config {
        self.extend_select.extend(other.extend_select);
        self.ignore.extend(other.ignore);
        self.severities.extend(other.severities);
        if self.exclude.written.is_empty() {
            self.exclude = other.exclude;
        }
        self
    }

    /// Whether a path is one that is not looked at.
    pub fn excludes(&self, path: &str) -> bool {
        !self.exclude.written.is_empty() && self.exclude.set.is_match(self.place.path(path).as_ref())
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
            // what runs for some paths runs for all, and is left out elsewhere
            request.elsewhere.extend(self.overrides.iter().flat_map(|o| o.extend_select.iter().cloned()));
        }
        request
    }

    /// Gives findings the severities that the file wants, and leaves out those that it accepts or does not want where they are.
    /// What is left out still says what must stay secret: the places come back.
    pub fn apply(&self, sources: &Sources, selection: &Selection, diagnostics: &mut Vec<Diagnostic>) -> Vec<Span> {
        let mut masks = Vec::new();
        for d in diagnostics.iter_mut() {
            if let Some((_, severity)) = self.severities.iter().rfind(|(name, _)| named(name, d)) {
                d.severity = *severity;
            }
        }
        if self.overrides.is_empty() && self.allowed.is_empty() {
            return masks;
        }
        diagnostics.retain_mut(|d| {
            let kept = !self.allows(sources, d) && self.wants_here(sources, selection, d);
            if !kept {
                masks.append(&mut d.masks);
            }
            kept
        });
        masks
    }

    fn allows(&self, sources: &Sources, d: &Diagnostic) -> bool {
        let text = || sources.slice(d.primary).trim().trim_matches(['"', '\'']);
        self.allowed.iter().any(|(name, texts)| named(name, d) && texts.is_match(text()))
    }

    /// What the overrides say of a finding at its place.
    fn wants_here(&self, sources: &Sources, selection: &Selection, d: &mut Diagnostic) -> bool {
        let path = self.place.path(sources.path(d.primary.file));
        let mut wanted = !selection.elsewhere_only(d);
        for part in self.overrides.iter().filter(|o| o.files.is_match(path.as_ref())) {
            let names = |list: &[String]| list.iter().any(|name| selects(name, d, self.registry));
            if names(&part.extend_select) {
                wanted = true;
            }
            if names(&part.ignore) {
                wanted = false;
            }
            if let Some((_, severity)) = part.severities.iter().rfind(|(name, _)| named(name, d)) {
                d.severity = *severity;
            }
        }
        wanted
    }
}

/// Whether a name of a rule, a category or a peer's id stands for a finding.
fn named(name: &str, d: &Diagnostic) -> bool {
    name == d.rule || name == d.category || d.aliases.contains(&name)
}

/// The same, where the name may be a preset or `ALL`.
fn selects(name: &str, d: &Diagnostic, registry: &Registry) -> bool {
    let preset = |preset: Preset| registry.find(d.rule).is_some_and(|rule| preset.has(rule));
    named(name, d) || name == "ALL" || Preset::parse(name).is_some_and(preset)
}

/// Rules of hadolint that run only where its configuration asks for them by an override.
const ENABLED_BY_OVERRIDE: [&str; 2] = ["DL1001", "DL3057"];
/// Rules that a label schema turns on.
const LABEL_RULES: [&str; 8] = ["DL3049", "DL3051", "DL3052", "DL3053", "DL3054", "DL3055", "DL3056", "DL3058"];

fn hadolint(text: &str) -> Result<Config, String> {
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
