//! For whom a service, a stage or a file is meant: what is named development is judged as that.

use crate::files;
use crate::stack::{Runtime, Stack};

/// Words that say "not production" in the name of a file, service, stage or profile.
const DEVELOPMENT: [&str; 18] = [
    "dev",
    "devel",
    "develop",
    "development",
    "local",
    "override",
    "test",
    "tests",
    "testing",
    "debug",
    "ci",
    "e2e",
    "example",
    "examples",
    "sample",
    "demo",
    "devcontainer",
    "playground",
];

/// Whether a name says that it is for development or tests: one of its words, `app-dev`, `docker-compose.development.yml`.
pub(crate) fn named_development(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| DEVELOPMENT.contains(&word))
}

/// Whether a runtime is meant for development, by the names of its Compose files, service, profiles, target and stage,
/// or by an environment that says so.
pub(crate) fn for_development(stack: &Stack, runtime: &Runtime) -> bool {
    let mut names: Vec<String> = Vec::new();
    if let Some((project, service)) = runtime.service.and_then(|at| stack.service(at)) {
        // a base file is not named by its overlays: the last file decides what the project is for
        let last = project.files.iter().filter(|f| files::parent(stack.sources.path(**f)) == project.dir).max();
        names.extend(project.files.iter().take(2).chain(last).map(|f| files::file_name(stack.sources.path(*f)).to_owned()));
        names.push(service.name.value.clone());
        names.extend(service.profiles.iter().map(|p| p.value.clone()));
        if let Some(container) = &service.container_name {
            names.push(container.value.clone());
        }
    }
    if let Some((unit, stage)) = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))) {
        names.push(files::file_name(&unit.path).to_owned());
        names.extend(unit.stages.get(stage).and_then(|s| s.name.clone()));
    }
    if has_production_sibling(stack, runtime) || source_is_mounted(stack, runtime) {
        return true;
    }
    let says = [
        "NODE_ENV",
        "APP_ENV",
        "FLASK_ENV",
        "RAILS_ENV",
        "RACK_ENV",
        "ENVIRONMENT",
        "ENV",
        "ASPNETCORE_ENVIRONMENT",
        "DJANGO_ENV",
        "APPLICATION_ENV",
    ];
    let by_env = says.iter().filter_map(|n| runtime.env_value(n)).any(named_development);
    by_env || names.iter().any(|n| named_development(n))
}

/// A base file beside files that are named for production is the one for development.
fn has_production_sibling(stack: &Stack, runtime: &Runtime) -> bool {
    let Some((project, _)) = runtime.service.and_then(|at| stack.service(at)) else { return false };
    let production = |path: &str| {
        let lower = files::file_name(path).to_lowercase();
        lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|w| matches!(w, "prod" | "production" | "deploy" | "release" | "live"))
    };
    let own = project.files.iter().any(|f| production(stack.sources.path(*f)));
    let beside = |p: &crate::compose::Project| p.dir == project.dir && p.files.iter().any(|f| production(stack.sources.path(*f)));
    !own && stack.projects.iter().any(beside)
}

/// The folder that the program lies in is mounted from the host: nobody deploys like that.
fn source_is_mounted(stack: &Stack, runtime: &Runtime) -> bool {
    let Some((_, service)) = runtime.service.and_then(|at| stack.service(at)) else { return false };
    let Some(workdir) = runtime.workdir.as_deref().filter(|dir| *dir != "/") else { return false };
    let bind = |m: &&crate::compose::ServiceMount| m.kind == crate::compose::MountKind::Bind && !m.read_only;
    service.mounts.iter().filter(bind).any(|m| files::strip_prefix(&files::normalize(&m.target), workdir).is_some())
}
