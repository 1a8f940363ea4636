//! What a configuration says, and what it makes of findings.

use globset::GlobSet;

use super::globs::Globs;
use super::{Preset, Registry, Selection, SelectionRequest, registry};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::{Sources, Span};
use crate::stack::Options;

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

impl Config {
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
