//! All rules, by name and by the names that other tools have for them.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use super::{Entry, Outline, Page, front};
use crate::diagnostic::Severity;

/// A registered rule.
#[derive(Clone, Debug)]
pub struct Info {
    /// The entry.
    pub entry: Entry,
    /// `kebab-case`, the fault.
    pub name: &'static str,
    /// The folder of its page.
    pub category: &'static str,
    /// Default severity.
    pub severity: Severity,
    /// The peers' ids that the page gives.
    pub aliases: Vec<&'static str>,
    presets: Vec<&'static str>,
    /// The rules that say the same fault better.
    pub said_by: Vec<&'static str>,
    /// Kept apart: few pages are asked for, and all rules are moved about at the start.
    page: OnceLock<Box<Page<'static>>>,
    /// The user's own page, where this is one.
    pub path: Option<&'static str>,
}

/// The category of rules that a project brings along.
pub const OWN: &str = "own";

/// All rules.
#[derive(Debug)]
pub struct Registry {
    rules: Vec<Info>,
    /// Places of the rules, sorted by their names.
    by_name: Vec<usize>,
    by_alias: OnceLock<HashMap<&'static str, Vec<usize>>>,
}

/// The rules of this program.
pub fn registry() -> &'static Registry {
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    REGISTRY.get_or_init(|| Registry::new(crate::rules::all()))
}

impl Registry {
    fn new(entries: Vec<Entry>) -> Registry {
        Registry::of(entries.into_iter().filter_map(info).collect())
    }

    fn of(mut rules: Vec<Info>) -> Registry {
        rules.sort_by_key(|r| (r.category, r.name));
        let name = |n: &usize| rules.get(*n).map(|r| r.name);
        let mut by_name: Vec<usize> = (0..rules.len()).collect();
        by_name.sort_unstable_by_key(name);
        Registry { rules, by_name, by_alias: OnceLock::new() }
    }

