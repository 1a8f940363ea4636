//! All rules, by name and by the names that other tools have for them.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Entry, Page};
use crate::diagnostic::Severity;

/// A registered rule with its page read.
pub struct Info {
    /// The entry.
    pub entry: Entry,
    /// `kebab-case`, the fault.
    pub name: &'static str,
    /// The folder of its page.
    pub category: &'static str,
    /// The page.
    pub page: Page<'static>,
    /// Default severity.
    pub severity: Severity,
    /// Aliases that live as long as the program.
    pub aliases: Vec<&'static str>,
}

/// All rules.
pub struct Registry {
    rules: Vec<Info>,
    by_name: HashMap<&'static str, usize>,
    by_alias: HashMap<&'static str, Vec<usize>>,
    broken: Vec<(&'static str, String)>,
}

/// The rules of this program.
pub fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::new(crate::rules::all()))
}

impl Registry {
    fn new(entries: Vec<Entry>) -> Registry {
        let mut rules: Vec<Info> = Vec::new();
        let mut broken = Vec::new();
        for entry in entries {
            match Page::parse(entry.page) {
                Ok(page) => rules.push(info(entry, page)),
                Err(why) => broken.push((entry.id, why)),
            }
        }
        rules.sort_by_key(|r| (r.category, r.name));
        let mut by_name = HashMap::new();
        let mut by_alias: HashMap<&'static str, Vec<usize>> = HashMap::new();
        for (n, rule) in rules.iter().enumerate() {
            by_name.insert(rule.name, n);
            for alias in &rule.aliases {
                by_alias.entry(alias).or_default().push(n);
            }
        }
        Registry { rules, by_name, by_alias, broken }
    }

    /// All rules, by category and name.
    pub fn rules(&self) -> &[Info] {
        &self.rules
    }

    /// Pages that could not be read, with the reason; a test keeps this empty.
    pub fn broken(&self) -> &[(&'static str, String)] {
        &self.broken
    }

    /// A rule by its name.
    pub fn find(&self, name: &str) -> Option<&Info> {
        self.by_name.get(name).and_then(|&n| self.rules.get(n))
    }

    /// The rules that carry a peer's id. `kics:` may be left out.
    pub fn by_alias(&self, alias: &str) -> impl Iterator<Item = &Info> {
        let direct = self.by_alias.get(alias);
        let found = direct.or_else(|| self.by_alias.get(format!("kics:{alias}").as_str()));
        found.into_iter().flatten().filter_map(|&n| self.rules.get(n))
    }

    /// The place of a rule in [`Registry::rules`].
    pub fn index(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    /// The categories, sorted.
    pub fn categories(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.rules.iter().map(|r| r.category).collect();
        names.dedup();
        names
    }
}

fn info(entry: Entry, page: Page<'static>) -> Info {
    let (category, name) = entry.id.split_once('/').unwrap_or(("style", entry.id));
    // Pages are read once and live until the program ends, so their aliases may be lent out for as long.
    let aliases = page.meta.aliases.iter().map(|a| &*Box::leak(a.clone().into_boxed_str())).collect();
    Info { entry, name, category, severity: page.severity(), page, aliases }
}

impl Info {
    /// The page on the web.
    pub fn url(&self) -> String {
        format!("https://github.com/stacklint/stacklint/blob/main/rules/{}.md", self.entry.id)
    }

    /// Whether the rule is in a preset.
    pub fn in_preset(&self, preset: &str) -> bool {
        self.page.meta.presets.iter().any(|p| p == preset)
    }
}
