use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::layout::{Part, disorder, reorder};
use crate::stack::Stack;
use crate::syntax::yaml::Entry;

rule!(UnsortedTopLevelKeys, "style/unsorted-top-level-keys");

/// Anchors first, then what the project is made of.
const ORDER: [&str; 9] = ["version", "name", "include", "models", "services", "networks", "volumes", "secrets", "configs"];

impl Rule for UnsortedTopLevelKeys {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for tree in stack.yaml.values() {
            for root in tree.documents.iter().filter(|d| ["services", "include"].iter().any(|key| d.get(key).is_some())) {
                let entries: Vec<&Entry> = root.entries().iter().collect();
                let keys: Vec<(usize, &str)> = entries.iter().map(|e| place(e.key.as_str().unwrap_or_default())).collect();
                let Some((at, order)) = disorder(&keys) else { continue };
                let (Some(entry), Some(before)) = (entries.get(at), at.checked_sub(1).and_then(|n| entries.get(n))) else { continue };
                let parts: Vec<Part<'_>> = entries.iter().map(|e| Part::entry(e)).collect();
                let edits = reorder(stack.sources.get(tree.file), tree, root, &parts, &order, true);
                let name = |e: &Entry| e.key.as_str().unwrap_or_default().to_owned();
                let report = cx
                    .report(
                        entry.key.span,
                        format!("`{}` stands after `{}`: the file's sections are not in order", name(entry), name(before)),
                    )
                    .help("`x-…` by name first, then name, include, models, services, networks, volumes, secrets, configs");
                if let Some(edits) = edits {
                    report.fix("sort the sections", Applicability::Safe, edits);
                }
            }
        }
    }
}

fn place(key: &str) -> (usize, &str) {
    match ORDER.iter().position(|k| *k == key) {
        Some(n) => (n + 1, ""),
        None if key.starts_with("x-") => (0, key),
        None => (ORDER.len() + 1, ""),
    }
}
