use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::layout::{Part, disorder, reorder};
use crate::stack::Stack;
use crate::syntax::yaml::Entry;

rule!(UnsortedServices, "style/unsorted-services");

impl Rule for UnsortedServices {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for tree in stack.yaml.values() {
            for services in tree.documents.iter().filter_map(|d| d.get("services")) {
                let entries: Vec<&Entry> = services.entries().iter().collect();
                let keys: Vec<String> = entries.iter().map(|e| e.key.as_str().unwrap_or_default().to_lowercase()).collect();
                let Some((at, order)) = disorder(&keys) else { continue };
                let (Some(entry), Some(before)) = (entries.get(at), at.checked_sub(1).and_then(|n| entries.get(n))) else { continue };
                let parts: Vec<Part<'_>> = entries.iter().map(|e| Part::entry(e)).collect();
                let edits = reorder(stack.sources.get(tree.file), tree, services, &parts, &order, false);
                let name = |e: &Entry| e.key.as_str().unwrap_or_default().to_owned();
                let report = cx
                    .report(
                        entry.key.span,
                        format!("`{}` stands after `{}`: the services are not in the order of their names", name(entry), name(before)),
                    )
                    .help("sort the services by name");
                if let Some(edits) = edits {
                    report.fix("sort the services", Applicability::Safe, edits);
                }
            }
        }
    }
}
