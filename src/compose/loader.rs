//! What loading goes through: files and their YAML, read once, and the variables that hold.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::model::{ProblemKind, VariableUse};
use super::paths;
use super::problems::Problems;
use super::request::Request;
use super::reset::Resets;
use super::substitute::{Env, Places};
use crate::files::{self, Files};
use crate::source::{At, FileId, Sources, Span, TextProblem};
use crate::syntax::SyntaxErrorKind;
use crate::syntax::dotenv::{self, Format};
use crate::syntax::yaml::{self, Yaml};

/// The YAML of files by their text: read once, however many projects they belong to.
pub type Trees = BTreeMap<FileId, Arc<Yaml>>;

/// Which service each service was copied from.
pub(super) type Extended = BTreeMap<String, At<String>>;

/// A project may bring in this many files by `include` and `extends`.
const MAX_FILES: usize = 2_000;

/// What an env file sets, each at its line.
pub(super) type FileEnv = BTreeMap<String, At<String>>;

pub(super) struct Loader<'a> {
    pub(super) files: &'a dyn Files,
    pub(super) sources: &'a mut Sources,
    pub(super) problems: Problems,
    pub(super) variables: Vec<VariableUse>,
    pub(super) env: Rc<Env>,
    pub(super) env_places: Rc<Places>,
    pub(super) home: Option<String>,
    pub(super) strict: bool,
    pub(super) extended: Extended,
    pub(super) resets: Resets,
    pub(super) extensions: usize,
    /// Part of the project lies elsewhere.
    pub(super) elsewhere: bool,
    /// The layout of 2014, in which every top-level key is a service: the schema knows nothing of it.
    pub(super) old_layout: bool,
    read_count: usize,
    pub(super) ports: usize,
    trees: &'a mut Trees,
    pub(super) used: Vec<FileId>,
    pub(super) unreadable: Vec<(String, String)>,
}

impl<'a> Loader<'a> {
    pub(super) fn new(request: &Request, files: &'a dyn Files, sources: &'a mut Sources, trees: &'a mut Trees) -> Self {
        Loader {
            files,
            sources,
            problems: Problems::default(),
            variables: Vec::new(),
            env: Rc::new(Env::new()),
            env_places: Rc::new(Places::new()),
            home: request.environment.get("HOME").cloned(),
            strict: request.canonical,
            extended: Extended::new(),
            resets: Resets::default(),
            extensions: 0,
            elsewhere: false,
            old_layout: false,
            read_count: 0,
            ports: 0,
            trees,
            used: Vec::new(),
            unreadable: Vec::new(),
        }
    }
}

impl Loader<'_> {
    /// The process environment, then the env files.
    pub(super) fn environment(&mut self, request: &Request, dir: &str) {
        let env: Env = request.environment.clone();
        let given = !request.env_files.is_empty();
        let paths = if given { request.env_files.clone() } else { vec![files::join(dir, ".env")] };
        let mut from_files = FileEnv::new();
        for path in paths {
            if self.files.kind(&path) == Some(files::Kind::File) {
                let found = self.env_file(&path, &env, &from_files);
                from_files.extend(found);
            } else if given {
                self.unreadable.push((path, "no such file".to_owned()));
            }
        }
        self.env = Rc::new(env);
        self.add_variables(from_files);
    }

    /// Adds what env files set to the environment; what is there already stays.
    pub(super) fn add_variables(&mut self, found: FileEnv) {
        let mut env = Env::clone(&self.env);
        let mut places = Places::clone(&self.env_places);
        for (name, value) in found {
            if let std::collections::btree_map::Entry::Vacant(slot) = env.entry(name) {
                places.insert(slot.key().clone(), value.span);
                slot.insert(value.value);
            }
        }
        self.env = Rc::new(env);
        self.env_places = Rc::new(places);
    }

    /// Reads an env file's variables; `before` are those of the files before it.
    pub(super) fn env_file(&mut self, path: &str, env: &Env, before: &FileEnv) -> FileEnv {
        let Some(id) = self.read(path, None) else { return FileEnv::new() };
        let known = before.iter().map(|(name, value)| (name.clone(), value.value.clone())).collect();
        let parsed = dotenv::parse_after(self.sources.get(id), Format::Compose, &|name| env.get(name).cloned(), known);
        for error in parsed.errors {
            self.problems.fatal(ProblemKind::Invalid, error.span, &error.message).help = error.help;
        }
        parsed.variables.into_iter().filter_map(|v| v.value.map(|value| (v.name.value, At::new(value.value, v.span)))).collect()
    }

    /// Whether a file is to be fetched from elsewhere: what it defines is not known then.
    pub(super) fn is_elsewhere(&mut self, path: &str, span: Span, kind: ProblemKind) -> bool {
        if !paths::is_remote(path) {
            return false;
        }
        self.elsewhere = true;
        if self.strict {
            let message = format!("`{path}` is to be fetched from elsewhere, and stacklint fetches nothing");
            self.problems.fatal(kind, span, &message).help = Some("name a copy of it on this disk".to_owned());
        }
        true
    }

    /// Counts a file that `include` or `extends` asks for; false beyond the bound.
    pub(super) fn count_file(&mut self, span: Span) -> bool {
        self.read_count += 1;
        if self.read_count == MAX_FILES {
            self.problems.fatal(ProblemKind::Include, span, "too many files include or extend one another here to be followed");
        }
        self.read_count < MAX_FILES
    }

    /// Reads a file; what asked for it is blamed where it is not there.
    pub(super) fn read(&mut self, path: &str, asked: Option<(Span, ProblemKind)>) -> Option<FileId> {
        if let Some(id) = self.sources.find(path) {
            return Some(id);
        }
        match self.files.read(path) {
            Ok(bytes) => Some(self.sources.add_bytes(path, bytes)),
            Err(error) => {
                match asked {
                    Some((span, kind)) => {
                        self.problems.fatal(kind, span, &format!("{path}: {error}"));
                    }
                    None => self.unreadable.push((path.to_owned(), error.to_string())),
                }
                None
            }
        }
    }

    /// A file's YAML; what is wrong with it is reported once.
    pub(super) fn tree(&mut self, id: FileId) -> Arc<Yaml> {
        let file = self.sources.get(id);
        let tree = Arc::clone(self.trees.entry(id).or_insert_with(|| Arc::new(yaml::parse(file))));
        if self.used.contains(&id) {
            return tree;
        }
        let whole = Span::new(id, 0, 0);
        match &file.problem {
            Some(TextProblem::NotUtf8 { first, .. }) => {
                let span = Span::new(id, *first, *first + 1);
                self.problems.fatal(ProblemKind::YamlSyntax, span, "this file is no UTF-8 from here on").help =
                    Some("save it as UTF-8".to_owned());
            }
            Some(TextProblem::WideEncoding(name)) => {
                let message = format!("this file is {name}, not UTF-8");
                self.problems.fatal(ProblemKind::YamlSyntax, whole, &message).help = Some("save it as UTF-8".to_owned());
            }
            Some(TextProblem::TooLarge { .. }) => {
                self.problems.fatal(ProblemKind::YamlSyntax, whole, "this file is too large to be read");
            }
            None => {}
        }
        for error in &tree.errors {
            let kind = if error.kind == SyntaxErrorKind::DuplicateKey { ProblemKind::DuplicateKey } else { ProblemKind::YamlSyntax };
            self.problems.fatal(kind, error.span, &error.message).help = error.help.clone();
        }
        self.used.push(id);
        tree
    }
}
