//! Which rules run: presets, `--select`, `--extend-select`, `--ignore`.

use std::collections::BTreeSet;

use super::{Info, Registry};
use crate::diagnostic::Diagnostic;
use crate::syntax::closest;

/// A named set of rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preset {
    /// Faults that a maintainer would thank you for.
    #[default]
    Recommended,
    /// Everything but pure layout.
    Strict,
    /// What hadolint reports by default.
    Hadolint,
    /// What `docker build --check` reports.
    Buildkit,
    /// Secrets, privileges, exposure.
    Security,
}

impl Preset {
    /// All presets.
    pub const ALL: [Preset; 5] = [Preset::Recommended, Preset::Strict, Preset::Hadolint, Preset::Buildkit, Preset::Security];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Recommended => "recommended",
            Preset::Strict => "strict",
            Preset::Hadolint => "hadolint",
            Preset::Buildkit => "buildkit",
            Preset::Security => "security",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Preset> {
        Preset::ALL.into_iter().find(|p| p.name() == name)
    }

    pub(super) fn has(self, rule: &Info) -> bool {
        match self {
            Preset::Strict => rule.in_preset("strict") || rule.in_preset("recommended"),
            _ => rule.in_preset(self.name()),
        }
    }
}

/// What the user asked for; names may be rules, aliases, categories, presets or `ALL`.
#[derive(Clone, Debug, Default)]
pub struct SelectionRequest {
    /// `--preset`.
    pub preset: Preset,
    /// `--select`: exactly these.
    pub select: Vec<String>,
    /// `--extend-select`.
    pub extend: Vec<String>,
    /// `--ignore`.
    pub ignore: Vec<String>,
    /// What a configuration wants for some paths only.
    pub elsewhere: Vec<String>,
}

/// The rules that run, and under which names they were asked for.
#[derive(Clone, Debug)]
pub struct Selection {
    registry: &'static Registry,
    rules: BTreeSet<usize>,
    /// Those among them that were named themselves, not by a preset or a category.
    named: BTreeSet<usize>,
    /// Rules that are in only because a peer's id was named: their findings must carry one of these ids.
    by_alias: Vec<(usize, String)>,
    /// Peers' ids to leave out.
    ignored_aliases: BTreeSet<String>,
    /// What is wanted everywhere, where more runs for the sake of some paths.
    plain: Option<Box<Selection>>,
}

/// A name that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SelectionError {
    /// The name.
    pub name: String,
    /// The known name nearest to it.
    pub nearest: Option<String>,
}

impl std::fmt::Display for SelectionError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "no rule, category, preset or peer's id is named `{}`", self.name)?;
        match &self.nearest {
            Some(nearest) => write!(f, "; did you mean `{nearest}`?"),
            None => write!(f, "; `stacklint rules` lists them"),
        }
    }
}

/// The rule under which ShellCheck's own findings go.
pub const SHELLCHECK: &str = "shellcheck-finding";

