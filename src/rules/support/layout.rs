//! The order of YAML text: what can change its place without a change of meaning, with its comments.

use crate::diagnostic::Edit;
use crate::rule::replace;
use crate::source::{SourceFile, Span};
use crate::stack::Stack;
use crate::syntax::yaml::{Entry, Node, Value, Yaml};

/// Every service in the text of the Compose files, as written there.
pub(crate) fn services(stack: &Stack) -> impl Iterator<Item = (&Yaml, &Entry)> {
    let documents = stack.yaml.values().flat_map(|tree| tree.documents.iter().map(move |d| (tree.as_ref(), d)));
    documents.flat_map(|(tree, d)| d.get("services").map_or(&[][..], Node::entries).iter().map(move |e| (tree, e)))
}

/// Whether a list or mapping is written in brackets.
pub(crate) fn in_brackets(stack: &Stack, node: &Node) -> bool {
    stack.sources.slice(node.span).starts_with(['[', '{'])
}

/// An item of a list, or an entry of a mapping.
pub(crate) struct Part<'a> {
    /// Its text.
    pub span: Span,
    nodes: Vec<&'a Node>,
}

impl<'a> Part<'a> {
    /// An entry.
    pub(crate) fn entry(entry: &'a Entry) -> Self {
        let end = if entry.value.span.is_empty() { entry.key.span } else { entry.value.span };
        Part { span: entry.key.span.to(end), nodes: vec![&entry.key, &entry.value] }
    }

    /// An item.
    pub(crate) fn item(item: &'a Node) -> Self {
        Part { span: item.span, nodes: vec![item] }
    }
}

/// The first part that is out of place, and for every place the part that belongs there; `None` where all is in order.
pub(crate) fn disorder<K: Ord>(keys: &[K]) -> Option<(usize, Vec<usize>)> {
    let at = keys.windows(2).position(|w| matches!(w, [a, b] if b < a))?;
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by(|a, b| keys.get(*a).cmp(&keys.get(*b)));
    Some((at + 1, order))
}

/// The edits that bring the parts of a list or mapping into an order, each with its comments; `None` where that could
/// change a meaning or tear something apart. With `head_stays` what stands above the first part remains there.
pub(crate) fn reorder(
    file: &SourceFile,
    tree: &Yaml,
    container: &Node,
    parts: &[Part<'_>],
    order: &[usize],
    head_stays: bool,
) -> Option<Vec<Edit>> {
    let as_it_is: Vec<usize> = (0..parts.len()).collect();
    if !aliases_hold(parts, &as_it_is) || !aliases_hold(parts, order) {
        return None;
    }
    let slots = if file.slice(container.span).starts_with(['[', '{']) {
        let commented = tree.comments.iter().any(|c| container.span.contains(*c));
        let plain = parts.iter().all(|p| !p.span.is_empty() && p.nodes.iter().all(|n| n.anchor.is_none() && n.tag.is_none()));
        if commented || !plain {
            return None;
        }
        parts.iter().map(|p| p.span).collect()
    } else {
        blocks(file, parts, head_stays)?
    };
    let moved = slots.iter().zip(order).enumerate().filter(|(slot, (_, part))| slot != *part);
    moved.map(|(_, (slot, part))| Some(replace(*slot, file.slice(*slots.get(*part)?)))).collect()
}

/// Whether every alias still comes after its anchor.
fn aliases_hold(parts: &[Part<'_>], order: &[usize]) -> bool {
    let mut anchors: Vec<(&str, usize)> = Vec::new();
    let mut aliases: Vec<(&str, usize)> = Vec::new();
    for (part, place) in order.iter().enumerate().filter_map(|(place, part)| Some((parts.get(*part)?, place))) {
        for node in &part.nodes {
            names(node, place, &mut anchors, &mut aliases);
        }
    }
    let twice = anchors.iter().enumerate().any(|(n, a)| anchors.iter().skip(n + 1).any(|b| a.0 == b.0));
    !twice && aliases.iter().all(|(name, place)| anchors.iter().all(|(anchor, at)| anchor != name || at <= place))
}

fn names<'a>(node: &'a Node, place: usize, anchors: &mut Vec<(&'a str, usize)>, aliases: &mut Vec<(&'a str, usize)>) {
    if let Some(anchor) = &node.anchor {
        anchors.push((&anchor.value, place));
    }
    match &node.value {
        Value::Alias(name) => aliases.push((name, place)),
        Value::Seq(items) => items.iter().for_each(|i| names(i, place, anchors, aliases)),
        Value::Map(entries) => entries.iter().for_each(|e| {
            names(&e.key, place, anchors, aliases);
            names(&e.value, place, anchors, aliases);
        }),
        Value::Scalar(_) => {}
    }
}

/// The whole lines of each part, with the comments above it and the deeper ones below.
fn blocks(file: &SourceFile, parts: &[Part<'_>], head_stays: bool) -> Option<Vec<Span>> {
    let mut lines: Vec<(usize, usize)> = Vec::new();
    let mut depth = None;
    for part in parts {
        let text = file.slice(part.span).trim_end();
        let first = file.line_of(part.span.start as usize);
        let before = file.text.get(file.line_range(first).start..part.span.start as usize)?;
        let here = indent(before);
        let own = matches!(before.trim(), "" | "-") && depth.is_none_or(|d| d == here);
        // a block scalar that keeps its last blank lines has them outside
        if !own || text.is_empty() || text.contains("|+") || text.contains(">+") {
            return None;
        }
        depth = Some(here);
        lines.push((first, file.line_of(part.span.start as usize + text.len() - 1)));
    }
    let depth = depth?;
    let mut grown: Vec<(usize, usize)> = Vec::new();
    for (n, &(first, last)) in lines.iter().enumerate() {
        let floor = grown.last().map_or(0, |g| g.1);
        if floor >= first {
            return None;
        }
        let kept = (n == 0 && head_stays) || first <= 1;
        let above = (floor + 1..first).rev().take_while(|l| !kept && comment(file, *l) && indent(file.line_text(*l)) == depth);
        let top = above.last().unwrap_or(first);
        let clear = n == 0 || (floor + 1..top).all(|l| comment(file, l) || file.line_text(l).trim().is_empty());
        let ceiling = lines.get(n + 1).map_or(file.line_count() + 1, |next| next.0);
        let below = (last + 1..ceiling)
            .take_while(|l| file.line_text(*l).trim().is_empty() || (comment(file, *l) && indent(file.line_text(*l)) > depth));
        let bottom = below.filter(|l| comment(file, *l)).last().unwrap_or(last);
        if !clear {
            return None;
        }
        grown.push((top, bottom));
    }
    Some(grown.into_iter().map(|(top, bottom)| Span::new(file.id, file.line_range(top).start, file.line_range(bottom).end)).collect())
}

fn comment(file: &SourceFile, line: usize) -> bool {
    file.line_text(line).trim_start().starts_with('#')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}
