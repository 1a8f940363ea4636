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
    name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| DEVELOPMENT.iter().any(|d| d.eq_ignore_ascii_case(word)))
}

/// Whether a runtime is meant for development, by the names of its Compose files, service, profiles, target and stage,
/// or by an environment that says so.
pub(crate) fn for_development(stack: &Stack, runtime: &Runtime) -> bool {
    named_so(stack, runtime) || says_so(runtime) || source_is_mounted(stack, runtime) || has_production_sibling(stack, runtime)
}

fn named_so(stack: &Stack, runtime: &Runtime) -> bool {
    let mut names: Vec<&str> = Vec::new();
    if let Some((project, service)) = runtime.service.and_then(|at| stack.service(at)) {
        // a base file is not named by its overlays: the last file decides what the project is for
        let last = project.files.iter().filter(|f| files::parent(stack.sources.path(**f)) == project.dir).max();
        names.extend(project.files.iter().take(2).chain(last).map(|f| files::file_name(stack.sources.path(*f))));
        names.push(&service.name.value);
        names.extend(service.profiles.iter().map(|p| p.value.as_str()));
        names.extend(service.container_name.as_ref().map(|c| c.value.as_str()));
    }
    if let Some((unit, stage)) = runtime.stage.and_then(|(u, n)| Some((stack.dockerfiles.get(u)?, n))) {
        names.push(files::file_name(&unit.path));
        names.extend(unit.stages.get(stage).and_then(|s| s.name.as_deref()));
    }
    names.into_iter().any(named_development)
}

/// The environment says so.
fn says_so(runtime: &Runtime) -> bool {
    const SAYS: [&str; 10] = [
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
    SAYS.iter().filter_map(|n| runtime.env_value(n)).any(named_development)
}

/// A base file beside files that are named for production is the one for development.
fn has_production_sibling(stack: &Stack, runtime: &Runtime) -> bool {
    let Some((project, _)) = runtime.service.and_then(|at| stack.service(at)) else { return false };
    const PRODUCTION: [&str; 5] = ["prod", "production", "deploy", "release", "live"];
    let production = |path: &str| {
        let mut words = files::file_name(path).split(|c: char| !c.is_ascii_alphanumeric());
        words.any(|word| PRODUCTION.iter().any(|p| p.eq_ignore_ascii_case(word)))
    };
    let own = project.files.iter().any(|f| production(stack.sources.path(*f)));
    !own && stack.projects_in(&project.dir).any(|(_, p)| p.files.iter().any(|f| production(stack.sources.path(*f))))
}

/// The folder that the program lies in is mounted from the host: nobody deploys like that. Where the image of a store has its
/// working folder, its data lie.
fn source_is_mounted(stack: &Stack, runtime: &Runtime) -> bool {
    let Some((_, service)) = runtime.service.and_then(|at| stack.service(at)) else { return false };
    let Some(workdir) = runtime.workdir.as_deref().filter(|dir| *dir != "/") else { return false };
    let own = service.working_dir.is_some() || runtime.stage.is_none_or(|(unit, stage)| sets_workdir(stack, unit, stage));
    if !own && runtime.image.as_ref().is_some_and(|i| super::exposure::kind(i).is_some()) {
        return false;
    }
    let bind = |m: &&crate::compose::ServiceMount| m.kind == crate::compose::MountKind::Bind && !m.read_only;
    service.mounts.iter().filter(bind).any(|m| files::strip_prefix(&files::normalized(&m.target), workdir).is_some())
}

/// Whether a WORKDIR of the project's own says where a stage works.
fn sets_workdir(stack: &Stack, unit: usize, stage: usize) -> bool {
    let Some(unit) = stack.dockerfiles.get(unit) else { return false };
    unit.chain(stage).into_iter().filter_map(|n| unit.stages.get(n)).any(|s| !s.workdirs.is_empty())
}
