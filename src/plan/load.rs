//! From files to the builds of a plan: a Compose project and its Dockerfiles, or a Dockerfile alone.

use std::collections::BTreeMap;

use super::input::{Build, Input, Places, Secret, SecretSource, Settings, Unit, is_folder};
use super::{Plan, Problem, closest, plan};
use crate::compose::{self, Project, Service};
use crate::files::{self, FileError, Files, Kind};
use crate::source::{FileId, Sources};
use crate::syntax::dockerfile::{self, Dockerfile};

/// The names under which a Compose file is found, the first that is there.
const COMPOSE_NAMES: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/// What to plan.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// A folder, a Compose file or a Dockerfile; the working folder where nothing is said.
    pub path: Option<String>,
    /// Compose files, merged in order.
    pub compose_files: Vec<String>,
    /// Services; empty for all.
    pub services: Vec<String>,
    /// The stage to build, over what the Compose file says.
    pub target: Option<String>,
    /// Build arguments, over what the Compose file says.
    pub build_args: Vec<(String, String)>,
    /// Platforms, over what the Compose file says.
    pub platforms: Vec<String>,
    /// `--profile`.
    pub profiles: Vec<String>,
    /// `--env-file`.
    pub env_files: Vec<String>,
    /// `--project-name`.
    pub project_name: Option<String>,
    /// Names for the image, beside those that the Compose file gives.
    pub tags: Vec<String>,
    /// The absolute path of the working folder; a project in it is called by its last part.
    pub root: String,
    /// `--no-cache`.
    pub no_cache: bool,
    /// The environment of the process.
    pub env: BTreeMap<String, String>,
    /// What builds run on, where nothing names a platform.
    pub platform: String,
}

/// Why nothing could be loaded.
#[derive(Clone, Debug)]
pub enum LoadError {
    /// The request names what is not there.
    Usage(String),
    /// The project is wrong.
    Problems(Vec<Problem>),
}

/// What was loaded.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    dockerfiles: Vec<Parsed>,
    builds: Vec<Build>,
    users: Vec<(String, String)>,
    services: Vec<String>,
    platform: String,
    /// The Compose files that were read, in order; empty for a Dockerfile alone.
    pub compose_files: Vec<String>,
}

#[derive(Clone, Debug)]
struct Parsed {
    path: String,
    file: FileId,
    ast: Dockerfile,
    inline: bool,
}

impl Parsed {
    fn unit(&self) -> Unit<'_> {
        Unit { path: &self.path, file: self.file, ast: &self.ast, inline: self.inline }
    }
}

impl Loaded {
    /// The Dockerfiles that are files of their own.
    pub fn dockerfiles(&self) -> impl Iterator<Item = &str> {
        self.dockerfiles.iter().filter(|parsed| !parsed.inline).map(|parsed| parsed.path.as_str())
    }

    /// The builds, for [`plan`].
    pub fn input(&self) -> Input<'_> {
        Input {
            dockerfiles: self.dockerfiles.iter().map(Parsed::unit).collect(),
            builds: self.builds.clone(),
            users: self.users.clone(),
            services: self.services.clone(),
            platform: self.platform.clone(),
        }
    }
}

/// Loads what a request names; with services, only those and the images they are made from.
pub fn load(request: &Request, disk: &dyn Files, sources: &mut Sources) -> Result<Loaded, LoadError> {
    let mut loader = Loader { request, disk, sources, loaded: Loaded::default(), problems: Vec::new() };
    loader.loaded.platform.clone_from(&request.platform);
    let wanted = loader.find()?;
    match wanted {
        Wanted::Compose(paths) => loader.compose(paths)?,
        Wanted::Dockerfile(path) => loader.alone(&path)?,
    }
    if loader.problems.is_empty() { Ok(loader.loaded) } else { Err(LoadError::Problems(loader.problems)) }
}

enum Wanted {
    Compose(Vec<String>),
    Dockerfile(String),
}

struct Loader<'a> {
    request: &'a Request,
    disk: &'a dyn Files,
    sources: &'a mut Sources,
    loaded: Loaded,
    problems: Vec<Problem>,
}

