//! A build by the engine's classic builder: the context goes out as a tar stream, text comes back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use bollard::auth::DockerCredentials;
use bollard::query_parameters::{BuildImageOptions, BuildImageOptionsBuilder, BuilderVersion, TagImageOptions};
use futures_util::StreamExt;

use super::backend::{Backend, Caps, Events, Mask, Order, Solving};
use super::context_tar::{self, Payload};
use super::credentials;
use super::engine::chain;
use super::nodes::Node;
use super::push::repository_and_tag;
use super::reader::Reader;
use super::rewrite::{Line, rewrite};
use super::{Built, Engine, Failure, Job};
use crate::files;
use crate::plan::{Image, looks_secret};
use crate::stack::context::Ignore;
use crate::syntax::dockerfile::{Dockerfile, Instruction, Op};

/// The name under which a Dockerfile is sent that is not in the context as it must be.
const HIDDEN: &str = ".dockerfile.stacklint";

/// The engine's classic builder.
pub(super) struct Classic(pub Arc<Engine>);

impl Backend for Classic {
    fn caps(&self) -> Caps {
        Caps { merges: false }
    }

    fn refuse<'a>(&'a self, job: &'a Job<'a>) -> Pin<Box<dyn Future<Output = Result<Vec<String>, String>> + 'a>> {
        Box::pin(std::future::ready(refuse(job).map(|()| overlooked(job))))
    }

    fn solve(&self, order: Order<'_>, events: Events) -> Solving {
        let recipe = recipe(order.job, order.node, order.images);
        let engine = Arc::clone(&self.0);
        Box::pin(async move {
            match recipe {
                Some(recipe) => build(&engine, recipe, &events).await,
                None => Err(Failure { message: "its Dockerfile was not read".to_owned(), ..Failure::default() }),
            }
        })
    }
}

/// A build that is ready to be sent.
struct Recipe {
    payload: Payload,
    options: BuildImageOptions,
    tags: Vec<String>,
    instructions: Vec<Line>,
    mask: Mask,
    /// The images that its stages are FROM, as far as they are not built here.
    bases: Vec<String>,
}

/// Prepares the build of a node; `ids` are the images of the nodes it needs.
fn recipe(job: &Job<'_>, node: &Node, ids: &BTreeMap<usize, String>) -> Option<Recipe> {
    let image = job.plan.images.get(node.image)?;
    let unit = job.input.dockerfiles.get(image.unit)?;
    let target = job.plan.stages.get(node.stage)?.index;
    let pull = job.options.pull || image.settings.pull;
    // The registry cannot be asked for an image that exists here only; the cache finds those stages then.
    let built: BTreeMap<usize, String> =
        if pull { BTreeMap::new() } else { node.built.iter().filter_map(|(index, node)| Some((*index, ids.get(node)?.clone()))).collect() };
    let keep: Vec<usize> = if pull { all_stages(job, image) } else { node.keep.clone() };
    let source = job.sources.get(unit.file);
    let rewritten = rewrite(unit.ast, source, target, &keep, &built);
    let ignore = job.ignores.get(&node.image).cloned().unwrap_or_default();
    let own = (!unit.inline).then(|| files::strip_prefix(&image.context, unit.path)).flatten();
    let dir = job.root.join(&image.context);
    let as_it_is = own.filter(|path| rewritten.text.is_none() && !ignore.rules.matches(path) && is_default(&ignore, image));
    let (name, extra) = match as_it_is {
        Some(path) => (path.to_owned(), Vec::new()),
        None => (HIDDEN.to_owned(), hidden(&dir, &ignore, rewritten.text.unwrap_or_else(|| source.text.clone()))),
    };
    Some(Recipe {
        payload: Payload { dir: Some(dir), ignore: ignore.rules, extra },
        options: options(job, node, image, &name, pull),
        tags: if node.shared { Vec::new() } else { image.tags.clone() },
        instructions: rewritten.instructions,
        mask: Mask::new(image.args.iter().filter(|(name, _)| looks_secret(name)).map(|(_, value)| value.clone())),
        bases: credentials::bases(job.plan, image),
    })
}

/// The logins for the registries that these images come from.
async fn logins(engine: &Engine, bases: &[String]) -> Result<HashMap<String, DockerCredentials>, Failure> {
    let mut found = HashMap::new();
    let hosts: BTreeSet<String> = bases.iter().map(|base| credentials::registry(base)).collect();
    for host in hosts {
        let login = engine.login(&host).await.map_err(|message| Failure { message, ..Failure::default() })?;
        found.extend(login.map(|login| credentials::for_engine(&host, login)));
    }
    Ok(found)
}

