//! `package.json`: scripts and dependencies.

use crate::source::Span;
use crate::syntax::SyntaxError;
use crate::syntax::json::{self, Node};
use crate::text::Text;

/// What is read of a `package.json`.
#[derive(Clone, Debug, Default)]
pub struct PackageJson {
    /// `name`.
    pub name: Option<Text>,
    /// `main`.
    pub main: Option<Text>,
    /// `type`: `module` or `commonjs`.
    pub kind: Option<Text>,
    /// `packageManager`, such as `pnpm@9.1.0`.
    pub package_manager: Option<Text>,
    /// `engines`, in order.
    pub engines: Vec<(Text, Text)>,
    /// `scripts`, in order.
    pub scripts: Vec<(Text, Text)>,
    /// `dependencies`, in order.
    pub dependencies: Vec<(Text, Text)>,
    /// `devDependencies`, in order.
    pub dev_dependencies: Vec<(Text, Text)>,
    /// Whether it has `workspaces`.
    pub workspaces: bool,
    /// What could not be read.
    pub errors: Vec<SyntaxError>,
}

impl PackageJson {
    /// The command of a script.
    pub fn script(&self, name: &str) -> Option<&Text> {
        pair(&self.scripts, name)
    }

    /// The version range of a dependency, one of development included.
    pub fn dependency(&self, name: &str) -> Option<&Text> {
        pair(&self.dependencies, name).or_else(|| pair(&self.dev_dependencies, name))
    }
}

fn pair<'a>(pairs: &'a [(Text, Text)], name: &str) -> Option<&'a Text> {
    pairs.iter().rev().find(|(key, _)| key.value == name).map(|(_, value)| value)
}

/// Reads a `package.json` of which `text[i]` stands at `base.start + i`.
pub fn parse(text: &str, base: Span) -> PackageJson {
    let (root, errors) = json::parse(text, base);
    let text = |key: &str| root.get(key).and_then(Node::text).cloned();
    let pairs = |key: &str| -> Vec<(Text, Text)> {
        let entries = root.get(key).map(Node::entries).unwrap_or_default();
        entries.iter().filter_map(|(k, v)| Some((k.clone(), v.text()?.clone()))).collect()
    };
    PackageJson {
        name: text("name"),
        main: text("main"),
        kind: text("type"),
        package_manager: text("packageManager"),
        engines: pairs("engines"),
        scripts: pairs("scripts"),
        dependencies: pairs("dependencies"),
        dev_dependencies: pairs("devDependencies"),
        workspaces: root.get("workspaces").is_some(),
        errors,
    }
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "the texts are the tests' own")]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn scripts_and_dependencies_keep_their_places() {
        let text = r#"{"name":"web","scripts":{"start":"next start -p 80"},"dependencies":{"next":"15"},"devDependencies":{"vite":"^6"}}"#;
        let package = parse(text, Span::new(FileId(0), 0, text.len()));
        let start = package.script("start").unwrap();
        assert_eq!(&text[start.span_of(5, 10).range()], "start");
        assert_eq!(package.dependency("vite").unwrap().value, "^6");
        assert!(package.errors.is_empty() && package.dependency("x").is_none());
    }
}