    /// These rules and a project's own, each a page (path and text) whose `match:` says all. Errors name the page.
    ///
    /// Rules live until the program ends, as do the built-in ones: findings lend their names.
    pub fn extended(&self, pages: &[(String, String)]) -> Result<&'static Registry, String> {
        let mut rules = self.rules.clone();
        for (path, text) in pages {
            let rule = own(path, text).map_err(|why| format!("{path}: {why}"))?;
            if let Some(other) = rules.iter().find(|r| r.name == rule.name) {
                let place = other.path.map_or_else(|| "stacklint has a rule".to_owned(), |path| format!("{path} is a rule"));
                return Err(format!("{path}: {place} of this name already; give the file another one"));
            }
            rules.push(rule);
        }
        Ok(Box::leak(Box::new(Registry::of(rules))))
    }

    /// All rules, by category and name.
    pub fn rules(&self) -> &[Info] {
        &self.rules
    }

    /// Pages that cannot be read, with the reason; a test keeps this empty.
    pub fn broken(&self) -> Vec<(&'static str, String)> {
        crate::rules::all().into_iter().filter_map(|entry| Some((entry.id, Page::parse(entry.page).err()?))).collect()
    }

    /// A rule by its name.
    pub fn find(&self, name: &str) -> Option<&Info> {
        self.index(name).and_then(|n| self.rules.get(n))
    }

    /// The rules that carry a peer's id. `kics:` may be left out.
    pub fn by_alias(&self, alias: &str) -> impl Iterator<Item = &Info> {
        let by_alias = self.by_alias.get_or_init(|| {
            let mut by_alias: HashMap<&'static str, Vec<usize>> = HashMap::new();
            for (n, rule) in self.rules.iter().enumerate() {
                rule.aliases.iter().for_each(|alias| by_alias.entry(alias).or_default().push(n));
            }
            by_alias
        });
        let found = by_alias.get(alias).or_else(|| by_alias.get(format!("kics:{alias}").as_str()));
        found.into_iter().flatten().filter_map(|&n| self.rules.get(n))
    }

    /// The key paths of services whose values rules of the project's own look at, for `Options::asked`.
    pub fn asked(&self) -> Vec<String> {
        let own = self.rules.iter().filter(|rule| rule.path.is_some());
        own.filter_map(|rule| rule.page().meta.matcher.as_ref()?.asked().map(str::to_owned)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The place of a rule in [`Registry::rules`].
    pub fn index(&self, name: &str) -> Option<usize> {
        let place = self.by_name.binary_search_by(|n| self.rules.get(*n).map_or("", |r| r.name).cmp(name)).ok()?;
        self.by_name.get(place).copied()
    }

    /// The categories, sorted.
    pub fn categories(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.rules.iter().map(|r| r.category).collect();
        names.dedup();
        names
    }
}

/// A rule by its entry; `None` where its page cannot be read.
fn info(entry: Entry) -> Option<Info> {
    let (category, name) = entry.id.split_once('/').unwrap_or(("style", entry.id));
    let info = match entry.outline.head() {
        Some(front::Head { severity, presets, aliases, said_by }) => {
            Info { entry, name, category, severity, aliases, presets, said_by, page: OnceLock::new(), path: None }
        }
        None => of_page(entry, Page::parse(entry.page).ok()?),
    };
    Some(info)
}

fn of_page(entry: Entry, page: Page<'static>) -> Info {
    let (category, name) = entry.id.split_once('/').unwrap_or(("style", entry.id));
    // pages are read once and live until the program ends, so their words may be lent out for as long
    let leak = |list: &[String]| list.iter().map(|a| &*Box::leak(a.clone().into_boxed_str())).collect();
    let (presets, aliases, said_by) = (leak(&page.meta.presets), leak(&page.meta.aliases), leak(&page.meta.said_by));
    Info { entry, name, category, severity: page.severity(), aliases, presets, said_by, page: OnceLock::from(Box::new(page)), path: None }
}

/// A rule of the project's own.
fn own(path: &str, text: &str) -> Result<Info, String> {
    let leak = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let name = crate::files::file_name(path).trim_end_matches(".md");
    let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(kebab) || name.starts_with('-') {
        return Err("a rule is named in lower case with hyphens, as in `no-curl.md`".to_owned());
    }
    let page = leak(&text.replace("\r\n", "\n"));
    let parsed = Page::parse(page)?;
    let matcher = parsed.meta.matcher.as_ref().ok_or("the front matter has no `match:`, so the rule finds nothing")?;
    matcher.judge()?;
    let known = |preset: &&String| super::Preset::parse(preset).is_none();
    if let Some(preset) = parsed.meta.presets.iter().find(known) {
        return Err(format!("there is no preset `{preset}`"));
    }
    let entry = Entry { id: leak(&format!("{OWN}/{name}")), page, outline: Outline::of(page), native: None };
    Ok(Info { path: Some(leak(path)), ..of_page(entry, parsed) })
}

impl Info {
    /// The page, read when it is asked for first.
    pub fn page(&self) -> &Page<'static> {
        self.page.get_or_init(|| Box::new(Page::parse(self.entry.page).unwrap_or_default()))
    }

    /// The page on the web; of a project's own rule what it refers to first, or nothing.
    pub fn url(&self) -> String {
        if self.path.is_some() {
            let web = |r: &&String| r.starts_with("https://") || r.starts_with("http://");
            return self.page().meta.references.iter().find(web).cloned().unwrap_or_default();
        }
        format!("https://github.com/stacklint/stacklint/blob/main/rules/{}.md", self.entry.id)
    }

    /// Whether the rule is in a preset. A project's own rule that names none is in all of them.
    pub fn in_preset(&self, preset: &str) -> bool {
        (self.path.is_some() && self.presets.is_empty()) || self.presets.contains(&preset)
    }

    /// The presets that it is in.
    pub fn presets(&self) -> &[&'static str] {
        &self.presets
    }
}
