//! `stacklint rules --test`: the examples of a project's own rules, run as tests.

use crate::check;
use crate::diagnostic::Diagnostic;
use crate::files::Memory;
use crate::rule::{Block, Info, Registry, Section, Selection, SelectionRequest};
use crate::stack::{self, Candidate, Options, Request};

/// What the pages of a project's own rules promise and the rules do not hold.
pub(super) fn failures(registry: &'static Registry) -> Vec<String> {
    registry.rules().iter().filter_map(|rule| Some((rule, rule.path?))).flat_map(|(rule, path)| page(rule, path, registry)).collect()
}

fn page(rule: &Info, path: &str, registry: &'static Registry) -> Vec<String> {
    let sections = rule.page().sections();
    let titled = |word: &str| sections.iter().any(|section| kind(section) == word);
    let mut failures: Vec<String> = sections.iter().filter_map(|section| judge(rule, section, registry)).collect();
    if !titled("Bad") {
        failures.push("no `## Bad` shows what it finds".to_owned());
    }
    if !titled("Good") {
        failures.push("no `## Good: …` shows what it leaves alone".to_owned());
    }
    failures.into_iter().map(|why| format!("{path}: {why}")).collect()
}

/// The first word of a section's title.
fn kind(section: &Section) -> &str {
    section.title.split([':', ' ']).next().unwrap_or_default()
}

fn judge(rule: &Info, section: &Section, registry: &'static Registry) -> Option<String> {
    let title = &section.title;
    let shown = section.blocks.iter().find(|b| b.path.is_none()).map(|b| b.text.trim());
    match kind(section) {
        "Bad" => {
            let found = findings(rule, &section.blocks, registry);
            if found.is_empty() {
                return Some(format!("`{title}` gives no finding"));
            }
            let wanted = shown.filter(|shown| !shown.is_empty() && *shown != found.trim())?;
            Some(format!("`{title}` shows\n{wanted}\nbut gives\n{found}"))
        }
        "Good" => {
            Some(findings(rule, &section.blocks, registry)).filter(|f| !f.is_empty()).map(|found| format!("`{title}` gives\n{found}"))
        }
        _ => None,
    }
}

/// What the rule finds in the files of an example, a line each.
fn findings(rule: &Info, blocks: &[Block], registry: &'static Registry) -> String {
    let mut files = Memory::new();
    for block in blocks {
        if let Some(path) = &block.path {
            files.insert(path, block.text.as_bytes());
        }
    }
    let candidates = files.paths().map(|path| Candidate { path: path.to_owned(), explicit: false, size: None }).collect();
    let options = Options { asked: registry.asked(), ..Options::default() };
    let stack = stack::load(&Request { candidates, options, ..Request::default() }, &files);
    let request = SelectionRequest { select: vec![rule.name.to_owned()], ..SelectionRequest::default() };
    let Ok(selection) = Selection::resolve(&request, registry) else { return String::new() };
    let found = check::run(&stack, &selection).diagnostics;
    let line = |d: &Diagnostic| {
        let at = stack.sources.get(d.primary.file).line_column(d.primary.start as usize);
        format!("{}:{}:{}: {} {}: {}\n", stack.sources.path(d.primary.file), at.line, at.column, d.severity.name(), d.rule, d.message)
    };
    found.iter().map(line).collect()
}
