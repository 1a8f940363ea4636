//! The plan as `docker-bake.json`: the targets that `docker buildx bake --print` makes of the same Compose files.

mod entries;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use self::entries::{attestations, caches, escape, hosts, outputs, secret, size, ssh, strings, texts, ulimits, words};
use super::compose_files::compose_files;
use super::load::{LoadError, Request};
use super::{Problem, closest};
use crate::compose::{self, ProblemKind, Project, ResourceKind, Service};
use crate::files::{Files, Kind};
use crate::source::{Sources, Span};

type Object = Map<String, Value>;

/// The project's name where neither a file nor the environment gives one.
const PROJECT: &str = "bake";

/// The keys of a service that have a part in its target; whatever is wrong elsewhere is no matter here.
const READ: [&str; 5] = ["build", "image", "environment", "env_file", "extends"];
/// Keys with a short form, which is read before what has no part in a target is thrown away.
const SHORT: [&str; 7] = ["ports", "volumes", "devices", "secrets", "configs", "depends_on", "gpus"];

/// What the command line says beyond the [`Request`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// `--no-cache`.
    pub no_cache: bool,
    /// `--pull`.
    pub pull: bool,
}

/// The file's text.
pub fn bake(request: &Request, options: Options, disk: &dyn Files, sources: &mut Sources) -> Result<String, LoadError> {
    let loaded = load(request, disk, sources)?;
    let baker = Baker { loaded: &loaded, request, disk };
    let mut targets = baker.targets()?;
    if loaded.project.services.is_empty() {
        return Err(LoadError::Usage("these Compose files have no services, so there is nothing to build".to_owned()));
    }
    let group = baker.group(&targets)?;
    let chosen = links(&targets, &group).map_err(problem)?;
    targets.retain(|name, _| chosen.contains(name));
    for (name, target) in &mut targets {
        match group.contains(name) {
            true => shape(target, request, options),
            false => drop(target.insert("output".to_owned(), json!([{"type": "cacheonly"}]))),
        }
    }
    let mut file = json!({"group": {"default": {"targets": group}}, "target": targets});
    escape(&mut file, 0);
    Ok(serde_json::to_string_pretty(&file).unwrap_or_default() + "\n")
}

fn problem(text: String) -> LoadError {
    LoadError::Problems(vec![Problem::new(text)])
}

