//! From the names of Compose files to a project. Problems are collected, none ends the loading.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use super::Problems;
use super::canonical::{self, Canonical};
use super::convert::{Document, Reset, convert};
use super::explain::Explained;
use super::extends::Extended;
use super::lower;
use super::merge::merge;
use super::model::{EnvVar, Problem, ProblemKind, Project, Role, Service, VariableUse};
use super::normalize::normalize;
use super::origin;
use super::paths::{self, Base};
use super::print::{self, ServiceExtra};
use super::reset::Resets;
use super::role::{classify, is_default_name};
use super::schema;
use super::substitute::{Env, Places, Substitution};
use super::tree::Node;
use super::unique;
use super::validate::Validate;
use crate::files::{self, Files};
use crate::source::{At, FileId, Sources, Span, TextProblem};
use crate::syntax::SyntaxErrorKind;
use crate::syntax::dotenv::{self, Format};
use crate::syntax::yaml::{self, Yaml};

/// What is to be loaded.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Compose files, from the project root, in the order in which they are merged.
    pub files: Vec<String>,
    /// Folder that relative paths count from; the first file's where absent.
    pub dir: Option<String>,
    /// Active profiles.
    pub profiles: Vec<String>,
    /// Every service is active, whatever its profiles.
    pub all_profiles: bool,
    /// The project's name where it is given.
    pub project_name: Option<String>,
    /// The name of a project that has none, in place of its folder's.
    pub default_name: Option<String>,
    /// Env files in place of `.env`.
    pub env_files: Vec<String>,
    /// The process environment.
    pub environment: BTreeMap<String, String>,
    /// The absolute path that the root of `files` has; empty where it has none.
    pub root: String,
    /// `environment` is the one that the project will run in: what it lacks is unset, and [`Loaded::json`] is wanted.
    pub canonical: bool,
    /// A key path whose values are to be explained in [`Loaded::explained`].
    pub explain: Option<String>,
    /// What the first file is for; judged by its content where absent.
    pub role: Option<Role>,
}

/// A loaded project.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// The resolved model, as `docker compose config --format json` prints it; only where it was asked for.
    pub json: Option<serde_json::Value>,
    /// Where the values at or below a key path come from; only where it was asked for, together with `json`.
    pub explained: Option<Explained>,
    /// What stands under `x-bake` in the builds of services, by service; only where `json` was asked for.
    pub bake: BTreeMap<String, serde_json::Value>,
    /// Files that were asked for and could not be read, with the reason.
    pub unreadable: Vec<(String, String)>,
}

impl Loaded {
    /// Whether Compose refuses the project.
    pub fn is_refused(&self) -> bool {
        !self.unreadable.is_empty() || self.project.problems.iter().any(|p| p.fatal)
    }
}

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
    elsewhere: bool,
    /// The layout of 2014, in which every top-level key is a service: the schema knows nothing of it.
    old_layout: bool,
    read_count: usize,
    ports: usize,
    trees: &'a mut Trees,
    used: Vec<FileId>,
    unreadable: Vec<(String, String)>,
}

/// The Compose files that `docker compose` takes when none is named: the first of the default names, and its override.
pub fn default_files(files: &dyn Files, dir: &str) -> Vec<String> {
    let bases = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
    let overrides = ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];
    let first = |names: &[&str]| names.iter().map(|n| files::join(dir, n)).find(|p| files.kind(p) == Some(files::Kind::File));
    match first(&bases) {
        Some(base) => std::iter::once(base).chain(first(&overrides)).collect(),
        None => Vec::new(),
    }
}

/// Loads a project.
pub fn load(request: &Request, files: &dyn Files, sources: &mut Sources) -> Loaded {
    load_with(request, files, sources, &mut Trees::new())
}

/// The YAML of files by their text: read once, however many projects they belong to.
pub type Trees = BTreeMap<FileId, Arc<Yaml>>;

