use crate::diagnostic::Applicability;
use crate::rule::{Cx, Rule, rule};
use crate::rules::support::layout::{Part, disorder, reorder, services};
use crate::stack::Stack;
use crate::syntax::yaml::Node;

rule!(UnsortedPorts, "style/unsorted-ports");

impl Rule for UnsortedPorts {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        for (tree, service) in services(stack) {
            let Some(list) = service.value.get("ports") else { continue };
            // a variable's value may be any: such entries stay where they are, and the others are sorted around them
            let items = list.items();
            let known: Vec<(u32, usize)> = items.iter().enumerate().filter_map(|(n, item)| Some((first_port(item)?, n))).collect();
            let keys: Vec<u32> = known.iter().map(|k| k.0).collect();
            let Some((at, order)) = disorder(&keys) else { continue };
            let Some(item) = known.get(at).and_then(|k| items.get(k.1)) else { continue };
            let mut whole: Vec<usize> = (0..items.len()).collect();
            for ((_, slot), from) in known.iter().zip(&order) {
                if let (Some(place), Some((_, from))) = (whole.get_mut(*slot), known.get(*from)) {
                    *place = *from;
                }
            }
            let parts: Vec<Part<'_>> = items.iter().map(Part::item).collect();
            let edits = reorder(stack.sources.get(tree.file), tree, list, &parts, &whole, false);
            let report = cx
                .report(
                    item.span,
                    format!("the ports of `{}` are not in the order of their numbers", service.key.as_str().unwrap_or_default()),
                )
                .help("sort them by the port of the host");
            if let Some(edits) = edits {
                report.fix("sort the ports", Applicability::Safe, edits);
            }
        }
    }
}

/// The first port of the host, or of the container where none is named.
fn first_port(item: &Node) -> Option<u32> {
    let text = match item.as_str() {
        Some(text) => text,
        None => item.get("published").or_else(|| item.get("target"))?.as_str()?,
    };
    let text = text.split('/').next()?;
    let host = match text.rsplit_once(':') {
        Some((rest, container)) => match rest.rsplit(':').next() {
            Some(published) if !published.is_empty() => published,
            _ => container,
        },
        None => text,
    };
    host.split('-').next()?.parse().ok()
}