fn load(request: &Request, disk: &dyn Files, sources: &mut Sources) -> Result<compose::Loaded, LoadError> {
    let paths = compose_files(request, disk, "a bake file")?;
    let set = |name: &str| request.env.get(name).filter(|value| !value.is_empty());
    let beside_file =
        set("BUILDX_BAKE_FILE_RELATIVE_PATHS").is_some_and(|on| matches!(on.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True"));
    let dotenv = disk.kind(".env") == Some(Kind::File) && request.env_files.is_empty();
    let wanted = compose::Request {
        dir: (!beside_file).then(|| ".".to_owned()),
        files: paths,
        all_profiles: true,
        project_name: request.project_name.clone(),
        default_name: Some(PROJECT.to_owned()),
        env_files: if dotenv { vec![".env".to_owned()] } else { request.env_files.clone() },
        environment: request.env.clone(),
        // The paths of a bake file count from the working folder.
        root: String::new(),
        canonical: true,
        ..compose::Request::default()
    };
    let loaded = compose::load(&wanted, disk, sources);
    if let Some((path, reason)) = loaded.unreadable.first() {
        return Err(LoadError::Usage(format!("{path}: {reason}")));
    }
    let fatal: Vec<Problem> = loaded
        .project
        .problems
        .iter()
        .filter(|problem| problem.fatal && matters(&loaded.project, problem))
        .map(|problem| Problem { span: Some(problem.span), message: problem.message.clone(), help: problem.help.clone() })
        .collect();
    if fatal.is_empty() { Ok(loaded) } else { Err(LoadError::Problems(fatal)) }
}

/// Whether a problem stands where bake reads.
fn matters(project: &Project, problem: &compose::Problem) -> bool {
    use ProblemKind::{DependencyCycle, Invalid, Scale, Schema, UndefinedReference};
    if !matches!(problem.kind, Schema | UndefinedReference | DependencyCycle | Scale | Invalid) {
        return true;
    }
    let inside = |span: &Span| span.file == problem.span.file && (span.start..=span.end).contains(&problem.span.start);
    let builds = project.services.iter().filter_map(|service| service.build.as_ref());
    let secrets = project.resources.iter().filter(|resource| resource.kind == ResourceKind::Secret);
    if builds.map(|build| &build.span).chain(secrets.map(|secret| &secret.span)).any(inside) {
        return true;
    }
    let Some(service) = project.services.iter().find(|service| inside(&service.span)) else {
        return problem.kind == Invalid;
    };
    let before = |span: Span| span.file == problem.span.file && span.start <= problem.span.start;
    let key = service.keys.iter().filter(|key| before(key.span)).max_by_key(|key| key.span.start);
    let read_early = matches!(problem.kind, Schema | Invalid);
    key.is_none_or(|key| READ.contains(&key.value.as_str()) || (read_early && SHORT.contains(&key.value.as_str())))
}

struct Baker<'a> {
    loaded: &'a compose::Loaded,
    request: &'a Request,
    disk: &'a dyn Files,
}

impl Baker<'_> {
    /// The targets of all services that are built, by name. Services whose names become the same make one target.
    fn targets(&self) -> Result<BTreeMap<String, Object>, LoadError> {
        let mut targets = BTreeMap::new();
        let printed = self.loaded.json.as_ref().and_then(|json| json.get("services"));
        for service in self.loaded.project.services.iter().filter(|service| service.build.is_some()) {
            let name = &service.name.value;
            let build = printed.and_then(|all| all.get(name)?.get("build")?.as_object()).cloned().unwrap_or_default();
            let target = self.target(service, &build).map_err(|text| {
                let span = service.build.as_ref().map_or(service.span, |build| build.span);
                LoadError::Problems(vec![Problem::at(span, text)])
            })?;
            merge(targets.entry(target_name(name)).or_default(), target);
        }
        Ok(targets)
    }

    fn target(&self, service: &Service, build: &Object) -> Result<Object, String> {
        let mut target = Object::new();
        let text = |key: &str| build.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        target.insert("context".to_owned(), json!(text("context").unwrap_or(".")));
        target.insert("dockerfile".to_owned(), json!(text("dockerfile").unwrap_or("Dockerfile")));
        for (key, name) in [("dockerfile_inline", "dockerfile-inline"), ("target", "target"), ("network", "network")] {
            if let Some(value) = text(key) {
                target.insert(name.to_owned(), json!(value));
            }
        }
        if text("network") == Some("host") {
            target.insert("entitlements".to_owned(), json!(["network.host"]));
        }
        let contexts = build.get("additional_contexts").and_then(Value::as_object).into_iter().flatten();
        put(
            &mut target,
            "contexts",
            contexts.map(|(name, value)| (name.clone(), json!(link(value.as_str().unwrap_or_default())))).collect(),
        );
        put(&mut target, "args", self.args(service, build));
        put(&mut target, "labels", build.get("labels").and_then(Value::as_object).cloned().unwrap_or_default());
        put(&mut target, "extra-hosts", hosts(&strings(build.get("extra_hosts"))));
        let image = service.image.iter().map(|image| image.value.clone()).filter(|image| !image.is_empty()).collect();
        let tags = strings(build.get("tags"));
        append(&mut target, "tags", texts(if tags.is_empty() { image } else { tags }));
        append(&mut target, "platforms", texts(strings(build.get("platforms"))));
        append(&mut target, "cache-from", caches(&strings(build.get("cache_from")))?);
        append(&mut target, "cache-to", caches(&strings(build.get("cache_to")))?);
        append(&mut target, "ssh", strings(build.get("ssh")).iter().map(|key| ssh(&key.replacen(": ", "=", 1))).collect());
        append(&mut target, "secret", self.secrets(build)?);
        append(&mut target, "ulimits", ulimits(build));
        append(&mut target, "attest", attestations(build)?);
        if let Some(bytes) = text("shm_size").and_then(|bytes| bytes.parse().ok()) {
            target.insert("shm-size".to_owned(), json!(size(bytes)));
        }
        for (key, name) in [("no_cache", "no-cache"), ("pull", "pull")] {
            if build.get(key) == Some(&json!(true)) {
                target.insert(name.to_owned(), json!(true));
            }
        }
        if let Some(own) = self.loaded.bake.get(&service.name.value).and_then(Value::as_object) {
            extend(&mut target, own)?;
        }
        self.check_files(&target)?;
        Ok(target)
    }

    /// Arguments without a value take the service's own variable, then the environment's; else they are left out.
    fn args(&self, service: &Service, build: &Object) -> Object {
        let outside = |name: &str| build.get("args")?.get(name)?.as_str().map(str::to_owned);
        let own = |name: &str| Some(service.env(name)?.value.as_ref()?.value.clone());
        let args = service.build.iter().flat_map(|build| &build.args);
        args.filter_map(|arg| {
            let name = &arg.name.value;
            let value = arg.value.as_ref().map(|text| text.value.clone());
            Some((name.clone(), json!(value.or_else(|| own(name)).or_else(|| outside(name))?)))
        })
        .collect()
    }

    fn secrets(&self, build: &Object) -> Result<Vec<Value>, String> {
        let defined = self.loaded.json.as_ref().and_then(|json| json.get("secrets"));
        let wanted = build.get("secrets").and_then(Value::as_array).into_iter().flatten();
        wanted
            .filter_map(|secret| {
                let id = secret.get("source")?.as_str()?;
                let own = defined.and_then(|all| all.get(id));
                if own.and_then(|own| own.get("external")) == Some(&json!(true)) {
                    return Some(Err(format!("the secret `{id}` is external, and a build can read only files and variables")));
                }
                let field = |key: &str| own?.get(key)?.as_str().filter(|text| !text.is_empty());
                Some(Ok(match (field("file"), field("environment")) {
                    (Some(file), _) => json!({"id": id, "src": file}),
                    (None, Some(variable)) => json!({"id": id, "env": variable}),
                    (None, None) => json!({"id": id}),
                }))
            })
            .collect()
    }

    /// What bake opens even to print: files of secrets, keys and the agent's socket.
    fn check_files(&self, target: &Object) -> Result<(), String> {
        for secret in target.get("secret").and_then(Value::as_array).into_iter().flatten() {
            match secret.get("src").and_then(Value::as_str) {
                Some(path) if self.disk.kind(path).is_none() => return Err(format!("the secret's file {path} is not there")),
                _ => {}
            }
        }
        let keys = target.get("ssh").and_then(Value::as_array).map_or(0, Vec::len);
        let agent = self.request.env.get("SSH_AUTH_SOCK").is_some_and(|socket| !socket.is_empty());
        if let Some(context) = target.get("context").and_then(Value::as_str).filter(|context| over_ssh(context) && keys == 0 && !agent) {
            return Err(format!("{context} is fetched over ssh with your agent's keys, and SSH_AUTH_SOCK is not set"));
        }
        for key in target.get("ssh").and_then(Value::as_array).into_iter().flatten() {
            let id = key.get("id").and_then(Value::as_str).unwrap_or_default();
            let paths = strings(key.get("paths"));
            if paths.is_empty() && !agent {
                return Err(match id {
                    "default" => "`ssh: default` needs an agent, and SSH_AUTH_SOCK is not set".to_owned(),
                    _ => format!("the ssh key `{id}` has no path; write `{id}=PATH`"),
                });
            }
            if let Some(path) = paths.iter().find(|path| self.disk.kind(path).is_none()) {
                return Err(format!("the ssh key {path} is not there"));
            }
        }
        Ok(())
    }

    /// The targets that were asked for; without any, all.
    fn group(&self, targets: &BTreeMap<String, Object>) -> Result<Vec<String>, LoadError> {
        if self.request.services.is_empty() {
            return Ok(targets.keys().cloned().collect());
        }
        let mut group: Vec<String> = Vec::new();
        for wanted in &self.request.services {
            let name = target_name(wanted);
            if !targets.contains_key(&name) {
                let names: Vec<&str> = targets.keys().map(String::as_str).collect();
                let hint = match closest(&name, &names) {
                    Some(name) => format!("did you mean `{name}`?"),
                    None if names.is_empty() => "no service has `build:`".to_owned(),
                    None => format!("there are: {}", names.join(", ")),
                };
                return Err(LoadError::Usage(format!("no service `{wanted}` is built here; {hint}")));
            }
            if !group.contains(&name) {
                group.push(name);
            }
        }
        Ok(group)
    }
}

