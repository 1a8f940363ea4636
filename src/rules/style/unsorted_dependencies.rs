use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::layout::{Part, disorder, reorder, services};
use crate::stack::Stack;

rule!(UnsortedDependencies, "style/unsorted-dependencies");

impl Rule for UnsortedDependencies {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for (tree, service) in services(stack) {
            let Some(list) = service.value.get("depends_on") else { continue };
            let items = list.items().iter().map(|i| (i.as_str(), Part::item(i)));
            let entries = list.entries().iter().map(|e| (e.key.as_str(), Part::entry(e)));
            let (names, parts): (Vec<Option<&str>>, Vec<Part<'_>>) = items.chain(entries).unzip();
            let keys: Vec<String> = names.iter().map(|n| n.unwrap_or_default().to_lowercase()).collect();
            let Some((at, order)) = disorder(&keys).filter(|_| names.iter().all(Option::is_some)) else { continue };
            let Some(part) = parts.get(at) else { continue };
            let edits = reorder(stack.sources.get(tree.file), tree, list, &parts, &order, false);
            let report = cx
                .report(
                    part.span,
                    format!("the dependencies of `{}` are not in the order of their names", service.key.as_str().unwrap_or_default()),
                )
                .help("sort them: Compose starts them by what they depend on, whatever the order here");
            if let Some(edits) = edits {
                report.fix("sort the dependencies", Applicability::Safe, edits);
            }
        }
    }
}
