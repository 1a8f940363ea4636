//! Caches that a builder does not write. It would say so when the build begins; asked for nothing else, it says so before.

use std::collections::{BTreeMap, HashMap};

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{CacheOptions, CacheOptionsEntry, SolveRequest};
use tonic::transport::Channel;

use super::super::Job;
use super::caches;
use crate::plan::Image;

/// Every BuildKit writes it, into the image.
const INLINE: &str = "inline";
/// A frontend that no builder has: a build of nothing would wait for what it is to build.
const NOBODY: &str = "nobody";

/// What of a plan's `cache_to` cannot be written, each with its place.
pub(super) async fn unwritten(job: &Job<'_>, daemon: bool, control: &ControlClient<Channel>) -> Vec<String> {
    let mut kinds: BTreeMap<String, bool> = BTreeMap::new();
    let mut one_only = None;
    let mut refused = Vec::new();
    for image in &job.plan.images {
        let written = caches::written(image);
        for (number, kind) in &written {
            let known = match kinds.get(kind) {
                Some(known) => *known,
                None if kind == INLINE => true,
                None => !said(control, &[kind]).await.contains("unknown cache exporter"),
            };
            kinds.insert(kind.clone(), known);
            if !known {
                refused.push(format!("{}{}", job.cache_place(image, *number), unknown(image, kind, daemon)));
            }
        }
        let Some((second, _)) = written.get(1) else { continue };
        let only = match one_only {
            Some(only) => only,
            None => said(control, &[INLINE, INLINE]).await.contains("multiple cache exports"),
        };
        one_only = Some(only);
        if only {
            let what = "leaves several caches, and this BuildKit writes one; keep one entry of `cache_to`";
            refused.push(format!("{}`{}` {what}", job.cache_place(image, *second), image.name));
        }
    }
    refused
}

fn unknown(image: &Image, kind: &str, daemon: bool) -> String {
    let name = &image.name;
    if daemon {
        return format!("`{name}` leaves a cache of `type={kind}`, which this builder does not know; it has inline, local and registry");
    }
    let advice = "`type=inline` leaves it in the image, and a BuildKit daemon (BUILDKIT_HOST) writes it to a folder or a registry";
    format!("`{name}` leaves a cache of `type={kind}`, which this engine's BuildKit cannot write; {advice}")
}

/// What the builder says to a build of nothing that leaves caches of these kinds: it looks at their kinds first.
async fn said(control: &ControlClient<Channel>, kinds: &[&str]) -> String {
    let exports = kinds.iter().map(|kind| CacheOptionsEntry { r#type: (*kind).to_owned(), attrs: HashMap::new() });
    let request = SolveRequest {
        r#ref: super::unique(),
        frontend: NOBODY.to_owned(),
        cache: Some(CacheOptions { exports: exports.collect(), ..CacheOptions::default() }),
        ..SolveRequest::default()
    };
    control.clone().solve(request).await.err().map_or_else(String::new, |status| status.message().to_owned())
}
