//! SARIF 2.1.0, as GitHub's code scanning and most review tools take it. These structs are the part of the standard that
//! we fill.

use serde::Serialize;

use super::{Finding, RuleInfo, View, clean};
use crate::diagnostic::{Applicability, Edit, Fix, Severity};
use crate::source::Span;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    column_kind: &'static str,
    results: Vec<ResultObject<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    semantic_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    information_uri: Option<&'static str>,
    rules: Vec<Descriptor<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    id: &'a str,
    short_description: Message<'a>,
    full_description: Message<'a>,
    help: Help<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    help_uri: Option<&'a str>,
    default_configuration: Configuration,
    properties: Properties<'a>,
}

#[derive(Serialize)]
struct Help<'a> {
    text: &'a str,
    markdown: &'a str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties<'a> {
    tags: Vec<&'a str>,
}

#[derive(Serialize)]
struct Message<'a> {
    text: std::borrow::Cow<'a, str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultObject<'a> {
    rule_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_index: Option<usize>,
    level: &'static str,
    message: Message<'a>,
    locations: [Location<'a>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
    partial_fingerprints: Fingerprints<'a>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fixes: Vec<FixObject<'a>>,
}

#[derive(Serialize)]
struct Fingerprints<'a> {
    #[serde(rename = "stacklint/v1")]
    own: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    physical_location: Physical,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Message<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FixObject<'a> {
    description: Message<'a>,
    artifact_changes: Vec<Change<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    artifact_location: Artifact,
    replacements: Vec<Replacement<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Replacement<'a> {
    deleted_region: Region,
    inserted_content: Message<'a>,
}

pub(super) fn render(view: &View) -> String {
    // Only the rules that the findings name, in a fixed order.
    let mut rules: Vec<&RuleInfo> = view.findings.iter().filter_map(|f| f.rule).collect();
    rules.sort_by_key(|r| r.name.as_str());
    rules.dedup_by_key(|r| r.name.as_str());
    let index = |f: &Finding| rules.binary_search_by_key(&f.diagnostic.rule, |r| r.name.as_str()).ok();
    let run = Run {
        column_kind: "utf16CodeUnits",
        results: view.findings.iter().map(|f| result(view, f, index(f))).collect(),
        tool: Tool {
            driver: Driver {
                name: super::TOOL,
                semantic_version: env!("CARGO_PKG_VERSION"),
                information_uri: super::HOME,
                rules: rules.into_iter().map(descriptor).collect(),
            },
        },
    };
    clean::document(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] }, true)
}

fn descriptor(rule: &RuleInfo) -> Descriptor<'_> {
    let mut tags = vec![rule.category.as_str()];
    tags.extend(rule.aliases.iter().map(String::as_str));
    Descriptor {
        id: &rule.name,
        short_description: message(&rule.summary),
        full_description: message(&rule.summary),
        help: Help { text: &rule.summary, markdown: &rule.help_markdown },
        help_uri: Some(rule.url.as_str()).filter(|u| !u.is_empty()),
        default_configuration: Configuration { level: level(rule.severity) },
        properties: Properties { tags },
    }
}

fn result<'a>(view: &'a View, f: &'a Finding, rule_index: Option<usize>) -> ResultObject<'a> {
    let d = f.diagnostic;
    let text = match view.help(d) {
        Some(help) => format!("{}\n{help}", view.text(&d.message)).into(),
        None => view.text(&d.message),
    };
    let related = d.related.iter().enumerate();
    ResultObject {
        rule_id: d.rule,
        rule_index,
        level: level(d.severity),
        message: Message { text },
        locations: [Location { id: None, physical_location: physical(view, d.primary), message: label(view, &d.label) }],
        related_locations: related
            .map(|(i, l)| Location { id: Some(i), physical_location: physical(view, l.span), message: label(view, &l.message) })
            .collect(),
        partial_fingerprints: Fingerprints { own: &f.fingerprint },
        // A template is no fix that a click may apply.
        fixes: view.fix(d).filter(|x| x.applicability != Applicability::Manual).map(|x| fix(view, x)).into_iter().collect(),
    }
}

fn fix<'a>(view: &'a View, fix: &'a Fix) -> FixObject<'a> {
    let mut files: Vec<(Span, Vec<&Edit>)> = Vec::new();
    for e in &fix.edits {
        match files.iter_mut().find(|(span, _)| span.file == e.span.file) {
            Some((_, edits)) => edits.push(e),
            None => files.push((e.span, vec![e])),
        }
    }
    let replacement = |e: &'a Edit| Replacement { deleted_region: region(view, e.span), inserted_content: message(&e.new_text) };
    let change = |(file, edits): (Span, Vec<&'a Edit>)| Change {
        artifact_location: artifact(view.path(file)),
        replacements: edits.into_iter().map(replacement).collect(),
    };
    FixObject { description: Message { text: view.text(&fix.title) }, artifact_changes: files.into_iter().map(change).collect() }
}

fn message(text: &str) -> Message<'_> {
    Message { text: text.into() }
}

fn label<'a>(view: &View, text: &'a str) -> Option<Message<'a>> {
    (!text.is_empty()).then(|| Message { text: view.text(text) })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info | Severity::Style => "note",
    }
}

fn physical(view: &View, span: Span) -> Physical {
    Physical { artifact_location: artifact(view.path(span)), region: region(view, span) }
}

fn region(view: &View, span: Span) -> Region {
    let (start, end) = (view.start(span), view.end(span));
    Region { start_line: start.line, start_column: start.utf16, end_line: end.line, end_column: end.utf16 }
}

/// A relative path counts from the root of the checkout, which GitHub calls `%SRCROOT%`.
fn artifact(path: &str) -> Artifact {
    let mut uri = String::with_capacity(path.len());
    for b in path.bytes() {
        match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(b)),
            _ => uri.push_str(&format!("%{b:02X}")),
        }
    }
    if path.starts_with('/') {
        return Artifact { uri: format!("file://{uri}"), uri_base_id: None };
    }
    Artifact { uri, uri_base_id: Some("%SRCROOT%") }
}
