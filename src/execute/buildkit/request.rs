//! What BuildKit is asked for: a build with all its settings, as the attributes that its Dockerfile frontend and its
//! exporters know.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bollard_buildkit_proto::moby::buildkit::v1::{CacheOptions, SolveRequest};
use serde_json::json;

use super::super::backend::Mask;
use super::super::logins::Logins;
use super::super::push::can_be_pushed;
use super::super::{Archive, Job, Order, Output};
use super::blame::Blame;
use super::caches::{self, Kept, Layout};
use super::filesync::Local;
use super::given;
use super::keys::Keys;
use super::session::{Content, LARGEST_SECRET};
use super::steps::Steps;
use super::store::Blobs;
use crate::files;
use crate::plan::input::{Secret, SecretSource, Settings, Unit};
use crate::plan::{Image, looks_secret};

/// What holds for all builds of a run.
pub(super) struct Setting {
    /// The builder is a daemon of its own: nothing is kept where the engine finds it.
    pub daemon: bool,
    /// What `host-gateway` stands for.
    pub gateway: Option<String>,
    /// Whom registries are told we are.
    pub logins: Arc<dyn Logins>,
    /// Keys that are lent without an agent of the user.
    pub keys: Arc<Keys>,
    /// Folders with caches and images that the plan names, by the ids that a builder has for them.
    pub stores: BTreeMap<String, Blobs>,
}

/// A build that is ready to be asked for.
pub(super) struct Ask {
    /// All but the session and the reference.
    pub request: SolveRequest,
    /// Builds of the same key share a session.
    pub key: String,
    /// What the session has to give.
    pub content: Content,
    /// The steps, to tell them again.
    pub steps: Steps,
    /// Values that are shown nowhere.
    pub mask: Mask,
    /// How many steps of the plan the image has.
    pub planned: usize,
    /// Folders into which its cache is written.
    pub kept: Vec<Kept>,
    /// The image's place, where others go on from its result.
    pub gives: Option<usize>,
    /// What it fetches that no instruction names.
    pub blame: Blame,
    /// Names under which the daemon sends it to registries.
    pub pushes: Vec<String>,
    /// Images that it goes on from: under which name it looks for them, and their places.
    pub taken: Vec<(String, usize)>,
}

/// Prepares the build of a node; an error is a text for the user.
pub(super) fn ask(order: &Order<'_>, setting: &Setting) -> Result<Ask, String> {
    let job = order.job;
    let image = job.plan.images.get(order.node.image).ok_or("its image is not in the plan")?;
    let unit = job.input.dockerfiles.get(image.unit).ok_or("its Dockerfile was not read")?;
    let secrets = secrets(job, image)?;
    let output = job.output(order.node.image);
    let content = content(job, image, &secrets, output.cloned(), setting)?;
    let (exporter, exporter_attrs) = exporter(job, image, output, setting);
    let request = SolveRequest {
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs: attributes(order, image, unit, setting)?,
        exporter_deprecated: exporter,
        exporter_attrs_deprecated: exporter_attrs,
        cache: Some(CacheOptions { exports: caches::exports(image)?, ..CacheOptions::default() }),
        entitlements: image.settings.entitlements.clone(),
        ..SolveRequest::default()
    };
    let named: Vec<(&String, &Local)> = content.locals.iter().filter(|(name, _)| *name != "dockerfile").collect();
    let key = format!("{named:?} {:?} {:?} {:?}", image.settings.secrets, content.agents, content.output);
    let taken = if setting.daemon { taken(job, image) } else { Vec::new() };
    let lent = taken.iter().map(|(name, _)| name.clone());
    let contexts = image.settings.contexts.keys().map(|name| given::context_name(name)).chain(lent).collect();
    let stages = image.stages.iter().filter_map(|&place| job.plan.stages.get(place));
    Ok(Ask {
        request,
        key,
        content,
        steps: Steps::of(order, &contexts),
        mask: mask(image, &secrets),
        planned: stages.map(|stage| stage.steps.len()).sum(),
        kept: caches::kept(image, &setting.stores)?,
        gives: Some(order.node.image).filter(|place| setting.daemon && job.plan.images.iter().any(|image| image.needs.contains(place))),
        pushes: if pushes(job, setting) { names(job, image, setting) } else { Vec::new() },
        blame: Blame::of(job, image, unit),
        taken,
    })
}