enum Named<'a> {
    /// An id of ShellCheck's that no rule carries: the tool itself may find it.
    Outside(&'a Info),
    Rules(Vec<&'a Info>),
    Alias(Vec<&'a Info>),
    NotCarried,
}

impl Selection {
    /// Works out a request.
    pub fn resolve(request: &SelectionRequest, registry: &'static Registry) -> Result<Selection, SelectionError> {
        if !request.elsewhere.is_empty() {
            let plain = Selection::resolve(&SelectionRequest { elsewhere: Vec::new(), ..request.clone() }, registry)?;
            let mut more = SelectionRequest { elsewhere: Vec::new(), ..request.clone() };
            more.extend.extend(request.elsewhere.iter().cloned());
            more.ignore.retain(|name| !request.elsewhere.contains(name));
            return Ok(Selection { plain: Some(Box::new(plain)), ..Selection::resolve(&more, registry)? });
        }
        let mut chosen = Selection {
            registry,
            rules: BTreeSet::new(),
            named: BTreeSet::new(),
            by_alias: Vec::new(),
            ignored_aliases: BTreeSet::new(),
            plain: None,
        };
        if request.select.is_empty() {
            chosen.rules = indices(registry, registry.rules().iter().filter(|r| request.preset.has(r)));
        }
        for name in request.select.iter().chain(&request.extend) {
            chosen.named.extend(registry.index(name));
            match named(name, registry)? {
                Named::Rules(rules) => chosen.rules.extend(indices(registry, rules.into_iter())),
                Named::Alias(rules) => {
                    for n in indices(registry, rules.into_iter()) {
                        chosen.by_alias.push((n, name.clone()));
                    }
                }
                Named::Outside(rule) => chosen.by_alias.extend(registry.index(rule.name).map(|n| (n, name.clone()))),
                Named::NotCarried => {}
            }
        }
        for name in &request.ignore {
            match named(name, registry)? {
                Named::Rules(rules) => {
                    for n in indices(registry, rules.into_iter()) {
                        chosen.rules.remove(&n);
                        chosen.by_alias.retain(|(m, _)| *m != n);
                    }
                }
                Named::Alias(_) | Named::Outside(_) | Named::NotCarried => {
                    chosen.ignored_aliases.insert(name.clone());
                }
            }
        }
        Ok(chosen)
    }

    /// The rules among which it was chosen.
    pub fn registry(&self) -> &'static Registry {
        self.registry
    }

    /// Whether a finding is wanted for some paths only.
    pub(super) fn elsewhere_only(&self, finding: &Diagnostic) -> bool {
        let wanted = |plain: &Selection| self.registry.index(finding.rule).is_some_and(|n| plain.wants(n, finding));
        self.plain.as_ref().is_some_and(|plain| !wanted(plain))
    }

    /// Whether a rule runs at all.
    pub fn runs(&self, index: usize) -> bool {
        self.rules.contains(&index) || self.by_alias.iter().any(|(n, _)| *n == index)
    }

    /// Whether a rule was asked for by its own name or a peer's.
    pub(crate) fn names(&self, index: usize) -> bool {
        self.named.contains(&index) || self.by_alias.iter().any(|(n, _)| *n == index)
    }

    /// Whether a finding of a rule that runs was asked for.
    pub fn wants(&self, index: usize, finding: &Diagnostic) -> bool {
        let ignored = finding.aliases.iter().any(|a| self.ignored_aliases.contains(*a));
        let carried = |id: &str| finding.aliases.iter().any(|a| *a == id || a.strip_prefix("kics:") == Some(id));
        let asked = self.rules.contains(&index) || self.by_alias.iter().any(|(n, id)| *n == index && carried(id));
        asked && !ignored
    }
}

impl Selection {
    /// Whether every finding that a name could mean was looked for: all its rules run, and none of their findings is ignored.
    pub(crate) fn looks_for_all(&self, name: &str) -> bool {
        let registry = self.registry;
        let whole = |rule: &&Info| {
            registry.index(rule.name).is_some_and(|n| self.rules.contains(&n))
                && !rule.aliases.iter().any(|a| self.ignored_aliases.contains(*a))
        };
        match named(name, registry) {
            Ok(Named::Rules(rules) | Named::Alias(rules)) => rules.iter().all(whole),
            Ok(Named::Outside(_) | Named::NotCarried) | Err(_) => false,
        }
    }

    /// The peers' ids under which alone a finding was asked for; `None` where its rule was.
    pub(crate) fn asked_as(&self, finding: &Diagnostic) -> Option<Vec<&'static str>> {
        let index = self.registry.index(finding.rule).filter(|n| !self.rules.contains(n))?;
        let named =
            |alias: &str| self.by_alias.iter().any(|(n, id)| *n == index && (id == alias || alias.strip_prefix("kics:") == Some(id)));
        Some(finding.aliases.iter().copied().filter(|a| named(a)).collect())
    }
}

fn indices<'a>(registry: &Registry, rules: impl Iterator<Item = &'a Info>) -> BTreeSet<usize> {
    rules.filter_map(|r| registry.index(r.name)).collect()
}

fn named<'a>(name: &str, registry: &'a Registry) -> Result<Named<'a>, SelectionError> {
    if name == "ALL" {
        return Ok(Named::Rules(registry.rules().iter().collect()));
    }
    if let Some(rule) = registry.find(name) {
        return Ok(Named::Rules(vec![rule]));
    }
    if let Some(preset) = Preset::parse(name) {
        return Ok(Named::Rules(registry.rules().iter().filter(|r| preset.has(r)).collect()));
    }
    let category: Vec<&Info> = registry.rules().iter().filter(|r| r.category == name).collect();
    if !category.is_empty() {
        return Ok(Named::Rules(category));
    }
    let carriers: Vec<&Info> = registry.by_alias(name).collect();
    if !carriers.is_empty() {
        return Ok(Named::Alias(carriers));
    }
    let code = name.strip_prefix("SC").is_some_and(|n| n.len() == 4 && n.bytes().all(|b| b.is_ascii_digit()));
    if let Some(rule) = registry.find(SHELLCHECK).filter(|_| code) {
        return Ok(Named::Outside(rule));
    }
    if crate::rules::peers::is_peer_id(name) {
        return Ok(Named::NotCarried);
    }
    let known = registry.rules().iter().flat_map(|r| r.aliases.iter().copied().chain([r.name, r.category]));
    Err(SelectionError { name: name.to_owned(), nearest: closest(name, known).map(str::to_owned) })
}
