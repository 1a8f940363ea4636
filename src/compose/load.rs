//! From the names of Compose files to a project. Problems are collected, none ends the loading.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::environment::label_lines;
use super::explain::Explained;
use super::loader::{Loader, Trees};
use super::lower;
use super::model::{Problem, ProblemKind, Project, Role, Service};
use super::normalize::normalize;
use super::origin;
use super::print::{self, ServiceExtra};
use super::request::Request;
use super::role::{classify, is_default_name};
use super::substitute::Env;
use super::tree::Node;
use super::validate::Validate;
use crate::files::{self, Files};
use crate::source::{At, FileId, Sources, Span};
use crate::syntax::yaml;

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

/// Loads a project.
pub fn load(request: &Request, files: &dyn Files, sources: &mut Sources) -> Loaded {
    load_with(request, files, sources, &mut Trees::new())
}

/// Loads a project; takes trees that were read before, and adds those that it reads.
pub fn load_with(request: &Request, files: &dyn Files, sources: &mut Sources, trees: &mut Trees) -> Loaded {
    let first = request.files.first().map_or("compose.yaml", String::as_str);
    let dir = files::normalize(request.dir.as_deref().unwrap_or_else(|| files::parent(first)));
    let mut loader = Loader::new(request, files, sources, trees);
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
            asked: request.asked.clone(),
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
                let json = self.json(&model, &project, &active, request);
                let explained = request.explain.as_deref().map(|path| self.explain(path, &model, &json, request));
                (Some(json), explained)
            }
        };
        origin::relate(&model, &mut self.problems.list);
        if self.old_layout {
            self.say_layout(&project);
        }
        project.problems = self.finished();
        project.variables = std::mem::take(&mut self.variables);
        Loaded { project, json, explained, bake, unreadable: self.unreadable }
    }

    /// Of the layout of 2014 one thing is wrong, and everything else follows from it.
    fn say_layout(&mut self, project: &Project) {
        self.problems.list.retain(|p| matches!(p.kind, ProblemKind::YamlSyntax | ProblemKind::DuplicateKey));
        let tree = project.files.first().map(|id| self.tree(*id));
        let first = tree.iter().flat_map(|t| &t.documents).flat_map(yaml::Node::entries).next();
        if let Some(entry) = first {
            let message = "services stand at the top of this file, as they did in 2014: Compose refuses it today";
            self.problems.fatal(ProblemKind::Schema, entry.key.span, message).help =
                Some("put `services:` above them, and indent them by two".to_owned());
        }
    }

    /// What is wrong, in order of place, each once; without what only follows from a line that is no YAML.
    fn finished(&mut self) -> Vec<Problem> {
        let mut problems = std::mem::take(&mut self.problems.list);
        let broken: Vec<Span> = problems.iter().filter(|p| p.kind == ProblemKind::YamlSyntax).map(|p| p.span).collect();
        problems.retain(|p| p.kind != ProblemKind::Schema || !broken.iter().any(|b| self.one_line(*b, p.span)));
        problems.sort_by(|a, b| (a.span, &a.message, !a.fatal).cmp(&(b.span, &b.message, !b.fatal)));
        problems.dedup_by(|b, a| a.span == b.span && a.message == b.message);
        problems
    }

    /// Whether a line that `a` starts on holds the start of `b`.
    fn one_line(&self, a: Span, b: Span) -> bool {
        let (from, to) = (a.start.min(b.start), a.start.max(b.start));
        a.file == b.file && !self.sources.slice(Span { start: from, end: to, ..a }).contains('\n')
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
        // without any, the empty profile is active
        let from_env = request.profiles.is_empty().then(|| self.env.get("COMPOSE_PROFILES").map_or("", String::as_str));
        let named = |p: &At<String>| {
            let listed = from_env.is_some_and(|all| all.split(',').any(|e| e.trim() == p.value || e.trim() == "*"));
            listed || request.profiles.iter().any(|r| *r == p.value || r == "*")
        };
        request.all_profiles || profiles.is_empty() || profiles.iter().any(named)
    }

    fn json(&mut self, model: &Node, project: &Project, active: &[bool], request: &Request) -> serde_json::Value {
        let env = Rc::clone(&self.env);
        let running = project.services.iter().zip(active).filter(|(_, active)| **active).map(|(service, _)| service);
        let extras: Vec<ServiceExtra<'_>> = running
            .map(|s| {
                let lines = label_lines(model, &s.name.value, self).into_iter();
                let labels = lines.filter_map(|(v, _)| Some((v.name.value, v.value?.value))).collect();
                ServiceExtra { name: &s.name.value, environment: &s.environment, labels }
            })
            .collect();
        print::project(model, &project.name, &env, &extras, &request.root, request.yaml)
    }

    fn role(&mut self, ids: &[(FileId, String)]) -> Role {
        let Some((id, path)) = ids.first() else { return Role::Complete };
        let tree = self.tree(*id);
        classify(&tree, path).unwrap_or(Role::Complete)
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
        let (mut written, mut alone) = (None, false);
        for (id, _) in ids {
            let tree = self.tree(*id);
            for (n, document) in tree.documents.iter().enumerate() {
                let text = document.get("name").and_then(yaml::Node::as_text).filter(|t| !t.value.is_empty());
                // where a first document gives a name, the folder's counts no more
                alone |= n == 0 && text.is_some();
                written = text.cloned().or(written);
            }
        }
        let place = written.as_ref().map_or(first, |t| t.span);
        let env = Rc::clone(&self.env);
        let written = written.map(|t| crate::syntax::interpolate::interpolate(&t, &|n| env.get(n).cloned()).text.value);
        let absolute = files::join(&request.root, dir);
        if request.canonical && alone && written.as_deref().is_some_and(|n| normal_name(n).is_empty()) {
            let (message, help) = match written.as_deref() {
                Some("") => (
                    "the project's `name:` is empty once its variables are filled in",
                    "set the variable, or give it a default: `${NAME:-myproject}`",
                ),
                _ => ("no letter of this name can stand in the name of a project", "use letters from a to z, digits, `-` and `_`"),
            };
            self.problems.fatal(ProblemKind::Invalid, place, message).help = Some(help.to_owned());
        }
        let written = written.map(|n| normal_name(&n)).filter(|n| !n.is_empty()).or_else(|| request.default_name.clone());
        let named = written.is_some();
        let name = written.unwrap_or_else(|| normal_name(files::file_name(&absolute)));
        if name.is_empty() && request.canonical {
            self.problems.fatal(ProblemKind::Invalid, first, "the project has no name, and its folder's name gives none").help =
                Some("add `name: NAME` at the top".to_owned());
        }
        (name, named)
    }
}

/// Lower case, without what names cannot hold.
fn normal_name(name: &str) -> String {
    let kept: String =
        name.to_lowercase().chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-')).collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}
