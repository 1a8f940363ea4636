//! The plan as `Dockerrun.aws.json` of Elastic Beanstalk, and what such a file cannot say: one service is version 1,
//! several are version 2, whose containers are those of an ECS task definition.

mod container;
mod first;
mod linux;
mod lost;
mod volumes;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use self::container::Container;
use self::lost::Report;
use self::volumes::Volumes;
use super::compose_files::compose_files;
use super::load::{LoadError, Request};
use super::{Problem, closest};
use crate::compose::{self, Project, ResourceKind, Service};
use crate::files::{Files, Kind};
use crate::source::Sources;
use crate::stack;

type Object = Map<String, Value>;

/// Where Beanstalk unpacks what is uploaded.
const BUNDLE: &str = "/var/app/current";

/// A Dockerrun file.
#[derive(Clone, Debug)]
pub struct Export {
    /// Its text.
    pub text: String,
    /// What the Compose files say and it does not, in order of place.
    pub lost: Vec<Problem>,
}

/// Makes the file for the services that a request names and what they depend on; for all where it names none.
pub fn dockerrun(request: &Request, disk: &dyn Files, sources: &mut Sources) -> Result<Export, LoadError> {
    if let Some(path) = request.path.as_deref().filter(|path| is_dockerfile(disk, path)) {
        return Ok(first::of_dockerfile(request, path, disk));
    }
    let paths = compose_files(request, disk, "a Dockerrun file")?;
    let loaded = load(request, paths.clone(), disk, sources)?;
    let project = &loaded.project;
    let services = loaded.json.as_ref().and_then(|json| json.get("services")?.as_object()).cloned().unwrap_or_default();
    let chosen = chosen(request, project)?;
    let mut report = Report::new(project, sources);
    let mut volumes = Volumes::new(&request.root, &project.dir, loaded.json.as_ref());
    let file = match chosen.as_slice() {
        [] => return Err(LoadError::Usage("these Compose files have no service that would start".to_owned())),
        [one] => {
            let ports = first::exposed(request, paths, one, disk);
            first::file(one, entry(&services, one), &ports, &mut volumes, &mut report)
        }
        several => second(several, &services, project, &mut volumes, &mut report),
    };
    resources(project, &chosen, &mut report);
    let text = serde_json::to_string_pretty(&file).unwrap_or_default() + "\n";
    Ok(Export { text, lost: report.finish() })
}

fn is_dockerfile(disk: &dyn Files, path: &str) -> bool {
    let is_yaml = [".yml", ".yaml", ".json"].iter().any(|end| path.ends_with(end));
    disk.kind(path).is_some_and(|kind| kind != Kind::Dir) && !is_yaml
}

fn load(request: &Request, files: Vec<String>, disk: &dyn Files, sources: &mut Sources) -> Result<compose::Loaded, LoadError> {
    let wanted = compose::Request {
        files,
        // A service that is asked for by name starts whatever its profiles.
        all_profiles: true,
        env_files: request.env_files.clone(),
        project_name: request.project_name.clone(),
        environment: request.env.clone(),
        root: request.root.clone(),
        canonical: true,
        ..compose::Request::default()
    };
    let loaded = compose::load(&wanted, disk, sources);
    if let Some((path, reason)) = loaded.unreadable.first() {
        return Err(LoadError::Usage(format!("{path}: {reason}")));
    }
    let problem = |p: &compose::Problem| Problem { span: Some(p.span), message: p.message.clone(), help: p.help.clone() };
    let fatal: Vec<Problem> = loaded.project.problems.iter().filter(|problem| problem.fatal).map(problem).collect();
    if fatal.is_empty() { Ok(loaded) } else { Err(LoadError::Problems(fatal)) }
}

/// The services that would start, in the order of the project.
fn chosen<'p>(request: &Request, project: &'p Project) -> Result<Vec<&'p Service>, LoadError> {
    let on = |profile: &str| request.profiles.iter().any(|p| p == profile || p == "*");
    let enabled = |service: &Service| service.profiles.is_empty() || service.profiles.iter().any(|profile| on(&profile.value));
    if request.services.is_empty() {
        return Ok(project.services.iter().filter(|service| enabled(service)).collect());
    }
    let names: Vec<&str> = project.services.iter().map(|service| service.name.value.as_str()).collect();
    let mut wanted = BTreeSet::new();
    let mut waiting = Vec::new();
    for name in &request.services {
        if !names.contains(&name.as_str()) {
            let hint = match closest(name, &names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("there are: {}", names.join(", ")),
            };
            return Err(LoadError::Usage(format!("there is no service `{name}`; {hint}")));
        }
        waiting.push(name.as_str());
    }
    while let Some(name) = waiting.pop() {
        if let Some(service) = project.service(name).filter(|_| wanted.insert(name)) {
            waiting.extend(service.depends_on.iter().map(|d| d.service.value.as_str()));
            waiting.extend(service.links.iter().map(|link| link.service.as_str()));
        }
    }
    Ok(project.services.iter().filter(|service| wanted.contains(service.name.value.as_str())).collect())
}

