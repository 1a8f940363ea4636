//! What this BuildKit cannot do of a plan, said before anything runs.

use bollard_buildkit_proto::moby::buildkit::v1::SolveRequest;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use std::collections::HashMap;
use tonic::transport::Channel;

use super::super::{Archive, Engine, Job, Output};
use super::caches;
use super::keys::Keys;
use super::request::{self, Setting};
use crate::plan::Image;
use crate::plan::input::Unit;
use crate::syntax::dockerfile::{Instruction, Op};

/// Came with the Dockerfile frontend 1.4, as did heredocs and `COPY --link`; the only one of them that can be asked for.
const SINCE_1_4: &str = "moby.buildkit.frontend.contexts";

/// Whether a host is called `host-gateway` in the plan.
pub(super) fn wants_gateway(job: &Job<'_>) -> bool {
    job.plan.images.iter().flat_map(|image| &image.settings.extra_hosts).any(|host| host.ends_with(":host-gateway"))
}

/// The address at which containers of the engine find its machine.
pub(super) async fn gateway(engine: &Engine) -> Option<String> {
    let bridge = engine.docker.inspect_network("bridge", None).await.ok()?;
    let configs = bridge.ipam?.config?;
    let told = configs.iter().find_map(|config| config.gateway.clone());
    // An engine that was restarted may name the network alone; its own address there is the first one.
    told.or_else(|| configs.iter().find_map(|config| first_address(config.subnet.as_deref()?)))
}

/// The first address of an IPv4 network.
fn first_address(subnet: &str) -> Option<String> {
    let (network, bits) = subnet.split_once('/')?;
    let mask = u32::MAX.checked_shl(32_u32.checked_sub(bits.parse().ok()?)?).unwrap_or(0);
    let network = u32::from(network.parse::<std::net::Ipv4Addr>().ok()?) & mask;
    Some(std::net::Ipv4Addr::from(network.checked_add(1)?).to_string())
}

/// An error lists what cannot be built; else what will be overlooked.
pub(super) async fn refuse(
    job: &Job<'_>,
    setting: &Setting,
    control: &ControlClient<Channel>,
    engine: Option<&Engine>,
) -> Result<Vec<String>, String> {
    let daemon = engine.is_none();
    let unable = job.plan.images.iter().flat_map(|image| {
        let whole = unable(job, image, &setting.keys).into_iter().map(|what| format!("{}{what}", job.place(image)));
        whole.chain(absent(job, image))
    });
    let unable: Vec<String> = unable.collect();
    if !unable.is_empty() {
        return Err(format!("this plan cannot be run:\n  {}", unable.join("\n  ")));
    }
    let mut refused = super::unwritten::unwritten(job, daemon, control).await;
    refused.extend(several_platforms(job, engine).await);
    let given = job.plan.images.iter().filter(|_| daemon).filter_map(|image| Some((handed_on(job, image)?, true)));
    let newer: Vec<(String, bool)> = job.plan.images.iter().flat_map(|image| newer(job, image)).chain(given).collect();
    let mut overlooked = if daemon { Vec::new() } else { unattested(job) };
    overlooked.extend(job.plan.images.iter().flat_map(|image| {
        let empty = caches::empty(job, image).into_iter();
        empty.map(|what| format!("{}{what}", job.place(image)))
    }));
    if !newer.is_empty() && is_old(control).await {
        let say = |(line, fatal): (String, bool)| if fatal { refused.push(line) } else { overlooked.push(line) };
        newer.into_iter().for_each(say);
    }
    refused.dedup();
    if refused.is_empty() {
        return Ok(overlooked);
    }
    let who = if daemon { "this BuildKit" } else { "this engine's BuildKit" };
    Err(format!("{who} cannot run this plan:\n  {}", refused.join("\n  ")))
}

/// A daemon keeps no images: what one build makes of another's image an old one must find in a registry.
fn handed_on(job: &Job<'_>, image: &Image) -> Option<String> {
    let needed = image.needs.iter().find_map(|&need| job.plan.images.get(need)).filter(|_| !job.options.push)?;
    let needed = needed.tags.first().unwrap_or(&needed.name);
    let help = "this BuildKit hands an image to the next build only through a registry; add --push, or use BuildKit 0.10 or newer";
    Some(format!("{}`{}` is made from `{needed}`: {help}", job.place(image), image.name))
}

/// What is asked for beside an image, and has no place in the engine's images.
fn unattested(job: &Job<'_>) -> Vec<String> {
    let one = |image: &Image, kind: &str| {
        let why = "images in Docker's engine carry no attestations; a BuildKit daemon (BUILDKIT_HOST) with --push adds them";
        format!("{}`{}` asks for `{kind}`, which is left out: {why}", job.place(image), image.name)
    };
    job.plan.images.iter().flat_map(|image| image.settings.attestations.iter().map(move |(kind, _)| one(image, kind))).collect()
}

/// What no BuildKit could do.
fn unable(job: &Job<'_>, image: &Image, keys: &Keys) -> Vec<String> {
    let settings = &image.settings;
    let network = settings.network.as_deref().filter(|network| !matches!(*network, "default" | "host" | "none"));
    let network = network.map(|network| {
        let help = "BuildKit has only `default`, `host` and `none`; --builder classic has all networks";
        format!("`{}` is built in the network `{network}`: {help}", image.name)
    });
    let number = image.target.as_deref().filter(|target| !target.is_empty() && target.chars().all(|c| c.is_ascii_digit()));
    let number = number.map(|number| {
        format!(
            "`{}` asks for stage `{number}` by its number, and BuildKit knows stages by name only; write `FROM … AS name` and ask for that",
            image.name
        )
    });
    let unreadable = [request::secrets(job, image).err(), request::agents(job, image, keys).err(), caches::refuse(image).err()];
    network.into_iter().chain(number).chain(unreadable.into_iter().flatten()).collect()
}

