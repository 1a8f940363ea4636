use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::layout::{Part, disorder, reorder, services};
use crate::stack::Stack;
use crate::syntax::yaml::Entry;

rule!(UnsortedServiceKeys, "style/unsorted-service-keys");

/// From what a service is, over what it needs, to how it runs. All others follow by name.
const ORDER: [&str; 23] = [
    "image",
    "build",
    "container_name",
    "depends_on",
    "volumes",
    "volumes_from",
    "configs",
    "secrets",
    "environment",
    "env_file",
    "ports",
    "networks",
    "network_mode",
    "extra_hosts",
    "command",
    "entrypoint",
    "working_dir",
    "restart",
    "healthcheck",
    "logging",
    "labels",
    "user",
    "isolation",
];

impl Rule for UnsortedServiceKeys {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for (tree, service) in services(stack) {
            let entries: Vec<&Entry> = service.value.entries().iter().filter(|e| e.key.as_str() != Some("<<")).collect();
            let keys: Vec<(usize, String)> = entries.iter().map(|e| place(e.key.as_str().unwrap_or_default())).collect();
            let Some((at, order)) = disorder(&keys) else { continue };
            let (Some(entry), Some(before)) = (entries.get(at), at.checked_sub(1).and_then(|n| entries.get(n))) else { continue };
            let parts: Vec<Part<'_>> = entries.iter().map(|e| Part::entry(e)).collect();
            let edits = reorder(stack.sources.get(tree.file), tree, &service.value, &parts, &order, false);
            let name = |e: &Entry| e.key.as_str().unwrap_or_default().to_owned();
            let report = cx
                .report(
                    entry.key.span,
                    format!("`{}` stands after `{}`: the keys of `{}` are not in order", name(entry), name(before), name(service)),
                )
                .help("image, build, name; dependencies; data; environment; network; how it runs; labels; user; all others by name");
            if let Some(edits) = edits {
                report.fix("sort the keys", Applicability::Safe, edits);
            }
        }
    }
}

fn place(key: &str) -> (usize, String) {
    match ORDER.iter().position(|k| *k == key) {
        Some(n) => (n, String::new()),
        None => (ORDER.len(), key.to_owned()),
    }
}
