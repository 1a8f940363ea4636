//! Diagnostics as people and machines read them: one format a file. Renderers know diagnostics and texts, never rules;
//! what they print about a rule is handed in as [`RuleInfo`].
//!
//! Every format prints the same bytes for the same input, and none prints the text of a masked place.

use std::borrow::Cow;

use crate::diagnostic::{Applicability, Diagnostic, Fix, Severity};
use crate::source::{Sources, Span};

mod checkstyle;
mod clean;
mod compact;
#[cfg(feature = "cli")]
mod excerpt;
pub mod fingerprint;
mod github;
mod gitlab;
mod json;
mod jsonl;
mod junit;
mod mask;
mod place;
mod rdjson;
pub mod rules;
mod sarif;
pub mod statistics;
#[cfg(feature = "cli")]
mod terminal;
mod xml;

pub use mask::Masks;
pub(crate) use mask::dots;
use place::Place;
pub(crate) use place::Places;

/// A document as JSON text that is harmless on a terminal.
pub(crate) fn json_document(value: &impl serde::Serialize) -> String {
    clean::document(value, true)
}

/// Whether a character would act on a terminal instead of being shown.
pub(crate) fn acts_on_terminal(c: char) -> bool {
    clean::escape(c).is_some()
}

/// The tool's name and home, for formats that name their source.
const TOOL: &str = env!("CARGO_PKG_NAME");
const HOME: Option<&str> = match env!("CARGO_PKG_HOMEPAGE").as_bytes() {
    [] => None,
    _ => Some(env!("CARGO_PKG_HOMEPAGE")),
};

/// How findings are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Excerpts for people.
    Text,
    /// One line a finding, for editors and grep.
    Compact,
    /// One versioned object.
    Json,
    /// One object a line.
    Jsonl,
    /// SARIF 2.1.0.
    Sarif,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// Checkstyle's XML.
    Checkstyle,
    /// JUnit's XML.
    Junit,
    /// reviewdog's diagnostic format.
    Rdjson,
}

impl Format {
    /// All formats, in the order of the manual.
    pub const ALL: [Format; 10] = [
        Format::Text,
        Format::Compact,
        Format::Json,
        Format::Jsonl,
        Format::Sarif,
        Format::Github,
        Format::Gitlab,
        Format::Checkstyle,
        Format::Junit,
        Format::Rdjson,
    ];

    /// The word of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Compact => "compact",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Sarif => "sarif",
            Format::Github => "github",
            Format::Gitlab => "gitlab",
            Format::Checkstyle => "checkstyle",
            Format::Junit => "junit",
            Format::Rdjson => "rdjson",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|f| f.name() == word)
    }
}

/// What the terminal can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Colours and weights.
    pub color: bool,
    /// Columns.
    pub width: usize,
    /// Whether a person is looking: "nothing to report" is said to people only.
    pub terminal: bool,
}

impl Default for Style {
    fn default() -> Self {
        Style { color: false, width: 80, terminal: false }
    }
}

/// What a report says about a rule beside its findings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its name.
    pub name: String,
    /// Its category.
    pub category: String,
    /// One sentence.
    pub summary: String,
    /// Its page.
    pub help_markdown: String,
    /// Where the page can be read; empty where nowhere.
    pub url: String,
    /// The ids of the peer rules.
    pub aliases: Vec<String>,
    /// Its severity where nothing changes it.
    pub severity: Severity,
}

/// What a run found.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The texts.
    pub sources: &'a Sources,
    /// The findings to print, in any order.
    pub diagnostics: &'a [Diagnostic],
    /// One fingerprint a finding ([`fingerprint::all`]), made before any of them was filtered away; where there are
    /// fewer than findings, they are made here.
    pub fingerprints: &'a [String],
    /// How many files were checked.
    pub files: usize,
    /// How many findings a comment in the files took away.
    pub suppressed: usize,
    /// The rules that the findings may name.
    pub rules: &'a [RuleInfo],
    /// Places of secrets beside those that the findings mask: of findings that are suppressed or not selected.
    pub masks: &'a [Span],
}

/// Prints a report.
pub fn render(format: Format, report: &Report, style: &Style) -> String {
    let view = View::new(report);
    match format {
        #[cfg(feature = "cli")]
        Format::Text => terminal::render(&view, style),
        #[cfg(not(feature = "cli"))]
        Format::Text => compact::render(&view, style),
        Format::Compact => compact::render(&view, style),
        Format::Json => json::render(&view),
        Format::Jsonl => jsonl::render(&view),
        Format::Sarif => sarif::render(&view),
        Format::Github => github::render(&view),
        Format::Gitlab => gitlab::render(&view),
        Format::Checkstyle => checkstyle::render(&view),
        Format::Junit => junit::render(&view),
        Format::Rdjson => rdjson::render(&view),
    }
}

