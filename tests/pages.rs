//! Every rule page is a test: Bad gives exactly the output shown, Fixed is Bad after its fixes, every Good is silent.
//! `UPDATE=1` rewrites the output and the fixed files.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use stacklint::diagnostic::{Applicability, Diagnostic};
use stacklint::files::{Files, Memory};
use stacklint::rule::{Block, Config, FixKind, Page, Section, Selection, SelectionRequest, registry};
use stacklint::source::Sources;
use stacklint::stack::{Candidate, Request, Stack};
use stacklint::{check, fix, stack};

fn rules_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn pages() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for category in std::fs::read_dir(rules_dir()).unwrap().flatten().filter(|e| e.path().is_dir() && e.file_name() != "data") {
        for page in std::fs::read_dir(category.path()).unwrap().flatten() {
            let name = page.file_name().into_string().unwrap();
            if let Some(name) = name.strip_suffix(".md") {
                found.push((format!("{}/{name}", category.file_name().into_string().unwrap()), page.path()));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn memory(blocks: &[Block]) -> Memory {
    let mut files = Memory::new();
    for block in blocks {
        if let Some(path) = &block.path {
            let (path, mode) = path.strip_suffix(" +x").map_or((path.as_str(), 0o644), |p| (p, 0o755));
            let (path, bytes) = encoded(path, &block.text);
            files.insert_with_mode(path, bytes, mode);
        }
    }
    files
}

/// A path followed by ` utf-16` or ` latin-1` is a file in that encoding, one followed by ` crlf` has such line ends.
fn encoded<'a>(path: &'a str, text: &str) -> (&'a str, Vec<u8>) {
    if let Some(path) = path.strip_suffix(" utf-16") {
        return (path, std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect());
    }
    if let Some(path) = path.strip_suffix(" crlf") {
        return (path, text.replace('\n', "\r\n").into_bytes());
    }
    if let Some(path) = path.strip_suffix(" latin-1") {
        return (path, text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect());
    }
    (path, text.as_bytes().to_vec())
}

pub(crate) fn load(files: &dyn Files, paths: &[String]) -> Stack {
    let candidates = paths.iter().map(|p| Candidate { path: p.clone(), explicit: false, size: None }).collect();
    // a page may show the configuration that its rule asks for
    let config =
        files.read(".stacklint.yaml").ok().map(|bytes| Config::parse(".stacklint.yaml", &String::from_utf8(bytes).unwrap()).unwrap());
    stack::load(&Request { candidates, options: config.unwrap_or_default().options, ..Request::default() }, files)
}

pub(crate) fn select(names: &[&str]) -> Selection {
    let request = SelectionRequest { select: names.iter().map(|n| (*n).to_owned()).collect(), ..SelectionRequest::default() };
    Selection::resolve(&request, registry()).unwrap()
}

fn shown(sources: &Sources, found: &[Diagnostic]) -> String {
    let mut text = String::new();
    for d in found {
        let at = sources.get(d.primary.file).line_column(d.primary.start as usize);
        writeln!(text, "{}:{}:{}: {} {}: {}", sources.path(d.primary.file), at.line, at.column, d.severity.name(), d.rule, d.message)
            .unwrap();
    }
    text
}

/// Checks an example; what `check` finds of this rule.
fn run(rule: &str, blocks: &[Block]) -> (Stack, Vec<Diagnostic>) {
    let files = memory(blocks);
    let paths: Vec<String> = files.paths().map(str::to_owned).collect();
    let stack = load(&files, &paths);
    // whether a comment silences something is known where all rules run
    let names = if rule == "unused-suppression" { [rule, "ALL"] } else { [rule, rule] };
    let mut found = check::run(&stack, &select(&names)).diagnostics;
    found.retain(|d| d.rule == rule);
    (stack, found)
}

/// All fixes of a rule applied until nothing changes.
fn fixed(rule: &str, blocks: &[Block], allowed: Applicability) -> Vec<Block> {
    let mut blocks = blocks.to_vec();
    for _ in 0..10 {
        let (stack, found) = run(rule, &blocks);
        let result = fix::apply(&stack.sources, &found, allowed);
        if result.texts.is_empty() {
            return blocks;
        }
        for (file, text) in result.texts {
            let path = stack.sources.path(file).to_owned();
            for block in blocks.iter_mut().filter(|b| b.path.as_deref().map(|p| p.trim_end_matches(" +x")) == Some(&path)) {
                block.text = text.clone();
            }
        }
    }
    panic!("the fixes of {rule} do not settle");
}

fn files_of(section: &Section) -> Vec<Block> {
    section.blocks.iter().filter(|b| b.path.is_some()).cloned().collect()
}

fn check_page(id: &str, page: &Page, failures: &mut Vec<String>) -> Option<Vec<(String, String)>> {
    let rule = id.split_once('/').unwrap().1;
    let mut wanted_changes = Vec::new();
    let sections = page.sections();
    let mut bad: Option<Vec<Block>> = None;
    let mut goods = 0;
    for section in &sections {
        let blocks = files_of(section);
        if section.title == "Bad" || section.title.starts_with("Bad: ") {
            let (stack, found) = run(rule, &blocks);
            let output = shown(&stack.sources, &found);
            let expected = section.blocks.iter().find(|b| b.path.is_none()).map_or("", |b| b.text.as_str());
            // what another tool finds is shown, and tested where the tool is
            if page.meta.needs.is_some() {
                assert!(found.is_empty(), "{id}: reports without {:?}", page.meta.needs);
            } else if output.is_empty() {
                failures.push(format!("{id}: `{}` gives no finding", section.title));
            } else if output != expected {
                failures.push(format!("{id}: `{}` shows\n{expected}but gives\n{output}", section.title));
                wanted_changes.push((expected.to_owned(), output));
            }
            for d in &found {
                for span in std::iter::once(d.primary).chain(d.related.iter().map(|l| l.span)) {
                    assert!(stack.sources.get(span.file).text.get(span.range()).is_some(), "{id}: span {span:?} is no text");
                }
                let kind = page.meta.fix;
                let carried = d.fix.as_ref().map(|f| f.applicability);
                let declared = matches!((carried, kind), (None, _) | (Some(Applicability::Safe), FixKind::Safe))
                    || matches!((carried, kind), (Some(Applicability::Unsafe), FixKind::Unsafe | FixKind::Safe))
                    || matches!((carried, kind), (Some(Applicability::Manual), FixKind::Manual));
                if !declared {
                    failures.push(format!("{id}: a finding carries a {carried:?} fix, the page declares {kind:?}"));
                }
            }
            if section.title == "Bad" {
                bad = Some(blocks);
            }
        } else if section.title == "Fixed" {
            let Some(bad) = &bad else { continue };
            let result = fixed(rule, bad, Applicability::Unsafe);
            for block in &blocks {
                let made = result.iter().find(|b| b.path == block.path);
                let text = made.map_or("", |b| b.text.as_str());
                if page.meta.fix != FixKind::None && page.meta.fix != FixKind::Manual && text != block.text {
                    failures.push(format!("{id}: Fixed shows\n{}but the fixes give\n{text}", block.text));
                    wanted_changes.push((block.text.clone(), text.to_owned()));
                }
            }
            let shown_paths: BTreeSet<_> = blocks.iter().map(|b| b.path.clone()).collect();
            let mut all: Vec<Block> = blocks.clone();
            all.extend(bad.iter().filter(|b| !shown_paths.contains(&b.path)).cloned());
            let (stack, found) = run(rule, &all);
            if !found.is_empty() {
                failures.push(format!("{id}: Fixed still gives\n{}", shown(&stack.sources, &found)));
            }
        } else if section.title.starts_with("Good") {
            goods += 1;
            let (stack, found) = run(rule, &blocks);
            if !found.is_empty() {
                failures.push(format!("{id}: `{}` gives\n{}", section.title, shown(&stack.sources, &found)));
            }
        }
    }
    if bad.is_none() {
        failures.push(format!("{id}: the page has no `## Bad`"));
    }
    if goods == 0 {
        failures.push(format!("{id}: the page has no `## Good: …`"));
    }
    if page.prose().len() < 40 {
        failures.push(format!("{id}: the page does not say what happens, to whom"));
    }
    (!wanted_changes.is_empty()).then_some(wanted_changes)
}

#[test]
fn every_page_holds() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut failures = Vec::new();
    for (id, path) in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let page = match Page::parse(&text) {
            Ok(page) => page,
            Err(why) => {
                failures.push(format!("{id}: {why}"));
                continue;
            }
        };
        let before = failures.len();
        let Some(changes) = check_page(&id, &page, &mut failures) else { continue };
        if !update {
            continue;
        }
        let mut new = text.clone();
        for (old, made) in changes {
            // output blocks and fixed files: a block's text is found behind the fence that opens it
            let at = new.match_indices(&format!("\n{old}```")).map(|(at, _)| at).find(|at| {
                let fence = new[..*at].rsplit('\n').next().unwrap_or_default();
                if old.contains(": ") || old.is_empty() { fence == "```text" } else { fence.starts_with("```") }
            });
            if let Some(at) = at {
                new.replace_range(at + 1..at + 1 + old.len(), &made);
            }
        }
        if new != text {
            std::fs::write(&path, new).unwrap();
            failures.truncate(before);
        }
    }
    assert!(failures.is_empty(), "{} pages fail:\n\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn pages_and_registry_are_the_same_set() {
    assert_eq!(registry().broken(), [], "pages that cannot be read");
    let on_disk: Vec<String> = pages().into_iter().map(|(id, _)| id).collect();
    let registered: Vec<String> = registry().rules().iter().map(|r| r.entry.id.to_owned()).collect::<BTreeSet<_>>().into_iter().collect();
    assert_eq!(on_disk, registered);
}

#[test]
fn names_are_unique_and_presets_exist() {
    let mut seen = BTreeSet::new();
    for rule in registry().rules() {
        assert!(seen.insert(rule.name), "{} is there twice", rule.name);
        for preset in &rule.page().meta.presets {
            assert!(stacklint::rule::Preset::parse(preset).is_some(), "{}: no preset {preset}", rule.name);
        }
    }
}

#[test]
fn aliases_are_ids_of_peers() {
    for rule in registry().rules() {
        for alias in &rule.aliases {
            assert!(stacklint::rules::peers::is_peer_id(alias), "{}: {alias} is no id of a peer's rule", rule.name);
        }
    }
}