/// Whether a context is a repository that is fetched over ssh.
fn over_ssh(context: &str) -> bool {
    let host = context.split_once(':').and_then(|(place, _)| place.split_once('@'));
    context.starts_with("ssh://")
        || (!context.contains("://") && host.is_some_and(|(user, host)| !user.contains('/') && !host.contains('/')))
}

/// A target's name: bake's cannot hold a dot.
fn target_name(service: &str) -> String {
    service.replace('.', "_")
}

/// A context that is another service's image is a target here.
fn link(value: &str) -> String {
    match value.strip_prefix("service:").or_else(|| value.strip_prefix("target:")) {
        Some(service) => format!("target:{}", target_name(service)),
        None => value.to_owned(),
    }
}

/// The targets that others stand on, with all that those need; an error where they stand on each other.
fn links(targets: &BTreeMap<String, Object>, group: &[String]) -> Result<BTreeSet<String>, String> {
    let mut chosen = BTreeSet::new();
    let needs = |name: &String| -> Vec<String> {
        let contexts = targets.get(name).and_then(|target| target.get("contexts")?.as_object()).into_iter().flatten();
        contexts.filter_map(|(_, value)| Some(value.as_str()?.strip_prefix("target:")?.to_owned())).collect()
    };
    let platforms = |name: &String| strings(targets.get(name).and_then(|target| target.get("platforms")));
    let mut waiting: Vec<String> = group.to_vec();
    while let Some(name) = waiting.pop() {
        if !chosen.insert(name.clone()) {
            continue;
        }
        for needed in needs(&name) {
            if needed == name {
                return Err(format!("`{name}` has its own image as a context"));
            }
            if !targets.contains_key(&needed) {
                return Err(format!("`{name}` has the image of `{needed}` as a context, which is not built here"));
            }
            let (own, theirs) = (platforms(&name), platforms(&needed));
            if !theirs.is_empty() && !own.iter().all(|platform| theirs.contains(platform)) {
                return Err(format!("`{name}` is built for {}, but its context `{needed}` only for {}", own.join(", "), theirs.join(", ")));
            }
            waiting.push(needed);
        }
    }
    // What can be put in order, each after its needs, has no loop.
    let mut left: BTreeSet<&String> = chosen.iter().collect();
    loop {
        let ready: Vec<&String> = left.iter().copied().filter(|name| needs(name).iter().all(|needed| !left.contains(needed))).collect();
        match (ready.is_empty(), left.first()) {
            (_, None) => return Ok(chosen),
            (true, Some(name)) => return Err(format!("the contexts of `{name}` lead back to itself")),
            (false, _) => left.retain(|name| !ready.contains(name)),
        }
    }
}