/// Loads a project; takes trees that were read before, and adds those that it reads.
pub fn load_with(request: &Request, files: &dyn Files, sources: &mut Sources, trees: &mut Trees) -> Loaded {
    let first = request.files.first().map_or("compose.yaml", String::as_str);
    let dir = files::normalize(request.dir.as_deref().unwrap_or_else(|| files::parent(first)));
    let mut loader = Loader {
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
    };
    loader.environment(request, &dir);
    loader.project(request, &dir)
}

impl Loader<'_> {
    fn project(mut self, request: &Request, dir: &str) -> Loaded {
        let mut ids = Vec::new();
        for path in &request.files {
            ids.extend(self.read(path, None).map(|id| (id, path.clone())));
        }
        let first = ids.first().map_or(Span::new(FileId(0), 0, 0), |(id, _)| Span::new(*id, 0, 0));
        let (name, named) = self.name(request, dir, &ids, first);
        let mut env = Env::clone(&self.env);
        env.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
        self.env = Rc::new(env);
        let role = request.role.unwrap_or_else(|| self.role(&ids));
        self.old_layout = role == Role::V1 && !self.strict;
        let mut model = Node::map(Vec::new(), first);
        for (id, _) in &ids {
            model = self.file(model, *id, dir, &[]);
        }
        self.complete(&mut model, dir);
        if self.strict && model.entries().is_empty() && self.problems.list.is_empty() && self.unreadable.is_empty() {
            self.problems.fatal(ProblemKind::Invalid, first, "this Compose file is empty");
        }
        let lowered = lower::Lowered {
            name,
            named,
            dir: dir.to_owned(),
            role,
            files: self.used.clone(),
            extended: std::mem::take(&mut self.extended),
        };
        let mut project = lower::lower(&model, lowered, &mut self);
        let active: Vec<bool> = project.services.iter().map(|s| self.is_active(request, &s.profiles)).collect();
        let partial = !self.strict && (self.elsewhere || (role != Role::Complete && ids.len() < 2));
        let loose = !self.strict && ids.len() < 2 && ids.iter().all(|(_, path)| !is_default_name(path));
        self.validate(&model, &project, &active, (partial, loose));
        let bake = if request.canonical { print::bake_extensions(&model) } else { BTreeMap::new() };
        let (json, explained) = match request.canonical {
            false => (None, None),
            true => {
                normalize(&mut model, &project.name, &self.env);
                let json = self.json(&model, &project, &active, &request.root);
                let explained = request.explain.as_deref().map(|path| self.explain(path, &model, &json, request));
                (Some(json), explained)
            }
        };
        origin::relate(&model, &mut self.problems.list);
        project.problems = finished(std::mem::take(&mut self.problems.list));
        project.variables = std::mem::take(&mut self.variables);
        Loaded { project, json, explained, bake, unreadable: self.unreadable }
    }

    fn validate(&mut self, model: &Node, project: &Project, active: &[bool], (partial, loose): (bool, bool)) {
        let running: Vec<&Service> = project.services.iter().zip(active).filter(|(_, active)| **active).map(|(s, _)| s).collect();
        let names = running.iter().map(|s| s.name.value.as_str()).collect();
        Validate { model, active: names, strict: self.strict, partial, loose, problems: &mut self.problems }.run();
        for file in running.iter().flat_map(|s| &s.env_files).filter(|f| f.required && f.file.is_none()) {
            if self.strict || !file.path.value.is_empty() {
                let message = format!("the env file {} is not there", file.resolved);
                let help = "create it, or make it optional: `path:` with `required: false`";
                self.problems.fatal(ProblemKind::EnvFileMissing, file.path.span, &message).help = Some(help.to_owned());
            }
        }
    }

    /// Whether a service with these profiles runs.
    fn is_active(&self, request: &Request, profiles: &[At<String>]) -> bool {
        let from_env = self.env.get("COMPOSE_PROFILES").filter(|_| request.profiles.is_empty());
        let named = |p: &At<String>| {
            let listed = from_env.is_some_and(|all| all.split(',').any(|e| e.trim() == p.value || e.trim() == "*"));
            listed || request.profiles.iter().any(|r| *r == p.value || r == "*")
        };
        request.all_profiles || profiles.is_empty() || profiles.iter().any(named)
    }

    fn json(&mut self, model: &Node, project: &Project, active: &[bool], root: &str) -> serde_json::Value {
        let env = Rc::clone(&self.env);
        let running = project.services.iter().zip(active).filter(|(_, active)| **active).map(|(service, _)| service);
        let extras: Vec<ServiceExtra<'_>> = running
            .map(|s| {
                let lines = self.label_lines(model, &s.name.value).into_iter();
                let labels = lines.filter_map(|(v, _)| Some((v.name.value, v.value?.value))).collect();
                ServiceExtra { name: &s.name.value, environment: &s.environment, labels }
            })
            .collect();
        print::project(model, &project.name, &env, &extras, root)
    }

    /// The lines of a service's label files, each with the entry that names the file.
    pub(super) fn label_lines(&mut self, model: &Node, service: &str) -> Vec<(EnvVar, Span)> {
        let mut lines: Vec<(EnvVar, Span)> = Vec::new();
        for item in model.at(&["services", service, "label_file"]).map_or(&[][..], Node::items) {
            let Some(path) = item.as_scalar().and_then(|s| s.path.clone()) else { continue };
            let Some(id) = self.read(&path, Some((item.span, ProblemKind::EnvFileMissing))) else { continue };
            let known = |name: &str| lines.iter().rev().find(|(v, _)| v.name.value == name).and_then(|(v, _)| v.value.as_ref());
            let parsed = dotenv::parse(self.sources.get(id), Format::Compose, &|name| known(name).map(|t| t.value.clone()));
            lines.extend(parsed.variables.into_iter().filter(|v| v.value.is_some()).map(|v| (lower::from_env_file(v), item.span)));
        }
        lines
    }

    fn role(&mut self, ids: &[(FileId, String)]) -> Role {
        let Some((id, path)) = ids.first() else { return Role::Complete };
        let tree = self.tree(*id);
        classify(&tree, path).unwrap_or(Role::Complete)
    }

    /// The process environment, then the env files.
    fn environment(&mut self, request: &Request, dir: &str) {
        let env: Env = request.environment.clone();
        let given = !request.env_files.is_empty();
        let paths = if given { request.env_files.clone() } else { vec![files::join(dir, ".env")] };
        let mut from_files = FileEnv::new();
        for path in paths {
            if self.files.kind(&path) == Some(files::Kind::File) {
                let mut known = env.clone();
                for (name, value) in &from_files {
                    known.entry(name.clone()).or_insert_with(|| value.value.clone());
                }
                from_files.extend(self.env_file(&path, &known));
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

    /// Reads an env file's variables.
    pub(super) fn env_file(&mut self, path: &str, env: &Env) -> FileEnv {
        let Some(id) = self.read(path, None) else { return FileEnv::new() };
        let parsed = dotenv::parse(self.sources.get(id), Format::Compose, &|name| env.get(name).cloned());
        for error in parsed.errors {
            self.problems.fatal(ProblemKind::Invalid, error.span, &error.message).help = error.help;
        }
        parsed.variables.into_iter().filter_map(|v| v.value.map(|value| (v.name.value, At::new(value.value, v.span)))).collect()
    }

    fn name(&mut self, request: &Request, dir: &str, ids: &[(FileId, String)], first: Span) -> (String, bool) {
        let given = request.project_name.clone().or_else(|| self.env.get("COMPOSE_PROJECT_NAME").filter(|n| !n.is_empty()).cloned());
        if let Some(name) = given {
            if normal_name(&name) != name || name.is_empty() {
                let message = format!("`{name}` cannot be a project's name");
                let help = "use lower-case letters, digits, `-` and `_`, starting with a letter or digit";
                self.problems.fatal(ProblemKind::Invalid, first, &message).help = Some(help.to_owned());
            }
            return (name, true);
        }
        let mut written = None;
        for (id, _) in ids {
            let tree = self.tree(*id);
            for document in &tree.documents {
                let text = document.get("name").and_then(yaml::Node::as_text).filter(|t| !t.value.is_empty());
                written = text.cloned().or(written);
            }
        }
        let env = Rc::clone(&self.env);
        let written = written.map(|t| crate::syntax::interpolate::interpolate(&t, &|n| env.get(n).cloned()).text.value);
        let absolute = files::join(&request.root, dir);
        let written = written.map(|n| normal_name(&n)).filter(|n| !n.is_empty()).or_else(|| request.default_name.clone());
        let named = written.is_some();
        let name = written.unwrap_or_else(|| normal_name(files::file_name(&absolute)));
        if name.is_empty() && request.canonical {
            self.problems.fatal(ProblemKind::Invalid, first, "the project has no name, and its folder's name gives none").help =
                Some("add `name: NAME` at the top".to_owned());
        }
        (name, named)
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
    fn tree(&mut self, id: FileId) -> Arc<Yaml> {
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

    /// A document, converted and interpolated.
    fn document(&mut self, document: &yaml::Node) -> Option<Document> {
        let mut converted = convert(document, &mut self.problems);
        if !converted.root.is_map() {
            self.problems.fatal(ProblemKind::Schema, converted.root.span, "a Compose file is a mapping of `services:` and the like");
            return None;
        }
        let (env, places) = (Rc::clone(&self.env), Rc::clone(&self.env_places));
        Substitution { env: &env, places: &places, strict: self.strict, problems: &mut self.problems, variables: &mut self.variables }
            .run(&mut converted.root);
        Some(converted)
    }

    /// Lays a file over the model so far.
    pub(super) fn file(&mut self, mut model: Node, id: FileId, dir: &str, chain: &[String]) -> Node {
        let tree = self.tree(id);
        let path = self.sources.path(id).to_owned();
        let mut chain = chain.to_vec();
        chain.push(path.clone());
        for document in &tree.documents {
            let Some(Document { mut root, resets }) = self.document(document) else { continue };
            self.include(&mut root, dir, &chain, &resets);
            self.resets.apply(&mut model, &resets);
            self.extend(&mut root, &path, dir, &resets);
            model = self.merged(model, root, true);
        }
        model
    }

    /// A file on its own, without `include` and `extends`, and what its tags reset.
    pub(super) fn raw_model(&mut self, id: FileId) -> (Node, Vec<Reset>) {
        let tree = self.tree(id);
        let mut model = Node::map(Vec::new(), Span::new(id, 0, 0));
        let mut all = Vec::new();
        for document in &tree.documents {
            let Some(Document { root, resets }) = self.document(document) else { continue };
            self.resets.apply(&mut model, &resets);
            model = self.merged(model, root, false);
            all = resets;
        }
        (model, all)
    }

    fn merged(&mut self, model: Node, root: Node, check: bool) -> Node {
        let mut model = merge(model, root, &mut Vec::new(), &mut self.problems);
        unique::enforce(&mut model, &mut Vec::new());
        if check && !self.old_layout {
            schema::check(&model, self.strict, &mut self.problems);
        }
        model.remove("version").map(|v| self.problems.version.get_or_insert(v));
        let mut canonical = Canonical { problems: &mut self.problems, strict: self.strict, ports: self.ports };
        canonical.run(&mut model, &mut Vec::new());
        self.ports = canonical.ports;
        unique::enforce(&mut model, &mut Vec::new());
        model
    }

    /// What happens to a model when all its files are merged: defaults, paths, bare variables.
    pub(super) fn complete(&mut self, model: &mut Node, dir: &str) {
        canonical::defaults(model);
        let home = self.home.clone();
        paths::resolve(model, &Base { dir, home: home.as_deref() });
        canonical::environment(model, &self.env);
    }
}

/// In order of place, each once.
fn finished(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by(|a, b| (a.span, &a.message, !a.fatal).cmp(&(b.span, &b.message, !b.fatal)));
    problems.dedup_by(|b, a| a.span == b.span && a.message == b.message);
    problems
}

/// Lower case, without what names cannot hold.
fn normal_name(name: &str) -> String {
    let kept: String =
        name.to_lowercase().chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-')).collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}

/// The name that was probably meant.
pub(super) fn closest<'n>(word: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
    crate::syntax::closest(word, names).map(str::to_owned)
}
