//! What a Dockerrun file cannot say, each with its place in the Compose files.

use serde_json::Value;

use super::Object;
use crate::compose::{Project, Service};
use crate::plan::Problem;
use crate::source::{Sources, Span};
use crate::syntax::yaml::{self, Yaml};

/// Which kind of Dockerrun file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    First,
    Second,
}

/// How deep keys of a service are told one by one.
const DEPTH: usize = 4;

/// Keys of a service that deserve more than that they have no counterpart: what happens without them, and what to do.
const REASONS: &[(&str, &str, &str)] = &[
    ("networks", "all containers of an instance share one bridge, where only links join them", ""),
    ("restart", "a container that ends on its own takes the others with it, and Beanstalk starts them all again", ""),
    ("profiles", "the container is always started", "name the services to export, where this one is not for Beanstalk"),
    ("expose", "linked containers reach every port", ""),
    ("container_name", "Beanstalk calls the container itself", ""),
    ("platform", "the image is taken for the instance's own processor", ""),
    ("pull_policy", "Beanstalk pulls the image at every deployment", ""),
    (
        "secrets",
        "Beanstalk mounts no secrets",
        "keep the value in AWS Secrets Manager and name it under `secrets` of the container, or set a property: `eb setenv NAME=…`",
    ),
    ("configs", "Beanstalk mounts no configs", "mount a file of the project in its place"),
    ("deploy.replicas", "an instance runs the container once", "let Beanstalk scale the instances"),
    ("scale", "an instance runs the container once", "let Beanstalk scale the instances"),
    ("cpus", "an instance's processors are shared by weight, not cut off", "say the weight with `cpu_shares`"),
    ("deploy.resources.limits.cpus", "an instance's processors are shared by weight, not cut off", "say the weight with `cpu_shares`"),
    ("develop", "it is for development only", ""),
    ("gpus", "devices of this kind are asked for in the environment's instance type", ""),
];

/// Collects what is lost.
pub(super) struct Report {
    /// The Compose files' trees, the last one first: what it says wins.
    trees: Vec<Yaml>,
    lost: Vec<Problem>,
}

impl Report {
    pub(super) fn new(project: &Project, sources: &Sources) -> Report {
        let trees = project.files.iter().rev().map(|file| yaml::parse(sources.get(*file))).collect();
        Report { trees, lost: Vec::new() }
    }

    pub(super) fn add(&mut self, span: Option<Span>, key: &str, message: String, help: Option<String>) {
        let problem = Problem { span, message: format!("`{key}` is left out: {message}"), help };
        if !self.lost.contains(&problem) {
            self.lost.push(problem);
        }
    }

    /// Something to know about what was carried over.
    pub(super) fn note(&mut self, span: Option<Span>, message: String, help: Option<String>) {
        self.lost.push(Problem { span, message, help });
    }

    /// Tells a key of a service: `deploy.replicas`.
    pub(super) fn key(&mut self, service: &Service, path: &str, message: String, help: Option<String>) {
        let span = self.place(service, path);
        self.add(Some(span), &format!("services.{}.{path}", service.name.value), message, help);
    }

    /// Tells everything that is left of a service.
    pub(super) fn left(&mut self, service: &Service, left: &Object, version: Version) {
        for (key, value) in left {
            // Compose adds the default network, and build settings are the business of whoever builds.
            if service.has(key) && key != "build" {
                self.leaves(service, key, value, version, 0);
            }
        }
    }

    fn leaves(&mut self, service: &Service, path: &str, value: &Value, version: Version, depth: usize) {
        let reason = REASONS.iter().find(|(key, _, _)| *key == path);
        match value {
            Value::Null => {}
            Value::Object(map) if map.is_empty() => {}
            Value::Object(map)
                if reason.is_none() && depth < DEPTH && matches!(path.split('.').next(), Some("deploy" | "healthcheck" | "logging")) =>
            {
                for (key, value) in map {
                    self.leaves(service, &format!("{path}.{key}"), value, version, depth + 1);
                }
            }
            _ => {
                let (message, help) = match (reason, version) {
                    (Some((_, message, help)), _) => ((*message).to_owned(), (!help.is_empty()).then(|| (*help).to_owned())),
                    (None, Version::Second) => ("a Dockerrun file has no counterpart".to_owned(), None),
                    (None, Version::First) => ("version 1 knows one image with its ports, volumes and command only".to_owned(), None),
                };
                self.key(service, path, message, help);
            }
        }
    }

    /// Where a key of a service stands: the last file that has it, as deep as it can be followed.
    pub(super) fn place(&self, service: &Service, path: &str) -> Span {
        let first = path.split('.').next().unwrap_or(path);
        let fallback = service.keys.iter().find(|key| key.value == first).map_or(service.name.span, |key| key.span);
        let found = self.trees.iter().find_map(|tree| {
            let mut node = tree.documents.first()?.get("services")?.get(&service.name.value)?;
            let mut span = None;
            for key in path.split('.') {
                let entry = node.entry(key)?;
                span = Some(entry.key.span);
                node = &entry.value;
            }
            span
        });
        found.unwrap_or(fallback)
    }

    /// Everything, in order of place.
    pub(super) fn finish(self) -> Vec<Problem> {
        let mut lost = self.lost;
        lost.sort_by_key(|problem| problem.span.map(|span| (span.file, span.start)));
        lost
    }
}