fn attributes(order: &Order<'_>, image: &Image, unit: &Unit<'_>, setting: &Setting) -> Result<HashMap<String, String>, String> {
    let Order { job, node, .. } = order;
    let settings = &image.settings;
    let mut attrs = HashMap::from([("filename".to_owned(), name_of(unit))]);
    let mut set = |key: &str, value: String| drop(attrs.insert(key.to_owned(), value));
    if is_remote(&image.context) {
        set("context", image.context.clone());
        set("dockerfilekey", "dockerfile".to_owned());
    }
    if let Some(target) = target(job, node.stage) {
        set("target", target);
    }
    if !image.platforms.is_empty() {
        set("platform", image.platforms.join(","));
    }
    image.args.iter().for_each(|(name, value)| set(&format!("build-arg:{name}"), value.clone()));
    settings.labels.iter().for_each(|(name, value)| set(&format!("label:{name}"), value.clone()));
    if job.options.no_cache || settings.no_cache {
        set("no-cache", String::new());
    } else if !settings.no_cache_filter.is_empty() {
        set("no-cache", settings.no_cache_filter.join(","));
    }
    set("image-resolve-mode", resolve_mode(job, image, setting).to_owned());
    if !settings.extra_hosts.is_empty() {
        set("add-hosts", hosts(&settings.extra_hosts, setting)?);
    }
    if let Some(network) = settings.network.as_deref().filter(|network| *network != "default") {
        set("force-network-mode", network.to_owned());
    }
    if let Some(bytes) = settings.shm_size {
        set("shm-size", bytes.to_string());
    }
    if !settings.ulimits.is_empty() {
        let limits = settings.ulimits.iter().map(|(name, soft, hard)| format!("{name}={soft}:{hard}"));
        set("ulimit", limits.collect::<Vec<_>>().join(","));
    }
    if setting.daemon {
        settings.attestations.iter().for_each(|(kind, made)| set(&format!("attest:{kind}"), made.clone()));
    }
    let imports = caches::imports(job, image)?;
    if !imports.is_empty() {
        // In the request itself, where there is a place for them, the Dockerfile frontend overlooks them.
        let imports: Vec<_> = imports.into_iter().map(|cache| json!({"Type": cache.r#type, "Attrs": cache.attrs})).collect();
        set("cache-imports", json!(imports).to_string());
    }
    for (name, value) in &settings.contexts {
        if setting.daemon && built_for(job, value).is_some() {
            continue;
        }
        set(&format!("context:{name}"), named_context(job, name, value)?);
    }
    Ok(attrs)
}

/// The image that a context `service:…` is.
fn built_for(job: &Job<'_>, value: &str) -> Option<usize> {
    let service = value.strip_prefix("service:").or_else(|| value.strip_prefix("target:"))?;
    job.plan.images.iter().position(|image| image.services.iter().any(|name| name == service))
}

/// What a build takes from other builds, by the names under which it looks for it: contexts, and images that are named.
fn taken(job: &Job<'_>, image: &Image) -> Vec<(String, usize)> {
    let tags = |&need: &usize| job.plan.images.get(need).into_iter().flat_map(|needed| &needed.tags).map(move |tag| (tag, need));
    let named = image.needs.iter().flat_map(tags).map(|(tag, need)| (given::context_name(tag), need));
    let contexts = image.settings.contexts.iter().filter_map(|(name, value)| Some((given::context_name(name), built_for(job, value)?)));
    // A context of the same name is what the user means.
    named.chain(contexts).collect()
}

/// The stage to build, by its name; the last one is built where none is named.
fn target(job: &Job<'_>, stage: usize) -> Option<String> {
    let stage = job.plan.stages.get(stage)?;
    let unit = job.input.dockerfiles.get(stage.unit)?;
    stage.name.clone().filter(|_| stage.index + 1 < unit.ast.stages.len())
}

/// An engine looks among its own images first, since what a plan builds is only there.
fn resolve_mode(job: &Job<'_>, image: &Image, setting: &Setting) -> &'static str {
    match (job.options.pull || image.settings.pull, setting.daemon) {
        (true, _) if image.needs.is_empty() => "pull",
        (_, true) => "default",
        (_, false) => "local",
    }
}

/// `name:address` as `name=address`.
fn hosts(all: &[String], setting: &Setting) -> Result<String, String> {
    let one = |host: &String| {
        let (name, address) = host.split_once(':').unwrap_or((host, ""));
        let address = match (address, &setting.gateway) {
            ("host-gateway", Some(gateway)) => gateway.as_str(),
            ("host-gateway", None) => return Err(format!("nobody knows here what `host-gateway` of `{name}` is; write the address")),
            (address, _) => address,
        };
        Ok(format!("{name}={}", address.trim_matches(['[', ']'])))
    };
    Ok(all.iter().map(one).collect::<Result<Vec<_>, String>>()?.join(","))
}

fn named_context(job: &Job<'_>, name: &str, value: &str) -> Result<String, String> {
    let built = built_for(job, value).and_then(|place| job.plan.images.get(place));
    if let Some(layout) = Layout::parse(value) {
        return layout.attribute(&job.root).map_err(|why| format!("the context `{name}` is `{value}`: {why}"));
    }
    Ok(match built.and_then(|image| image.tags.first()) {
        Some(tag) => format!("docker-image://{tag}"),
        None if is_remote(value) => value.to_owned(),
        None => format!("local:{name}"),
    })
}

/// The folder that a context is, where it is one.
pub(super) fn context_folder(job: &Job<'_>, image: &Image, name: &str, value: &str) -> Option<PathBuf> {
    let elsewhere = is_remote(value) || Layout::parse(value).is_some() || built_for(job, value).is_some();
    let resolved = image.settings.folders.get(name).map_or(value, String::as_str);
    (!elsewhere).then(|| job.root.join(files::normalize(resolved)))
}

fn is_remote(context: &str) -> bool {
    context.contains("://") || context.starts_with("git@")
}

/// Under which name the builder finds a Dockerfile among all those of a run.
fn name_of(unit: &Unit<'_>) -> String {
    let parts = unit.path.split('/').map(|part| if part == ".." { "up" } else { part });
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
}

/// The Dockerfiles of a run, with those ignore files that are theirs alone.
fn dockerfiles(job: &Job<'_>) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for unit in &job.input.dockerfiles {
        let own = || std::fs::read(job.root.join(unit.path)).ok();
        let text = if unit.inline { None } else { own() };
        all.insert(name_of(unit), text.unwrap_or_else(|| job.sources.get(unit.file).text.clone().into_bytes()));
        let ignore = format!("{}.dockerignore", unit.path);
        if let Some(text) = Some(ignore).filter(|_| !unit.inline).and_then(|path| std::fs::read(job.root.join(path)).ok()) {
            all.insert(format!("{}.dockerignore", name_of(unit)), text);
        }
    }
    all
}

fn content(
    job: &Job<'_>,
    image: &Image,
    secrets: &BTreeMap<String, Vec<u8>>,
    output: Option<Output>,
    setting: &Setting,
) -> Result<Content, String> {
    let dir = (!is_remote(&image.context)).then(|| absolute(&job.root.join(&image.context)));
    let mut locals = BTreeMap::from([("dockerfile".to_owned(), Local::Files(dockerfiles(job)))]);
    if let Some(dir) = &dir {
        locals.insert("context".to_owned(), Local::Dir(dir.clone()));
    }
    for (name, value) in &image.settings.contexts {
        if let Some(folder) = context_folder(job, image, name, value) {
            locals.insert(name.clone(), Local::Dir(absolute(&folder)));
        }
    }
    let (secrets, agents) = (secrets.clone(), agents(job, image, &setting.keys)?);
    let stores = setting.stores.clone();
    Ok(Content { dir, locals, secrets, agents, stores, output, logins: Arc::clone(&setting.logins) })
}

fn absolute(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// The values of an image's secrets; an error says which cannot be read.
pub(super) fn secrets(job: &Job<'_>, image: &Image) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let value = |secret: &Secret| -> Result<Vec<u8>, String> {
        let Secret { id, source } = secret;
        let value = match source {
            SecretSource::File(path) => std::fs::read(job.root.join(path))
                .map_err(|error| format!("the secret `{id}` of `{}` is read from {path}: {}", image.name, words(&error)))?,
            SecretSource::Env(name) => std::env::var(name)
                .map_err(|_| format!("the secret `{id}` of `{}` is read from the variable {name}, which is not set", image.name))?
                .into_bytes(),
            SecretSource::Elsewhere => {
                return Err(format!("the secret `{id}` of `{}` has neither a file nor a variable that a build could read", image.name));
            }
        };
        if value.len() > LARGEST_SECRET {
            return Err(format!("the secret `{id}` of `{}` is larger than the 500 kB that a builder takes", image.name));
        }
        Ok(value)
    };
    image.settings.secrets.iter().map(|secret| Ok((secret.id.clone(), value(secret)?))).collect()
}

fn words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "your user may not read it".to_owned(),
        _ => error.to_string(),
    }
}

/// The sockets of an image's ssh agents; an error says which is not there.
pub(super) fn agents(job: &Job<'_>, image: &Image, keys: &Keys) -> Result<BTreeMap<String, PathBuf>, String> {
    let socket = |(id, path): &(String, Option<String>)| -> Result<(String, PathBuf), String> {
        let (path, from) = match path {
            Some(path) => (job.root.join(path), path.clone()),
            None => match std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty()) {
                Some(path) => (PathBuf::from(path), "SSH_AUTH_SOCK".to_owned()),
                None => {
                    let text = "asks for your ssh agent, and SSH_AUTH_SOCK names none; start one with `eval $(ssh-agent)` and `ssh-add`";
                    return Err(format!("`{}` {text}", image.name));
                }
            },
        };
        if is_socket(&path) {
            return Ok((id.clone(), path));
        }
        let socket = if path.is_file() { keys.agent(&path) } else { Err("is not there".to_owned()) };
        socket.map(|socket| (id.clone(), socket)).map_err(|what| format!("the ssh agent `{id}` of `{}`: {from} {what}", image.name))
    };
    image.settings.ssh.iter().map(socket).collect()
}

