//! Candidates in, a stack out: parse what is there, follow what it refers to, join it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compose::{self, Role};
use crate::files::{FileError, Files, Steady};
use crate::source::FileId;
use crate::syntax::yaml;

use super::areas::Areas;
use super::candidates::{self, FileRole};
use super::{Options, Stack};

/// What to load.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Files that may belong to the stack, sorted; those of no interest by name are passed over unless `explicit`.
    pub candidates: Vec<Candidate>,
    /// `-f`: these Compose files are one project; others are not looked for.
    pub compose_files: Vec<String>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// `--env-file`.
    pub env_files: Vec<String>,
    /// `--build-arg`.
    pub build_args: Vec<(String, String)>,
    /// `--target`.
    pub target: Option<String>,
    /// What rules will read from [`Stack::options`].
    pub options: Options,
}

/// A file that may belong to the stack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Its path.
    pub path: String,
    /// Named by the user: checked whatever its name.
    pub explicit: bool,
    /// The size of a regular file, where whoever found it has seen that.
    pub size: Option<u64>,
}

/// A file that was named and could not be read.
pub type Failure = (String, FileError);

/// Loads a stack. Never fails: what could not be read stands in [`Stack::unreadable`].
pub fn load(request: &Request, disk: &dyn Files) -> Stack {
    let mut loader = Loader {
        request,
        disk: &Steady::new(disk),
        stack: Stack {
            areas: Areas::of(&request.candidates),
            options: request.options.clone(),
            build_args: request.build_args.clone(),
            ..Stack::default()
        },
        dockerfile_paths: BTreeMap::new(),
        context_ids: BTreeMap::new(),
        ignore_files: BTreeMap::new(),
        gitignores: RefCell::default(),
    };
    let sorted = loader.read_candidates();
    loader.projects(&sorted);
    loader.dockerfiles(&sorted);
    loader.builds();
    loader.stages();
    loader.runtimes();
    loader.mounts();
    loader.dockerruns(&sorted);
    loader.stack
}

/// The candidates by what they turned out to be.
#[derive(Default)]
pub(super) struct Sorted {
    pub(super) dockerfiles: Vec<(String, FileId)>,
    pub(super) compose: Vec<(String, FileId, Role)>,
    pub(super) dockerruns: Vec<(String, FileId)>,
}

pub(super) struct Loader<'a> {
    pub(super) request: &'a Request,
    pub(super) disk: &'a dyn Files,
    pub(super) stack: Stack,
    pub(super) dockerfile_paths: BTreeMap<String, usize>,
    pub(super) context_ids: BTreeMap<(String, String), Option<usize>>,
    /// The names of the ignore files in each folder that is a build context, in lower case: some disks do not tell case.
    pub(super) ignore_files: BTreeMap<String, Vec<String>>,
    /// The `.gitignore` of each folder that was asked for; empty where there is none.
    pub(super) gitignores: RefCell<BTreeMap<String, Arc<[String]>>>,
}

/// What a file of a stack holds, by and large: which of them are worth a thread is asked before they are read.
const USUAL_BYTES: usize = 1 << 10;

impl Request {
    /// How many bytes the candidates have, by and large.
    pub(crate) fn bytes(&self) -> usize {
        self.candidates.iter().map(|c| c.size.and_then(|size| usize::try_from(size).ok()).unwrap_or(USUAL_BYTES)).sum()
    }
}

enum Parsed {
    Compose(Arc<yaml::Yaml>, Role),
    Other,
}