impl Loader<'_> {
    fn find(&self) -> Result<Wanted, LoadError> {
        if !self.request.compose_files.is_empty() {
            let missing = self.request.compose_files.iter().find(|path| self.disk.kind(path).is_none());
            return match missing {
                Some(path) => Err(LoadError::Usage(format!("{path}: no such file or folder"))),
                None => Ok(Wanted::Compose(self.request.compose_files.clone())),
            };
        }
        let path = self.request.path.as_deref().unwrap_or(".");
        match self.disk.kind(path) {
            Some(Kind::Dir) => self.find_in(path),
            Some(_) if is_yaml(path) => Ok(Wanted::Compose(vec![path.to_owned()])),
            Some(_) => Ok(Wanted::Dockerfile(path.to_owned())),
            None => Err(LoadError::Usage(format!("{path}: no such file or folder"))),
        }
    }

    fn find_in(&self, dir: &str) -> Result<Wanted, LoadError> {
        let is_file = |path: &String| self.disk.kind(path) == Some(Kind::File);
        let base = COMPOSE_NAMES.iter().find(|name| is_file(&files::join(dir, name)));
        if let Some(base) = base {
            let (stem, _) = base.rsplit_once('.').unwrap_or((base, ""));
            let overlays = ["yml", "yaml"].map(|end| files::join(dir, &format!("{stem}.override.{end}")));
            let overlay = overlays.into_iter().find(is_file);
            return Ok(Wanted::Compose(std::iter::once(files::join(dir, base)).chain(overlay).collect()));
        }
        let dockerfile = files::join(dir, "Dockerfile");
        if is_file(&dockerfile) {
            return Ok(Wanted::Dockerfile(dockerfile));
        }
        Err(LoadError::Usage(format!(
            "{dir}: there is no Compose file and no Dockerfile here; name one: `stacklint plan path/to/Dockerfile`"
        )))
    }

    fn alone(&mut self, path: &str) -> Result<(), LoadError> {
        if let Some(service) = self.request.services.first() {
            return Err(LoadError::Usage(format!("{service}: {path} has no services; choose a stage with --target")));
        }
        let unit = self.dockerfile(path, None).map_err(|error| LoadError::Usage(format!("{path}: {error}")))?;
        let build = Build { name: path.to_owned(), unit, context: files::parent(path).to_owned(), ..Build::default() };
        let build = self.shaped(self.named(build));
        self.check_context(&build);
        self.loaded.builds.push(build);
        Ok(())
    }

    fn compose(&mut self, paths: Vec<String>) -> Result<(), LoadError> {
        let project = self.project(paths.clone())?;
        self.loaded.compose_files = paths;
        let services = self.selected(&project)?;
        let (mut builds, mut users) = (Vec::new(), Vec::new());
        for service in services {
            match (&service.build, &service.image) {
                (Some(_), _) => builds.push(service),
                (None, Some(image)) => users.push((service.name.value.clone(), image.value.clone())),
                (None, None) => {}
            }
        }
        if !self.request.tags.is_empty() && builds.len() != 1 {
            let names: Vec<&str> = builds.iter().map(|service| service.name.value.as_str()).collect();
            return Err(LoadError::Usage(format!("--tag names one image, and this would build {}; name one service", names.join(", "))));
        }
        self.loaded.users = users;
        self.loaded.services = project.services.iter().map(|service| service.name.value.clone()).collect();
        self.add_builds(&project, builds, true);
        if self.problems.is_empty() && !self.request.services.is_empty() {
            self.add_needed(&project);
        }
        Ok(())
    }

    fn project(&mut self, paths: Vec<String>) -> Result<Project, LoadError> {
        let request = compose::Request {
            files: paths,
            profiles: self.request.profiles.clone(),
            env_files: self.request.env_files.clone(),
            project_name: self.request.project_name.clone(),
            environment: self.request.env.clone(),
            root: self.request.root.clone(),
            canonical: true,
            all_profiles: true,
            ..compose::Request::default()
        };
        let project = compose::load(&request, self.disk, self.sources).project;
        let fatal: Vec<Problem> = project
            .problems
            .iter()
            // What a container is given when it starts has no part in its image.
            .filter(|problem| problem.fatal && problem.kind != compose::ProblemKind::EnvFileMissing)
            .map(|problem| Problem { span: Some(problem.span), message: problem.message.clone(), help: problem.help.clone() })
            .collect();
        if fatal.is_empty() { Ok(project) } else { Err(LoadError::Problems(fatal)) }
    }

    /// The services that were asked for; without any, those whose profiles are on.
    fn selected<'p>(&self, project: &'p Project) -> Result<Vec<&'p Service>, LoadError> {
        if self.request.services.is_empty() {
            return Ok(project.services.iter().filter(|service| self.enabled(service)).collect());
        }
        let names: Vec<&str> = project.services.iter().map(|service| service.name.value.as_str()).collect();
        for wanted in &self.request.services {
            if names.contains(&wanted.as_str()) {
                continue;
            }
            let hint = match closest(wanted, &names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("there are: {}", names.join(", ")),
            };
            return Err(LoadError::Usage(format!("there is no service `{wanted}`; {hint}")));
        }
        Ok(project.services.iter().filter(|service| self.request.services.contains(&service.name.value)).collect())
    }

    fn enabled(&self, service: &Service) -> bool {
        let on = |profile: &str| self.request.profiles.iter().any(|p| p == profile || p == "*");
        service.profiles.is_empty() || service.profiles.iter().any(|profile| on(&profile.value))
    }

    /// What the command line says of one image is about those that were asked for.
    fn add_builds(&mut self, project: &Project, services: Vec<&Service>, asked: bool) {
        for service in services {
            match self.build(project, service) {
                Ok(build) => {
                    let build = self.shaped(if asked { self.named(build) } else { build });
                    self.check_context(&build);
                    self.loaded.builds.push(build);
                }
                Err(problem) => self.problems.push(problem),
            }
        }
    }

    /// Adds the builds of images that the chosen ones are made from, until none is missing.
    fn add_needed(&mut self, project: &Project) {
        for _ in 0..project.services.len() {
            let Ok(Plan { outside, .. }) = plan(&self.loaded.input()) else { return };
            let users: Vec<String> = self.loaded.users.iter().map(|(_, image)| image.clone()).collect();
            let missing = |service: &&Service| {
                let name = &service.name.value;
                let here = self.loaded.builds.iter().any(|build| build.name == *name);
                let tags = tags(project, service);
                let wanted = outside.iter().chain(&users).any(|image| super::images::is_called(image, name, &tags));
                service.build.is_some() && !here && wanted
            };
            let missing: Vec<&Service> = project.services.iter().filter(missing).collect();
            if missing.is_empty() || !self.problems.is_empty() {
                return;
            }
            self.add_builds(project, missing, false);
        }
    }

    fn build(&mut self, project: &Project, service: &Service) -> Result<Build, Problem> {
        let name = &service.name.value;
        let Some(build) = &service.build else { return Err(Problem::at(service.span, format!("`{name}` has no build"))) };
        let unit = match (&build.inline, &build.dockerfile_path) {
            (Some(text), _) => {
                let path = format!("{}#{name}", self.sources.path(text.span.file));
                self.dockerfile(&path, Some(&text.value))
            }
            (None, Some(path)) => self.dockerfile(path, None),
            (None, None) => {
                let text = format!(
                    "`{name}` is built from {}: a Dockerfile that only the builder can fetch cannot be planned",
                    build.context.value
                );
                return Err(Problem::at(build.context.span, text));
            }
        };
        let unit = unit.map_err(|error| {
            let path = build.dockerfile_path.clone().unwrap_or_default();
            let span = build.dockerfile.as_ref().map_or(build.span, |text| text.span);
            let help = format!("write the Dockerfile, or let `dockerfile:` name it from the context {}", build.context.value);
            Problem::at(span, format!("`{name}` is built from {path}: {error}")).help(help)
        })?;
        let value = |text: &Option<crate::text::Text>| text.as_ref().map(|text| text.value.clone());
        let env = |var: &compose::EnvVar| {
            let outside = || self.request.env.get(&var.name.value).cloned();
            Some((var.name.value.clone(), value(&var.value).or_else(outside)?))
        };
        let texts = |texts: &[crate::text::Text]| texts.iter().map(|text| text.value.clone()).collect::<Vec<_>>();
        Ok(Build {
            name: name.clone(),
            service: true,
            span: Some(service.name.span),
            tags: tags(project, service),
            unit,
            context: build.context_dir.clone().unwrap_or_else(|| build.context.value.clone()),
            target: value(&build.target),
            target_span: build.target.as_ref().map(|target| target.span),
            args: build.args.iter().filter_map(env).collect(),
            platforms: texts(&build.platforms),
            settings: Settings {
                contexts: build.additional_contexts.iter().map(|(name, context)| (name.value.clone(), context.value.clone())).collect(),
                folders: build.context_folders.iter().cloned().collect(),
                labels: build.labels.iter().filter_map(env).collect(),
                network: value(&build.network),
                extra_hosts: build.extra_hosts.clone(),
                shm_size: build.shm_size,
                cache_from: texts(&build.cache_from),
                cache_to: texts(&build.cache_to),
                secrets: build.secrets.iter().map(|name| secret(project, build, &name.value)).collect(),
                ssh: build.ssh.clone(),
                ulimits: build.ulimits.clone(),
                entitlements: entitlements(build),
                no_cache_filter: texts(&build.no_cache_filter),
                no_cache: build.no_cache,
                pull: build.pull,
                attestations: attestations(build),
            },
            places: Places {
                cache_to: build.cache_to.iter().map(|text| text.span).collect(),
                contexts: build.additional_contexts.iter().map(|(name, _)| (name.value.clone(), name.span)).collect(),
            },
        })
    }

    /// The build with the names and the stage of the command line.
    fn named(&self, mut build: Build) -> Build {
        build.tags.extend(self.request.tags.iter().cloned());
        if let Some(target) = &self.request.target {
            build.target = Some(target.clone());
            build.target_span = None;
        }
        build
    }

    /// The build with what the command line says of all.
    fn shaped(&self, mut build: Build) -> Build {
        build.args.extend(self.request.build_args.iter().cloned());
        build.settings.no_cache |= self.request.no_cache;
        if !self.request.platforms.is_empty() {
            build.platforms.clone_from(&self.request.platforms);
        }
        build
    }

    fn check_context(&mut self, build: &Build) {
        if !is_folder(&build.context) {
            return;
        }
        let problem = match self.disk.kind(&build.context) {
            Some(Kind::Dir) => return,
            Some(_) => format!("`{}` is built in {}, which is no folder", build.name, build.context),
            None => format!("`{}` is built in {}, which is not there", build.name, build.context),
        };
        self.problems.push(Problem { span: build.span, message: problem, help: None });
    }

    /// Reads a Dockerfile once; its syntax errors are problems.
    fn dockerfile(&mut self, path: &str, inline: Option<&str>) -> Result<usize, FileError> {
        let path = if inline.is_some() { path.to_owned() } else { files::normalize(path) };
        if let Some(place) = self.loaded.dockerfiles.iter().position(|parsed| parsed.path == path) {
            return Ok(place);
        }
        let file = match inline {
            Some(text) => self.sources.add(&path, text.to_owned()),
            None => self.sources.add_bytes(&path, self.disk.read(&path)?),
        };
        let ast = dockerfile::parse(self.sources.get(file));
        if let Some(error) = ast.errors.first() {
            self.problems.push(Problem { span: Some(error.span), message: error.message.clone(), help: error.help.clone() });
        }
        self.loaded.dockerfiles.push(Parsed { path, file, ast, inline: inline.is_some() });
        Ok(self.loaded.dockerfiles.len() - 1)
    }
}

