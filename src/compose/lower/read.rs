//! What a node holds, as lowering wants it.

use crate::compose::substitute::boolean;
use crate::compose::tree::Node;
use crate::source::At;
use crate::text::Text;

pub(super) fn text(node: &Node, key: &str) -> Option<Text> {
    node.get(key).and_then(Node::any_text)
}

/// A string or a list of them.
pub(super) fn texts(node: &Node, key: &str) -> Vec<Text> {
    match node.get(key) {
        None => Vec::new(),
        Some(value) => match value.any_text() {
            Some(text) => vec![text],
            None => value.items().iter().filter_map(Node::any_text).collect(),
        },
    }
}

pub(super) fn strings(node: &Node, key: &str) -> Vec<At<String>> {
    texts(node, key).into_iter().map(|t| At::new(t.value, t.span)).collect()
}

pub(super) fn sources(node: &Node, key: &str) -> Vec<At<String>> {
    node.items_at(key).filter_map(|i| text(i, "source")).map(|t| At::new(t.value, t.span)).collect()
}

pub(super) fn truth(node: &Node) -> bool {
    node.is_true() || node.as_str().and_then(boolean) == Some(true)
}

/// A path, resolved; `None` for an empty one.
pub(super) fn path(node: &Node) -> Option<String> {
    let resolved = node.as_scalar().and_then(|scalar| scalar.path.clone());
    resolved.or_else(|| node.any_text().map(|text| text.value)).filter(|path| !path.is_empty())
}
