//! Relative paths count from the folder of the file that has the last word on them.

use super::tree::{Data, Node, Value, children, elements};
use crate::files;

/// Where relative paths and `~` lead.
#[derive(Clone, Debug)]
pub(super) struct Base<'a> {
    /// The folder that relative paths count from.
    pub(super) dir: &'a str,
    /// What `~` stands for.
    pub(super) home: Option<&'a str>,
}

impl Base<'_> {
    pub(super) fn resolve(&self, path: &str) -> String {
        if let (Some(rest), Some(home)) = (path.strip_prefix('~'), self.home) {
            return files::normalize(&format!("{home}/{rest}"));
        }
        let drive = path.as_bytes().get(1) == Some(&b':') && path.starts_with(|c: char| c.is_ascii_alphabetic());
        let windows = drive && matches!(path.as_bytes().get(2), Some(b'/' | b'\\'));
        if path.starts_with('/') || windows || path.starts_with(r"\\") {
            return path.to_owned();
        }
        files::join(self.dir, path)
    }

    /// `empty`: the empty path is the folder itself, and not nothing.
    fn mark(&self, node: &mut Node, empty: bool) {
        if let Value::Scalar(scalar) = &mut node.value
            && scalar.data == Data::Str
            && scalar.path.is_none()
            && (empty || !scalar.text.value.is_empty())
        {
            scalar.path = Some(self.resolve(&scalar.text.value));
        }
    }

    fn mark_key(&self, node: &mut Node, key: &str, empty: bool) {
        if let Some(value) = node.get_mut(key) {
            self.mark(value, empty);
        }
    }

    fn mark_context(&self, node: &mut Node) {
        if node.as_str().is_some_and(|v| !is_remote(v)) {
            self.mark(node, false);
        }
    }
}

/// Whether a build context is no folder: a URL, an image, another service.
pub(super) fn is_remote(context: &str) -> bool {
    context.contains("://")
        || context.starts_with("service:")
        || ["https://", "http://", "git://", "ssh://", "github.com/", "git@"].iter().any(|p| context.starts_with(p))
}

/// Resolves every path of a model that is not resolved yet.
pub(super) fn resolve(root: &mut Node, base: &Base<'_>) {
    for service in children(root, "services") {
        if let Some(build) = service.get_mut("build") {
            if let Some(context) = build.get_mut("context") {
                base.mark_context(context);
            }
            children(build, "additional_contexts").for_each(|c| base.mark_context(c));
            children(build, "ssh").for_each(|c| base.mark(c, true));
        }
        elements(service, "env_file").for_each(|f| base.mark_key(f, "path", false));
        elements(service, "label_file").for_each(|f| base.mark(f, false));
        if let Some(extends) = service.get_mut("extends") {
            base.mark_key(extends, "file", false);
        }
        if let Some(develop) = service.get_mut("develop") {
            elements(develop, "watch").for_each(|w| base.mark_key(w, "path", false));
        }
        for volume in elements(service, "volumes") {
            if volume.get("type").and_then(Node::as_str) == Some("bind") {
                base.mark_key(volume, "source", true);
            }
        }
    }
    for kind in ["configs", "secrets"] {
        children(root, kind).for_each(|r| base.mark_key(r, "file", true));
    }
    for volume in children(root, "volumes") {
        let local = volume.get("driver").and_then(Node::as_str) == Some("local");
        let Some(options) = volume.get_mut("driver_opts").filter(|_| local) else { continue };
        let bind = options.get("o").and_then(Node::as_str) == Some("bind");
        if bind
            && let Some(Value::Scalar(device)) = options.get_mut("device").map(|d| &mut d.value)
            && device.data == Data::Str
            && device.path.is_none()
        {
            device.path = Some(base.resolve(&device.text.value));
        }
    }
}