fn entry(services: &Object, service: &Service) -> Object {
    services.get(&service.name.value).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn second(chosen: &[&Service], services: &Object, project: &Project, volumes: &mut Volumes, report: &mut Report) -> Value {
    let links = links(chosen);
    let mut definitions = Vec::new();
    for service in chosen {
        let mut left = entry(services, service);
        let own = links.get(service.name.value.as_str()).cloned().unwrap_or_default();
        let mut container = Container::new(service, project, chosen, &mut left, report);
        definitions.push(Value::Object(container.definition(&own, volumes)));
        report.left(service, &left, lost::Version::Second);
    }
    let mut file = Object::new();
    file.insert("AWSEBDockerrunVersion".to_owned(), json!(2));
    let volumes = volumes.list();
    if !volumes.is_empty() {
        file.insert("volumes".to_owned(), json!(volumes));
    }
    file.insert("containerDefinitions".to_owned(), json!(definitions));
    Value::Object(file)
}

/// Who must reach whom by name, as `name` or `name:alias`: what Compose orders and links, and names in URLs. Containers
/// of a task know each other by links only, and links must not run in a circle.
fn links<'p>(chosen: &[&'p Service]) -> BTreeMap<&'p str, Vec<String>> {
    let mut reached: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut links: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let names: Vec<&'p str> = chosen.iter().map(|service| service.name.value.as_str()).collect();
    let known = |name: &str| names.iter().copied().find(|known| *known == name);
    let mut wanted: Vec<(&'p str, &'p str, Option<&'p str>)> = Vec::new();
    for service in chosen {
        let from = service.name.value.as_str();
        wanted.extend(service.depends_on.iter().filter_map(|on| Some((from, known(&on.service.value)?, None))));
        wanted.extend(service.links.iter().filter_map(|link| Some((from, known(&link.service)?, Some(link.alias.as_str())))));
    }
    for service in chosen {
        let values = service.environment.iter().filter_map(|var| var.value.as_ref());
        let named = values.flat_map(|value| names.iter().copied().filter(|name| names_host(&value.value, name)));
        wanted.extend(named.map(|name| (service.name.value.as_str(), name, None)));
    }
    for (from, to, alias) in wanted {
        let back = from == to || reached.get(to).is_some_and(|all| all.contains(from));
        let container = container_name(to);
        let link = match alias.filter(|alias| *alias != container).or((container != to).then_some(to)) {
            Some(alias) => format!("{container}:{alias}"),
            None => container,
        };
        let own = links.entry(from).or_default();
        if back || own.contains(&link) {
            continue;
        }
        own.push(link);
        let below: Vec<&str> = reached.get(to).into_iter().flatten().copied().chain([to]).collect();
        for (name, all) in &mut reached {
            if *name == from || all.contains(from) {
                all.extend(below.iter().copied());
            }
        }
        reached.entry(from).or_default().extend(below);
    }
    links
}

/// Whether a value holds this name where a host's name stands: alone, after `@` or `//`, or before a port.
fn names_host(value: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    value.match_indices(name).any(|(at, _)| {
        let before = value.get(..at).unwrap_or_default();
        let after = value.get(at + name.len()..).unwrap_or_default();
        if before.ends_with(part) || after.starts_with(part) {
            return false;
        }
        let port = after.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
        let opens = before.is_empty() || before.ends_with([',', ' ']);
        (opens && (port || after.is_empty() || after.starts_with(','))) || before.ends_with("//") || before.ends_with('@')
    })
}

/// What a container may be called.
fn container_name(service: &str) -> String {
    service.replace('.', "_")
}

/// What stands at the top of the files.
fn resources(project: &Project, chosen: &[&Service], report: &mut Report) {
    for resource in project.resources.iter().filter(|resource| resource.kind == ResourceKind::Network) {
        let message = "all containers of an instance share one bridge, where only links join them".to_owned();
        report.add(Some(resource.name.span), &format!("networks.{}", resource.name.value), message, None);
    }
    let names = |list: &[crate::source::At<String>], name: &str| list.iter().any(|used| used.value == name);
    for resource in &project.resources {
        let (key, used) = match resource.kind {
            ResourceKind::Secret => ("secrets", chosen.iter().any(|service| names(&service.secrets, &resource.name.value))),
            ResourceKind::Config => ("configs", chosen.iter().any(|service| names(&service.configs, &resource.name.value))),
            _ => continue,
        };
        // What a service uses is said at that service.
        if !used {
            let message = "Beanstalk knows nothing of the kind".to_owned();
            report.add(Some(resource.name.span), &format!("{key}.{}", resource.name.value), message, None);
        }
    }
}

/// A part of the stack as rules see it, for what images expose.
fn stack_of(request: &Request, compose_files: Vec<String>, dockerfile: Option<&str>, disk: &dyn Files) -> stack::Stack {
    let wanted = stack::Request {
        candidates: dockerfile.map(|path| stack::Candidate { path: path.to_owned(), explicit: true, size: None }).into_iter().collect(),
        compose_files,
        env_files: request.env_files.clone(),
        build_args: request.build_args.clone(),
        target: request.target.clone(),
        ..stack::Request::default()
    };
    stack::load(&wanted, disk)
}