/// Contexts that are folders and are not there.
fn absent(job: &Job<'_>, image: &Image) -> Vec<String> {
    let all = image.settings.contexts.iter().filter_map(|(name, value)| {
        let folder = request::context_folder(job, image, name, value)?;
        let what = match folder.metadata() {
            Ok(meta) if meta.is_dir() => return None,
            Ok(_) => "which is no folder",
            Err(_) => "which is not there",
        };
        Some(format!("{}the context `{name}` of `{}` is {value}, {what}", job.context_place(image, name), image.name))
    });
    all.collect()
}

/// Images for several platforms where only one has a place.
async fn several_platforms(job: &Job<'_>, engine: Option<&Engine>) -> Vec<String> {
    let many: Vec<(usize, &Image)> = job.plan.images.iter().enumerate().filter(|(_, image)| image.platforms.len() > 1).collect();
    let mut refused = Vec::new();
    let mut keeps_many = engine.is_none();
    if let (Some(engine), false) = (engine, many.is_empty()) {
        keeps_many = keeps_several_platforms(engine).await;
    }
    for (place, image) in many {
        let what = match job.output(place) {
            None if !keeps_many => {
                "this engine keeps images of one platform; choose one with --platform, write them all with --output=type=oci,dest=FILE, or build on a BuildKit daemon (BUILDKIT_HOST) with --push"
            }
            Some(Output::Archive { kind: Archive::Docker, .. }) => {
                "a file of type=docker holds one; write type=oci, or choose one with --platform"
            }
            _ => continue,
        };
        refused.push(format!("{}`{}` is built for {}: {what}", job.place(image), image.name, image.platforms.join(" and ")));
    }
    refused
}

/// Whether the engine keeps its images in containerd's store.
async fn keeps_several_platforms(engine: &Engine) -> bool {
    let told = engine.docker.info().await.ok().and_then(|info| info.driver_status).unwrap_or_default();
    told.iter().flatten().any(|word| word == "io.containerd.snapshotter.v1")
}

/// What needs a Dockerfile frontend of version 1.4: the line for the user, and whether the build cannot do without.
fn newer(job: &Job<'_>, image: &Image) -> Vec<(String, bool)> {
    let Some(unit) = job.input.dockerfiles.get(image.unit) else { return Vec::new() };
    if fetches_frontend(image, unit) {
        return Vec::new();
    }
    let remedy =
        "needs Docker 23 or newer, or `# syntax=docker/dockerfile:1` on the Dockerfile's first line, where the engine reaches Docker Hub";
    let contexts = image.settings.contexts.keys().next().map(|name| {
        let place = job.context_place(image, name);
        (format!("{place}`{}` has `additional_contexts`, which {remedy}", image.name), true)
    });
    let instructions = unit.ast.instructions().filter_map(|(_, instruction)| Some((instruction, newer_syntax(instruction)?)));
    let syntax = instructions.map(|(instruction, what)| {
        let place = format!("{}:{}", job.sources.path(unit.file), job.sources.line(instruction.head));
        (format!("{place}: {what} {remedy}"), true)
    });
    let overlooked = request::overlooked(&image.settings)
        .map(|key| (format!("`{}`: this engine's BuildKit overlooks `{key}`; --builder classic or Docker 23 heeds it", image.name), false));
    contexts.into_iter().chain(syntax).chain(overlooked).collect()
}

/// The frontend is an image of its own, whatever the engine has built in.
fn fetches_frontend(image: &Image, unit: &Unit<'_>) -> bool {
    image.args.contains_key("BUILDKIT_SYNTAX") || unit.ast.directives.iter().any(|directive| directive.name.value == "syntax")
}

fn newer_syntax(instruction: &Instruction) -> Option<String> {
    if !instruction.heredocs.is_empty() {
        return Some("a heredoc".to_owned());
    }
    let flags: &[&str] = match instruction.op {
        Op::Copy(_) | Op::Add(_) => &["link"],
        Op::Run(_) => &["network", "security"],
        _ => &[],
    };
    let flag = instruction.flags.iter().find(|flag| flags.contains(&flag.name.value.as_str()))?;
    Some(format!("`--{}`", flag.name.value))
}

/// Asks the frontend that is built in, which answers at once what it is not.
async fn is_old(control: &ControlClient<Channel>) -> bool {
    let attrs = [("frontend.caps", SINCE_1_4), ("requestid", "frontend.subrequests.describe")];
    let request = SolveRequest {
        r#ref: super::unique(),
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs: attrs.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<HashMap<_, _>>(),
        ..SolveRequest::default()
    };
    let answer = control.clone().solve(request).await;
    answer.is_err_and(|status| status.message().contains("unsupported frontend capability"))
}

#[cfg(test)]
mod tests {
    use super::first_address;

    #[test]
    fn an_engine_has_the_first_address_of_its_network() {
        for (subnet, address) in
            [("172.17.0.0/16", Some("172.17.0.1")), ("10.1.2.64/26", Some("10.1.2.65")), ("10.9.8.7/8", Some("10.0.0.1"))]
        {
            assert_eq!(first_address(subnet).as_deref(), address);
        }
        for subnet in ["", "172.17.0.0", "fd00::/64", "1.2.3.4/33", "255.255.255.255/32"] {
            assert_eq!(first_address(subnet), None, "{subnet}");
        }
    }
}