impl Loader<'_> {
    fn read_candidates(&mut self) -> Sorted {
        let wanted: Vec<(&Candidate, FileRole)> = self
            .request
            .candidates
            .iter()
            .filter_map(|c| match candidates::role_of_name(&c.path) {
                Some(role) => Some((c, role)),
                None => c.explicit.then(|| (c, explicit_role(&c.path))),
            })
            .collect();
        let disk = self.disk;
        let texts = crate::par::map(&wanted, self.request.bytes(), |(c, role)| {
            let bytes = c.size.map_or_else(|| disk.read(&c.path), |size| disk.read_sized(&c.path, size))?;
            let foreign = *role == FileRole::Yaml && !c.explicit && !std::str::from_utf8(&bytes).is_ok_and(candidates::may_be_compose);
            Ok::<_, FileError>((!foreign).then_some(bytes))
        });
        let mut read: Vec<(String, FileId, FileRole, bool)> = Vec::new();
        for ((candidate, role), bytes) in wanted.into_iter().zip(texts) {
            match bytes {
                Ok(Some(bytes)) => {
                    let file = self.stack.sources.add_bytes(&candidate.path, bytes);
                    read.push((candidate.path.clone(), file, role, candidate.explicit));
                }
                Ok(None) => {}
                Err(FileError::TooLarge(bytes)) => {
                    let file = self.stack.sources.add_too_large(&candidate.path, bytes);
                    self.stack.checked.push(file);
                }
                Err(FileError::NotFound) if !candidate.explicit => {}
                Err(error) => self.stack.unreadable.push((candidate.path.clone(), error.to_string())),
            }
        }
        self.sort(read)
    }

    fn sort(&mut self, read: Vec<(String, FileId, FileRole, bool)>) -> Sorted {
        let mut sorted = Sorted::default();
        let sources = &self.stack.sources;
        let parsed = crate::par::map(&read, sources.bytes(), |(path, file, role, explicit)| {
            let source = sources.get(*file);
            let yaml_like = match role {
                FileRole::Dockerfile => candidates::looks_like_yaml(&source.text),
                FileRole::Compose | FileRole::Yaml => true,
                FileRole::Dockerrun => false,
            };
            if !yaml_like {
                return Parsed::Other;
            }
            let tree = yaml::parse(source);
            // a template of some generator, not a file that any tool reads as it is
            let broken = !tree.errors.is_empty() && ["{%", "{{"].iter().any(|mark| source.text.contains(mark));
            if broken || !explicit && candidates::looks_like_template(&source.text) {
                return Parsed::Other;
            }
            let named = *role == FileRole::Compose || *explicit;
            match compose::classify(&tree, path) {
                Some(role) => Parsed::Compose(Arc::new(tree), role),
                // a file by a Compose name that holds nothing else we know is judged as one, so that its faults are said
                None if named && *role != FileRole::Dockerfile && !foreign_yaml(&tree) => Parsed::Compose(Arc::new(tree), Role::Complete),
                None => Parsed::Other,
            }
        });
        for ((path, file, role, explicit), parsed) in read.into_iter().zip(parsed) {
            match (parsed, role) {
                (Parsed::Compose(tree, role), _) => {
                    self.stack.yaml.insert(file, tree);
                    self.stack.checked.push(file);
                    sorted.compose.push((path, file, role));
                }
                (Parsed::Other, FileRole::Dockerfile)
                    if !explicit && candidates::looks_like_template(&self.stack.sources.get(file).text) => {}
                (Parsed::Other, FileRole::Dockerfile) if !candidates::looks_like_yaml(&self.stack.sources.get(file).text) => {
                    self.stack.checked.push(file);
                    sorted.dockerfiles.push((path, file));
                }
                (Parsed::Other, FileRole::Dockerrun) => {
                    self.stack.checked.push(file);
                    sorted.dockerruns.push((path, file));
                }
                (Parsed::Other, _) => {}
            }
        }
        sorted
    }
}

fn explicit_role(path: &str) -> FileRole {
    if path.ends_with(".json") { FileRole::Dockerrun } else { FileRole::Dockerfile }
}

/// YAML that is something else by its own word: Kubernetes, a workflow, a chart.
fn foreign_yaml(tree: &yaml::Yaml) -> bool {
    let Some(root) = tree.documents.first() else { return false };
    let has = |key: &str| root.get(key).is_some();
    (has("apiVersion") && has("kind"))
        || has("jobs")
        || has("stages")
        || has("openapi")
        || has("swagger")
        || root.items().iter().any(|item| !item.entries().is_empty())
}
