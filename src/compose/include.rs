//! Files with what they include, laid over one another: `include` loads whole projects on their own, then joins them.

use std::rc::Rc;

use super::convert::{Document, Reset};
use super::loader::{FileEnv, Loader};
use super::merge::merge;
use super::model::ProblemKind;
use super::substitute::Env;
use super::tree::{Entry, Node, Step, StepKind, Value};
use crate::files::{self, Kind};
use crate::source::{FileId, Span};

/// What `include` brings in.
const KINDS: &[&str] = &["services", "volumes", "networks", "secrets", "configs", "models"];

impl Loader<'_> {
    /// Lays a file over the model so far.
    pub(super) fn file(&mut self, mut model: Node, id: FileId, dir: &str, chain: &[String]) -> Node {
        let tree = self.tree(id);
        let path = self.sources.path(id).to_owned();
        let mut chain = chain.to_vec();
        chain.push(path.clone());
        for (n, document) in tree.documents.iter().enumerate() {
            let before = tree.documents.get(..n).unwrap_or_default();
            let Some(Document { mut root, resets }) = self.document(document, before) else { continue };
            self.include(&mut root, dir, &chain, &resets);
            self.resets.apply(&mut model, &resets);
            self.extend(&mut root, &path, dir, &resets);
            model = self.merged(model, root, true);
        }
        model
    }

    /// Loads what a model includes and joins it; the model's own definitions win.
    fn include(&mut self, root: &mut Node, dir: &str, chain: &[String], resets: &[Reset]) {
        let Some(Entry { value: list, .. }) = root.remove("include") else { return };
        let Value::Seq(items) = &list.value else {
            if !list.is_null() {
                self.problems.fatal(ProblemKind::Include, list.span, "`include` takes a list of files");
            }
            return;
        };
        for item in items {
            if let Some(imported) = self.one(item, dir, chain) {
                self.import(imported, root, resets, &Rc::from([Step { kind: StepKind::Include, span: item.span }]));
            }
        }
    }

    fn one(&mut self, item: &Node, dir: &str, chain: &[String]) -> Option<Node> {
        let paths = strings(if item.is_map() { item.get("path") } else { Some(item) });
        let Some((first, first_span)) = paths.first().cloned() else {
            let nothing =
                item.is_map() && item.get("path").is_none_or(|p| p.is_null() || matches!(&p.value, Value::Seq(all) if all.is_empty()));
            self.problems.fatal(ProblemKind::Include, item.span, "this `include` names no file, so nothing comes in").fatal = !nothing;
            return None;
        };
        if self.is_elsewhere(&first, first_span, ProblemKind::Include) {
            return None;
        }
        let main = files::join(dir, &first);
        if chain.contains(&main) {
            let message = format!("{main} includes itself, by way of this");
            self.problems.fatal(ProblemKind::Include, first_span, &message);
            return None;
        }
        if !self.count_file(first_span) {
            return None;
        }
        let given = item.get("project_directory").and_then(Node::as_str).filter(|given| !given.is_empty());
        let project = given.map_or_else(|| files::parent(&main).to_owned(), |given| files::join(dir, given));
        // of a folder that is not there Compose takes the one above
        let there = given.is_none() || self.files.kind(&project) == Some(Kind::Dir);
        let base = if there { project.as_str() } else { files::parent(&project) };
        let outer = Rc::clone(&self.env);
        let outer_places = Rc::clone(&self.env_places);
        let found = self.include_env(item, dir, &project, &outer);
        self.add_variables(found);
        let paths: Vec<(String, Span)> = paths.into_iter().map(|(p, s)| (files::join(dir, &p), s)).collect();
        let mut model = Node::map(Vec::new(), item.span);
        for (path, span) in paths {
            if let Some(id) = self.read(&path, Some((span, ProblemKind::Include))) {
                model = self.file(model, id, base, chain);
            }
        }
        self.complete(&mut model, base);
        self.env = outer;
        self.env_places = outer_places;
        Some(model)
    }

    fn include_env(&mut self, item: &Node, dir: &str, project: &str, env: &Env) -> FileEnv {
        let given = strings(item.get("env_file"));
        if given.is_empty() {
            let path = files::join(project, ".env");
            let found = self.files.kind(&path) == Some(Kind::File);
            return if found { self.env_file(&path, env, &FileEnv::new()) } else { FileEnv::new() };
        }
        let mut all = FileEnv::new();
        for (path, span) in given {
            let path = files::join(dir, &path);
            if path == "/dev/null" {
                continue;
            }
            if self.files.kind(&path) != Some(Kind::File) {
                let message = format!("the env file {path} is not there");
                self.problems.fatal(ProblemKind::EnvFileMissing, span, &message);
                continue;
            }
            let found = self.env_file(&path, env, &all);
            all.extend(found);
        }
        all
    }

    fn import(&mut self, mut imported: Node, root: &mut Node, resets: &[Reset], step: &Rc<[Step]>) {
        for kind in KINDS {
            let Some(from) = imported.remove(kind).filter(|e| e.value.is_map()) else { continue };
            let key = from.key.clone();
            let mut to = match root.remove(kind) {
                Some(entry) if entry.value.is_map() => entry,
                Some(entry) => {
                    let span = if entry.value.is_null() { entry.key.span } else { entry.value.span };
                    let message = format!("`{kind}` takes a mapping, not {}: Compose crashes on that", entry.value.kind());
                    self.problems.fatal(ProblemKind::Schema, span, &message);
                    match entry.value.is_null() {
                        true => Entry { value: Node::map(Vec::new(), entry.value.span), ..entry },
                        false => continue,
                    }
                }
                None => Entry { key, value: Node::map(Vec::new(), from.value.span) },
            };
            let mut incoming = Node::map(Vec::new(), from.value.span);
            incoming.set(kind, from.value);
            let Some(Value::Map(entries)) = incoming.remove(kind).map(|e| e.value.value) else { continue };
            for mut entry in entries {
                entry.value.brought_by(step);
                self.import_one(kind, entry, &mut to.value, resets);
            }
            if let Value::Map(top) = &mut root.value {
                top.push(to);
            }
        }
    }

    fn import_one(&mut self, kind: &str, entry: Entry, to: &mut Node, resets: &[Reset]) {
        let Value::Map(entries) = &mut to.value else { return };
        let Some(slot) = entries.iter_mut().find(|e| e.key.value == entry.key.value) else {
            entries.push(entry);
            return;
        };
        let name = entry.key.value.clone();
        let span = entry.value.span;
        let mut inner = Node::map(vec![entry], span);
        let mut wrapped = Node::map(Vec::new(), span);
        wrapped.set(kind, inner.clone());
        self.resets.apply(&mut wrapped, resets);
        if let Some(reset) = wrapped.remove(kind) {
            inner = reset.value;
        }
        let base = inner.remove(&name).map_or_else(|| Node::null(span), |e| e.value);
        let over = std::mem::replace(&mut slot.value, Node::null(span));
        slot.value = merge(base, over, &mut vec![kind.to_owned(), name], &mut self.problems);
    }
}

/// A string, or a list of them.
fn strings(node: Option<&Node>) -> Vec<(String, Span)> {
    let Some(node) = node else { return Vec::new() };
    match node.as_text() {
        Some(text) => vec![(text.value.clone(), text.span)],
        None => node.items().iter().filter_map(|i| i.as_text().map(|t| (t.value.clone(), t.span))).collect(),
    }
}
