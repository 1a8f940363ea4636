//! Which Compose files are projects of their own, which are laid over others, and what they mount that is not there.

use std::collections::{BTreeMap, BTreeSet};

use crate::compose::{self, Project, Role};
use crate::files::{self, Kind};
use crate::source::FileId;
use crate::syntax::yaml;

use super::load::{Loader, Sorted};

/// How far above an overlay its base is looked for.
const MAX_FOLDERS_UP: usize = 4;

impl Loader<'_> {
    pub(super) fn projects(&mut self, sorted: &Sorted) {
        if !self.request.compose_files.is_empty() {
            self.project(self.request.compose_files.clone(), Role::Complete);
            self.note_folders();
            return;
        }
        let paths: Vec<&str> = sorted.compose.iter().map(|(path, _, _)| path.as_str()).collect();
        let bases: Vec<Option<String>> = sorted
            .compose
            .iter()
            .map(|(path, file, role)| {
                let beside = if *role == Role::Overlay || is_override(path) { self.overlay_base(path, &paths) } else { None };
                beside.or_else(|| self.base_above(path, *file))
            })
            .collect();
        let replaced: BTreeSet<&str> =
            sorted.compose.iter().zip(&bases).filter(|((path, ..), _)| is_override(path)).filter_map(|(_, base)| base.as_deref()).collect();
        let extended = self.extended_by_others(sorted);
        for ((path, _, role), base) in sorted.compose.iter().zip(&bases) {
            match base {
                _ if extended.contains(path) => {}
                Some(base) => self.project(vec![base.clone(), path.clone()], Role::Overlay),
                None if replaced.contains(path.as_str()) => {}
                None if *role == Role::Fragment && self.is_included(path) => {}
                None => self.project(vec![path.clone()], *role),
            }
        }
        self.complete_bases();
        self.drop_included();
        self.note_folders();
        // fragments that some project read are judged there; files read on the way count as checked
        let read: BTreeSet<FileId> = self.stack.projects.iter().flat_map(|p| p.files.iter().copied()).collect();
        self.stack.checked.extend(read);
        self.stack.checked.sort_unstable();
        self.stack.checked.dedup();
    }

    fn note_folders(&mut self) {
        for (n, project) in self.stack.projects.iter().enumerate() {
            self.stack.project_dirs.entry(project.dir.clone()).or_default().push(n);
        }
    }

    /// A file that another project includes is judged there: its paths and networks are that project's.
    pub(super) fn drop_included(&mut self) {
        let names = |p: &Project| -> BTreeSet<String> { p.services.iter().map(|s| s.name.value.clone()).collect() };
        let all: Vec<BTreeSet<String>> = self.stack.projects.iter().map(names).collect();
        let mut readers: BTreeMap<FileId, Vec<usize>> = BTreeMap::new();
        for (n, project) in self.stack.projects.iter().enumerate() {
            for file in project.files.iter().skip(1) {
                readers.entry(*file).or_default().push(n);
            }
        }
        let included: Vec<bool> = self
            .stack
            .projects
            .iter()
            .zip(&all)
            .map(|(project, own)| {
                let Some(others) = project.files.first().and_then(|f| readers.get(f)) else { return false };
                let holds = |other: &usize| all.get(*other).is_some_and(|o| o.len() > own.len() && own.is_subset(o));
                project.role != Role::Overlay && others.iter().any(holds)
            })
            .collect();
        let mut keep = included.into_iter().map(|i| !i);
        self.stack.projects.retain(|_| keep.next().unwrap_or(true));
    }

    pub(super) fn overlay_base(&self, path: &str, known: &[&str]) -> Option<String> {
        let dir = files::parent(path);
        let beside = self.disk.names(dir).unwrap_or_default();
        let files = beside.iter().filter(|e| e.kind != Kind::Dir).map(|e| &e.name);
        let siblings: Vec<String> = files.filter(|name| name.ends_with(".yml") || name.ends_with(".yaml")).cloned().collect();
        let base = compose::overlay_base(files::file_name(path), &siblings).map(|base| files::join(dir, &base));
        base.filter(|base| known.contains(&base.as_str()) || self.disk.kind(base) == Some(Kind::File))
    }

    /// The Compose file of a folder above that has an image for the services that have none here: `ci/compose.yaml` laid
    /// over `compose.yaml`.
    pub(super) fn base_above(&self, path: &str, file: FileId) -> Option<String> {
        let bare = bare_services(self.stack.yaml.get(&file)?);
        if bare.is_empty() {
            return None;
        }
        let mut dir = files::parent(path);
        for _ in 0..MAX_FOLDERS_UP {
            let above = files::parent(dir);
            if above == dir {
                return None;
            }
            dir = above;
            for name in ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"] {
                let base = files::join(dir, name);
                let tree = self.stack.sources.find(&base).and_then(|f| self.stack.yaml.get(&f));
                let services = tree.and_then(|t| t.documents.first()).and_then(|d| d.get("services"));
                if services.is_some_and(|s| bare.iter().all(|name| s.get(name).is_some_and(says_what_runs))) {
                    return Some(base);
                }
            }
        }
        None
    }

    /// Files of services that others extend, where `docker compose` would not take them by itself: what they say is judged
    /// where it is used.
    pub(super) fn extended_by_others(&self, sorted: &Sorted) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (path, file, _) in &sorted.compose {
            let Some(root) = self.stack.yaml.get(file).and_then(|y| y.documents.first()) else { continue };
            let dir = files::parent(path);
            let here = |node: &yaml::Node| node.as_str().filter(|p| !p.contains('$')).map(|p| files::join(dir, p));
            let services = root.get("services").map(yaml::Node::entries).unwrap_or_default();
            let extended = services.iter().filter_map(|s| here(s.value.get("extends")?.get("file")?));
            found.extend(extended.filter(|p| p != path && !named_by_default(p)));
        }
        // files that extend each other in a circle are judged all the same
        if sorted.compose.iter().all(|(path, ..)| found.contains(path)) { BTreeSet::new() } else { found }
    }

    pub(super) fn is_included(&self, path: &str) -> bool {
        let file = self.stack.sources.find(path);
        self.stack.projects.iter().any(|p| file.is_some_and(|f| p.files.contains(&f)))
    }

    pub(super) fn project(&mut self, paths: Vec<String>, role: Role) {
        let mut project = self.loaded(paths, Some(role));
        if role != Role::Complete {
            project.role = role;
        }
        self.stack.projects.push(project);
    }

    /// The project that these files make.
    pub(super) fn loaded(&mut self, files: Vec<String>, role: Option<Role>) -> Project {
        let request = compose::Request {
            files,
            profiles: self.request.profiles.clone(),
            env_files: self.request.env_files.clone(),
            all_profiles: self.request.profiles.is_empty(),
            role,
            asked: self.request.options.asked.clone(),
            ..compose::Request::default()
        };
        compose::load_with(&request, self.disk, &mut self.stack.sources, &mut self.stack.yaml).project
    }
}

/// The services of a file that say neither what they run nor where it comes from.
fn bare_services(tree: &yaml::Yaml) -> Vec<&str> {
    let services = tree.documents.first().and_then(|d| d.get("services"));
    services.into_iter().flat_map(|s| s.entries()).filter(|e| !says_what_runs(&e.value)).filter_map(|e| e.key.as_str()).collect()
}

/// Whether a service says what it runs, or where that stands.
fn says_what_runs(service: &yaml::Node) -> bool {
    service.entry("<<").is_some() || ["image", "build", "extends", "provider"].iter().any(|k| service.get(k).is_some())
}

fn is_override(path: &str) -> bool {
    let name = files::file_name(path);
    ["compose.override", "docker-compose.override"]
        .iter()
        .any(|stem| name.strip_prefix(stem).is_some_and(|ext| matches!(ext, ".yml" | ".yaml")))
}

/// The names that `docker compose` takes by itself.
fn named_by_default(path: &str) -> bool {
    matches!(files::file_name(path), "compose.yaml" | "compose.yml" | "docker-compose.yml" | "docker-compose.yaml")
}