fn all_stages(job: &Job<'_>, image: &Image) -> Vec<usize> {
    image.stages.iter().filter_map(|&place| job.plan.stages.get(place)).map(|stage| stage.index).collect()
}

fn is_default(ignore: &Ignore, image: &Image) -> bool {
    ignore.path.as_ref().is_none_or(|path| *path == files::join(&image.context, ".dockerignore"))
}

/// A Dockerfile under a name of ours, and an ignore file that makes the engine take it out of the context again.
fn hidden(dir: &std::path::Path, ignore: &Ignore, dockerfile: String) -> Vec<(String, Vec<u8>)> {
    let kept = !ignore.rules.matches(".dockerignore");
    let own = std::fs::read(dir.join(".dockerignore")).ok().filter(|_| kept);
    let mut lines = match own {
        Some(mut text) => {
            if !text.is_empty() && !text.ends_with(b"\n") {
                text.push(b'\n');
            }
            text
        }
        None => b".dockerignore\n".to_vec(),
    };
    lines.extend_from_slice(format!("{HIDDEN}\n").as_bytes());
    vec![(HIDDEN.to_owned(), dockerfile.into_bytes()), (".dockerignore".to_owned(), lines)]
}

fn options(job: &Job<'_>, node: &Node, image: &Image, dockerfile: &str, pull: bool) -> BuildImageOptions {
    let settings = &image.settings;
    let args: HashMap<String, String> = image.args.clone().into_iter().collect();
    let mut options = BuildImageOptionsBuilder::default()
        .version(BuilderVersion::BuilderV1)
        .dockerfile(dockerfile)
        .buildargs(&args)
        .nocache(job.options.no_cache || settings.no_cache)
        .rm(true)
        .forcerm(true);
    if !node.shared && !settings.labels.is_empty() {
        options = options.labels(&settings.labels.clone().into_iter().collect::<HashMap<String, String>>());
    }
    if !settings.extra_hosts.is_empty() {
        options = options.extrahosts(&settings.extra_hosts.join(","));
    }
    if let Some(network) = &settings.network {
        options = options.networkmode(network);
    }
    if let Some(bytes) = settings.shm_size.and_then(|bytes| i32::try_from(bytes).ok()) {
        options = options.shmsize(bytes);
    }
    if !settings.cache_from.is_empty() {
        options = options.cachefrom(&settings.cache_from);
    }
    if let Some(platform) = image.platforms.first() {
        options = options.platform(platform);
    }
    if pull {
        options = options.pull("true");
    }
    options.build()
}