/// What the command line says of every target that was asked for.
fn shape(target: &mut Object, request: &Request, options: Options) {
    if let Some(stage) = &request.target {
        target.insert("target".to_owned(), json!(stage));
    }
    if !request.platforms.is_empty() {
        target.insert("platforms".to_owned(), json!(request.platforms));
    }
    let mut more = Object::new();
    put(&mut more, "args", request.build_args.iter().map(|(name, value)| (name.clone(), json!(value))).collect());
    append(&mut more, "tags", texts(request.tags.clone()));
    merge(target, more);
    for (set, name) in [(options.no_cache, "no-cache"), (options.pull, "pull")] {
        if set {
            target.insert(name.to_owned(), json!(true));
        }
    }
}

/// Lays what stands under `x-bake` over a target.
fn extend(target: &mut Object, own: &Object) -> Result<(), String> {
    let list = |key: &str| words(own.get(key));
    append(target, "tags", texts(list("tags")));
    append(target, "platforms", texts(list("platforms")));
    append(target, "no-cache-filter", texts(list("no-cache-filter")));
    append(target, "cache-from", caches(&list("cache-from"))?);
    append(target, "cache-to", caches(&list("cache-to"))?);
    append(target, "ssh", list("ssh").iter().map(|key| ssh(key)).collect());
    append(target, "secret", list("secret").iter().map(|text| secret(text)).collect::<Result<_, _>>()?);
    append(target, "output", outputs(&list("output"))?);
    for key in ["pull", "no-cache"] {
        if let Some(Value::Bool(on)) = own.get(key) {
            target.insert(key.to_owned(), json!(on));
        }
    }
    let contexts = own.get("contexts").and_then(Value::as_object).into_iter().flatten();
    let mut more = Object::new();
    put(&mut more, "contexts", contexts.map(|(name, value)| (name.clone(), json!(link(value.as_str().unwrap_or_default())))).collect());
    merge(target, more);
    Ok(())
}

/// Lays a target over one of the same name: lists grow, mappings merge, the rest is replaced.
fn merge(target: &mut Object, over: Object) {
    for (key, value) in over {
        match (target.get_mut(&key), value) {
            (Some(Value::Array(_)), Value::Array(items)) => append(target, &key, items),
            (Some(Value::Object(old)), Value::Object(new)) => old.extend(new),
            (_, value) => drop(target.insert(key, value)),
        }
    }
}

/// Adds to a list what it does not hold; an empty one is left out.
fn append(target: &mut Object, key: &str, items: Vec<Value>) {
    if items.is_empty() {
        return;
    }
    if let Value::Array(list) = target.entry(key).or_insert_with(|| json!([])) {
        for item in items {
            // Of secrets and keys the last one of a name counts.
            let same = |other: &Value| match key {
                "secret" | "ssh" => other.get("id") == item.get("id"),
                _ => *other == item,
            };
            match list.iter_mut().find(|other| same(other)) {
                Some(other) => *other = item,
                None => list.push(item),
            }
        }
        if key == "ssh" {
            list.sort_by_key(|key| key.get("id").and_then(Value::as_str).unwrap_or_default().to_owned());
        }
    }
}

fn put(target: &mut Object, key: &str, map: Object) {
    if !map.is_empty() {
        target.insert(key.to_owned(), Value::Object(map));
    }
}