/// Sorts findings as every output has them: by path, place, rule, then all the rest, so that the order never depends on
/// the order in which rules ran.
pub fn sort(sources: &Sources, diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|a, b| order(sources, a, b));
}

fn order(sources: &Sources, a: &Diagnostic, b: &Diagnostic) -> std::cmp::Ordering {
    let key = |d: &Diagnostic| (d.primary.start, d.rule, d.primary.end);
    sources.path(a.primary.file).cmp(sources.path(b.primary.file)).then_with(|| key(a).cmp(&key(b))).then_with(|| a.message.cmp(&b.message))
}

/// A report made ready for printing: findings sorted, places and masks at hand.
struct View<'a> {
    report: Report<'a>,
    findings: Vec<Finding<'a>>,
    places: Places<'a>,
    masks: Masks,
}

struct Finding<'a> {
    diagnostic: &'a Diagnostic,
    fingerprint: Cow<'a, str>,
    rule: Option<&'a RuleInfo>,
}

impl<'a> Finding<'a> {
    fn url(&self) -> Option<&'a str> {
        self.rule.map(|r| r.url.as_str()).filter(|u| !u.is_empty())
    }
}

impl<'a> View<'a> {
    fn new(report: &Report<'a>) -> Self {
        let mut order_of: Vec<usize> = (0..report.diagnostics.len()).collect();
        let get = |i: &usize| report.diagnostics.get(*i);
        order_of.sort_by(|a, b| match (get(a), get(b)) {
            (Some(a), Some(b)) => order(report.sources, a, b),
            _ => std::cmp::Ordering::Equal,
        });
        let made = if report.fingerprints.len() < report.diagnostics.len() {
            fingerprint::all(report.sources, report.diagnostics)
        } else {
            Vec::new()
        };
        let rules: std::collections::HashMap<&str, &RuleInfo> = report.rules.iter().map(|r| (r.name.as_str(), r)).collect();
        let fingerprint = |i: usize| match made.get(i) {
            Some(own) => Cow::Owned(own.clone()),
            None => Cow::Borrowed(report.fingerprints.get(i).map_or("", String::as_str)),
        };
        let finding = |i: usize| {
            let diagnostic = report.diagnostics.get(i)?;
            Some(Finding { diagnostic, fingerprint: fingerprint(i), rule: rules.get(diagnostic.rule).copied() })
        };
        View {
            report: *report,
            findings: order_of.into_iter().filter_map(finding).collect(),
            places: Places::new(report.sources),
            masks: Masks::new(report.sources, report.diagnostics, report.masks),
        }
    }

    fn path(&self, span: Span) -> &'a str {
        self.report.sources.path(span.file)
    }

    fn start(&self, span: Span) -> Place {
        self.places.at(span.file, span.start as usize)
    }

    fn end(&self, span: Span) -> Place {
        self.places.at(span.file, span.end as usize)
    }

    fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|f| f.diagnostic.severity == severity).count()
    }

    fn fixable(&self, applicability: Applicability) -> usize {
        self.findings.iter().filter(|f| f.diagnostic.fix.as_ref().is_some_and(|x| x.applicability == applicability)).count()
    }

    /// A text of a finding, without the secrets that it may have taken along.
    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.masks.hide(text)
    }

    /// A finding's fix, unless its new text would show a secret: half an edit is worse than none.
    fn fix(&self, d: &'a Diagnostic) -> Option<&'a Fix> {
        d.fix.as_ref().filter(|fix| fix.edits.iter().all(|e| !self.masks.shows(&e.new_text)))
    }

    fn help(&self, d: &Diagnostic) -> Option<String> {
        d.help.as_deref().or(d.fix.as_ref().map(|f| f.title.as_str())).map(|h| self.text(h).into_owned())
    }
}

/// The findings of each file, in order.
fn by_file<'v, 'a>(view: &'v View<'a>) -> impl Iterator<Item = (&'a str, &'v [Finding<'a>])> {
    let same = |a: &Finding, b: &Finding| a.diagnostic.primary.file == b.diagnostic.primary.file;
    view.findings.chunk_by(same).filter_map(|c| Some((view.path(c.first()?.diagnostic.primary), c)))
}

/// "1 file", "12 files".
fn files(count: usize) -> String {
    format!("{count} {}", if count == 1 { "file" } else { "files" })
}