/// Sends the build and reads what comes back.
async fn build(engine: &Engine, recipe: Recipe, events: &Events) -> Result<Built, Failure> {
    let started = Instant::now();
    let logins = logins(engine, &recipe.bases).await?;
    let (stream, sending) = context_tar::stream(recipe.payload);
    let body = bollard::body_try_stream(stream);
    let mut answer = Box::pin(engine.docker.build_image(recipe.options, Some(logins), Some(body)));
    let mut reader = Reader::new(&recipe.instructions, &recipe.mask, events);
    let mut sending = Some(sending);
    let mut failed = None;
    while let Some(item) = answer.next().await {
        match item {
            Ok(info) => {
                if let Some(id) = info.aux.and_then(|aux| aux.id) {
                    reader.image = Some(id);
                }
                info.stream.iter().for_each(|text| reader.push(text));
                info.status.iter().for_each(|status| reader.status(info.id.as_deref(), status));
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    drop(answer);
    reader.end();
    if let Some(error) = failed {
        // What stopped the sending says more than the connection that broke by it.
        if let Some(Ok(Err(tar))) = join(&mut sending).await
            && tar.reason != std::io::Error::from(std::io::ErrorKind::BrokenPipe).to_string()
        {
            let message = format!("the build context cannot be sent: {}: {}", tar.path, tar.reason);
            return Err(Failure { message, ..Failure::default() });
        }
        return Err(reader.failure(&error));
    }
    reader.done();
    let sent = join(&mut sending).await.and_then(Result::ok).and_then(Result::ok).unwrap_or_default();
    let Some(image) = reader.image.clone() else {
        return Err(Failure { message: "the engine ended the build without an image".to_owned(), ..Failure::default() });
    };
    let built = Built { image, time: started.elapsed(), steps: reader.steps, cached: reader.cached, sent, ..Built::default() };
    tag(engine, &built.image, &recipe.tags).await?;
    Ok(Built { time: started.elapsed(), ..built })
}

async fn join<T>(task: &mut Option<tokio::task::JoinHandle<T>>) -> Option<Result<T, tokio::task::JoinError>> {
    match task.take() {
        Some(task) => Some(task.await),
        None => None,
    }
}

async fn tag(engine: &Engine, image: &str, tags: &[String]) -> Result<(), Failure> {
    for name in tags {
        let (repo, tag) = repository_and_tag(name);
        let options = TagImageOptions { repo: Some(repo.to_owned()), tag: Some(tag.to_owned()) };
        engine.docker.tag_image(image, Some(options)).await.map_err(|error| Failure {
            message: format!("the image cannot be called `{name}`: {}", chain(&error)),
            ..Failure::default()
        })?;
    }
    Ok(())
}

/// Says what the classic builder cannot do, before it is half-way through.
pub(super) fn refuse(job: &Job<'_>) -> Result<(), String> {
    let mut refused = Vec::new();
    for image in &job.plan.images {
        let Some(unit) = job.input.dockerfiles.get(image.unit) else { continue };
        let stages: Vec<usize> = image.stages.iter().filter_map(|&place| job.plan.stages.get(place)).map(|stage| stage.index).collect();
        let Some((span, what)) = unable(unit.ast, image, &stages) else { continue };
        let line = match span {
            Some(span) => format!("{}:{}: {what}", job.sources.path(span.file), job.sources.line(span)),
            None => what,
        };
        if !refused.contains(&line) {
            refused.push(line);
        }
    }
    if refused.is_empty() {
        return Ok(());
    }
    let list = refused.join("\n  ");
    Err(format!(
        "the classic builder cannot run this plan:\n  {list}\n  leave out --builder classic where the engine has BuildKit, or use an engine that has it (Docker 18.09 or newer)"
    ))
}

/// Caches that only BuildKit leaves. One within the image is there without asking.
fn overlooked(job: &Job<'_>) -> Vec<String> {
    let inline = |entry: &str| entry.split(',').any(|part| part.trim() == "type=inline");
    let caches = job.plan.images.iter().flat_map(|image| {
        let entries = image.settings.cache_to.iter().enumerate().filter(|(_, entry)| !inline(entry));
        entries.map(move |(number, _)| (image, number))
    });
    let say = |(image, number): (&Image, usize)| {
        format!("{}`{}`: the classic builder overlooks `cache_to`", job.cache_place(image, number), image.name)
    };
    caches.map(say).collect()
}

/// What only BuildKit builds, before anything is sent: the instruction's line and what it uses.
fn unable(ast: &Dockerfile, image: &Image, stages: &[usize]) -> Option<(Option<crate::source::Span>, String)> {
    let settings = &image.settings;
    let whole = if image.context.contains("://") || image.context.starts_with("git@") {
        Some("a build context that is a URL")
    } else if image.platforms.len() > 1 {
        Some("more than one platform")
    } else if !settings.contexts.is_empty() {
        Some("`additional_contexts`")
    } else if !settings.secrets.is_empty() {
        Some("build secrets")
    } else {
        None
    };
    if let Some(what) = whole {
        return Some((None, format!("`{}` uses {what}", image.name)));
    }
    let needed = stages.iter().filter_map(|&index| ast.stages.get(index)).flat_map(|stage| ast.stage_instructions(stage));
    let newer = needed.map(|(_, instruction)| instruction).find_map(|instruction| Some((instruction, newer(instruction)?)));
    newer.map(|(instruction, what)| (Some(instruction.head), format!("this instruction uses {what}")))
}

fn newer(instruction: &Instruction) -> Option<String> {
    if !instruction.heredocs.is_empty() {
        return Some("a heredoc".to_owned());
    }
    let old: &[&str] = match instruction.op {
        Op::From(_) => &["platform"],
        Op::Copy(_) => &["from", "chown"],
        Op::Add(_) => &["chown"],
        Op::Healthcheck(_) => &["interval", "timeout", "start-period", "retries"],
        _ => &[],
    };
    let flag = instruction.flags.iter().find(|flag| !old.contains(&flag.name.value.as_str()))?;
    Some(format!("`--{}`", flag.name.value))
}