#[cfg(unix)]
fn is_socket(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata(path).is_ok_and(|meta| meta.file_type().is_socket())
}

#[cfg(not(unix))]
fn is_socket(_: &Path) -> bool {
    false
}

/// What is shown nowhere: values of secrets, and of arguments that are secrets by their name.
fn mask(image: &Image, secrets: &BTreeMap<String, Vec<u8>>) -> Mask {
    let args = image.args.iter().filter(|(name, _)| looks_secret(name)).map(|(_, value)| value.clone());
    let texts = secrets.values().map(|value| String::from_utf8_lossy(value).into_owned());
    Mask::new(args.chain(texts))
}

/// Whether the builder itself pushes.
fn pushes(job: &Job<'_>, setting: &Setting) -> bool {
    setting.daemon && job.options.push && job.options.output.is_none()
}

/// The names that the builder gives an image; a daemon that pushes pushes all of them.
fn names(job: &Job<'_>, image: &Image, setting: &Setting) -> Vec<String> {
    let all = pushes(job, setting);
    image.tags.iter().filter(|tag| !all || can_be_pushed(tag)).cloned().collect()
}

fn exporter(job: &Job<'_>, image: &Image, output: Option<&Output>, setting: &Setting) -> (String, HashMap<String, String>) {
    let name = Some(("name".to_owned(), names(job, image, setting).join(","))).filter(|(_, names)| !names.is_empty());
    let push = Some(("push".to_owned(), "true".to_owned())).filter(|_| pushes(job, setting));
    let (kind, attrs): (&str, HashMap<_, _>) = match output {
        Some(Output::Folder(_) | Output::Archive { kind: Archive::Tar, .. }) => ("tar", HashMap::new()),
        Some(Output::Archive { kind: Archive::Oci, .. }) => ("oci", name.into_iter().collect()),
        Some(Output::Archive { kind: Archive::Docker, .. }) => ("docker", name.into_iter().collect()),
        None if setting.daemon => ("image", name.into_iter().chain(push).collect()),
        None => ("moby", name.into_iter().collect()),
    };
    (kind.to_owned(), attrs)
}

/// Settings that an old frontend takes no notice of.
pub(super) fn overlooked(settings: &Settings) -> impl Iterator<Item = &'static str> {
    [("shm_size", settings.shm_size.is_some()), ("ulimits", !settings.ulimits.is_empty())]
        .into_iter()
        .filter_map(|(name, set)| set.then_some(name))
}