/// The names that Compose gives an image: `image`, or the project and the service; and `tags`.
fn tags(project: &Project, service: &Service) -> Vec<String> {
    let own = service.image.as_ref().map(|image| image.value.clone());
    let mut tags = vec![own.unwrap_or_else(|| format!("{}-{}", project.name, service.name.value))];
    for tag in service.build.iter().flat_map(|build| &build.tags) {
        if !tags.contains(&tag.value) {
            tags.push(tag.value.clone());
        }
    }
    tags
}

fn secret(project: &Project, build: &compose::Build, name: &str) -> Secret {
    let id = build.secret_targets.iter().find(|(source, _)| source == name).map_or(name, |(_, target)| target);
    let defined = project.resources.iter().find(|r| r.kind == compose::ResourceKind::Secret && r.name.value == name);
    let file = defined.and_then(|r| r.path.clone()).map(SecretSource::File);
    let variable = || Some(SecretSource::Env(defined?.environment.as_ref()?.value.clone()));
    Secret { id: id.to_owned(), source: file.or_else(variable).unwrap_or(SecretSource::Elsewhere) }
}

/// What a build is allowed, by name; a privileged one everything that needs to be allowed.
fn entitlements(build: &compose::Build) -> Vec<String> {
    let mut all: Vec<String> = build.entitlements.iter().map(|text| text.value.clone()).collect();
    if build.privileged {
        all.push("security.insecure".to_owned());
    }
    if build.network.as_ref().is_some_and(|network| network.value == "host") {
        all.push("network.host".to_owned());
    }
    all.sort();
    all.dedup();
    all
}

/// What is to be said about the image beside the image: `true` for the usual, or settings.
fn attestations(build: &compose::Build) -> Vec<(&'static str, String)> {
    let asked = [("sbom", &build.sbom), ("provenance", &build.provenance)];
    let one = |(kind, text): (&'static str, &Option<crate::text::Text>)| match text.as_ref()?.value.to_lowercase().as_str() {
        "" | "0" | "f" | "false" => None,
        "1" | "t" | "true" => Some((kind, String::new())),
        _ => Some((kind, text.as_ref()?.value.clone())),
    };
    asked.into_iter().filter_map(one).collect()
}

fn is_yaml(path: &str) -> bool {
    [".yml", ".yaml", ".json"].iter().any(|end| path.ends_with(end))
}
