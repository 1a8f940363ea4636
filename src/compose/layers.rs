//! Texts that are laid over one another: a document read, the next one merged over it, the result checked and written out.

use std::rc::Rc;

use super::canonical::Canonical;
use super::convert::{Document, Reset, convert};
use super::defaults;
use super::loader::Loader;
use super::merge::merge;
use super::model::ProblemKind;
use super::paths::{self, Base};
use super::schema;
use super::substitute::Substitution;
use super::tree::Node;
use super::unique;
use crate::source::{FileId, Span};
use crate::syntax::yaml;

impl Loader<'_> {
    /// A document, converted and interpolated; `before` are those above it in its file.
    pub(super) fn document(&mut self, document: &yaml::Node, before: &[yaml::Node]) -> Option<Document> {
        let mut converted = convert(document, before, &mut self.problems);
        if !converted.root.is_map() {
            self.problems.fatal(ProblemKind::Schema, converted.root.span, "a Compose file is a mapping of `services:` and the like");
            return None;
        }
        let (env, places) = (Rc::clone(&self.env), Rc::clone(&self.env_places));
        Substitution { env: &env, places: &places, strict: self.strict, problems: &mut self.problems, variables: &mut self.variables }
            .run(&mut converted.root);
        Some(converted)
    }

    /// A file on its own, without `include` and `extends`, and what its tags reset.
    pub(super) fn raw_model(&mut self, id: FileId) -> (Node, Vec<Reset>) {
        let tree = self.tree(id);
        let mut model = Node::map(Vec::new(), Span::new(id, 0, 0));
        let mut all = Vec::new();
        for (n, document) in tree.documents.iter().enumerate() {
            let before = tree.documents.get(..n).unwrap_or_default();
            let Some(Document { root, resets }) = self.document(document, before) else { continue };
            self.resets.apply(&mut model, &resets);
            model = self.merged(model, root, false);
            all = resets;
        }
        (model, all)
    }

    pub(super) fn merged(&mut self, model: Node, root: Node, check: bool) -> Node {
        let mut model = merge(model, root, &mut Vec::new(), &mut self.problems);
        if !check {
            unique::misfits(&model, self.strict, &mut self.problems);
        }
        unique::enforce(&mut model);
        if check && !self.old_layout {
            schema::check(&model, self.strict, &mut self.problems);
            if self.problems.endless {
                schema::endless(&model, &mut self.problems);
            }
        }
        model.remove("version").map(|v| self.problems.version.get_or_insert(v));
        let so_far = self.problems.list.len();
        let mut canonical = Canonical { problems: &mut self.problems, strict: self.strict, ports: self.ports };
        canonical.run(&mut model);
        self.ports = canonical.ports;
        if !check && !self.strict {
            // short forms of services that nobody extends are the other file's own affair
            self.problems.list.iter_mut().skip(so_far).for_each(|p| p.fatal = false);
        }
        unique::enforce_long(&mut model);
        model
    }

    /// What happens to a model when all its files are merged: defaults, paths, bare variables.
    pub(super) fn complete(&mut self, model: &mut Node, dir: &str) {
        defaults::defaults(model);
        let home = self.home.clone();
        paths::resolve(model, &Base { dir, home: home.as_deref() });
        defaults::environment(model, &self.env);
    }
}
