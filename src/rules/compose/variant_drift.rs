use std::collections::HashMap;

use crate::compose::{MountKind, Project, Service, ServiceMount};
use crate::files;
use crate::rule::{Cx, Rule, rule};
use crate::source::Span;
use crate::stack::{ImageRef, Stack};

rule!(VariantDrift, "compose/variant-drift");

/// Servers whose data and protocol change between major versions.
const STORES: [&str; 16] = [
    "postgres",
    "postgis",
    "timescaledb",
    "pgvector",
    "mysql",
    "mariadb",
    "percona",
    "mongo",
    "redis",
    "valkey",
    "rabbitmq",
    "elasticsearch",
    "opensearch",
    "neo4j",
    "cassandra",
    "sqlserver",
];

impl Rule for VariantDrift {
    fn stack(&self, stack: &Stack, cx: &mut Cx<'_>) {
        let mut said = Vec::new();
        let name = |p: &Project| p.files.first().map_or("", |f| files::file_name(stack.sources.path(*f)));
        // the base file is what the others are compared with
        let mut projects: Vec<&Project> = stack.projects.iter().collect();
        projects.sort_by_key(|p| !matches!(name(p), "compose.yaml" | "compose.yml" | "docker-compose.yml" | "docker-compose.yaml"));
        // other files are alternatives rather than variants of one system
        projects.retain(|p| name(p).starts_with("compose") || name(p).starts_with("docker-compose"));
        let mut by_dir: HashMap<&str, Vec<&Project>> = HashMap::new();
        for later in projects {
            let beside = by_dir.entry(&later.dir).or_default();
            for earlier in beside.iter().copied() {
                for (a, b) in later.services.iter().filter_map(|b| Some((earlier.service(&b.name.value)?, b))) {
                    let other = name(earlier);
                    let files = later.files.iter().take(2).map(|f| files::file_name(stack.sources.path(*f)));
                    // a file that is named after an engine is there to choose it
                    if let (Some(x), Some(y)) = (store(a), store(b))
                        && !files.chain([other]).any(|f| [&x, &y].iter().any(|i| f.contains(i.short_name())))
                        && !engines((a, &x), (b, &y), other, &mut said, cx)
                    {
                        targets(a, b, other, &mut said, cx);
                    }
                }
            }
            beside.push(later);
        }
    }
}

/// The image of a service that is a database or broker.
fn store(service: &Service) -> Option<ImageRef> {
    let text = service.image.as_ref().filter(|_| service.build.is_none())?;
    // nearly none is one, which the last part of the name says before all is taken apart
    let last = files::file_name(text.split_once('@').map_or(&**text, |(rest, _)| rest));
    if !STORES.contains(&last.rsplit_once(':').map_or(last, |(name, _)| name)) {
        return None;
    }
    let image = ImageRef::parse(text);
    STORES.contains(&image.short_name()).then_some(image)
}

/// Another engine, or another major version of it.
fn engines((a, one): (&Service, &ImageRef), (b, two): (&Service, &ImageRef), other: &str, said: &mut Vec<Span>, cx: &mut Cx<'_>) -> bool {
    let (Some(first), Some(second)) = (&a.image, &b.image) else { return false };
    let versions = matches!((major(one), major(two)), (Some(x), Some(y)) if x != y);
    if first.span == second.span || !(one.short_name() != two.short_name() || versions) {
        return false;
    }
    if said.contains(&second.span) {
        return true;
    }
    said.push(second.span);
    let name = |i: &ImageRef| format!("{} {}", i.short_name(), major(i).unwrap_or_default()).trim_end().to_owned();
    cx.report(
        second.span,
        format!("`{}` is {} here and {} in {other}: what was tried with one may fail with the other", b.name.value, name(two), name(one)),
    )
    .label(first.span, "the other variant")
    .help("use one version in all variants; data of one does not open in the other");
    true
}

/// The major version that a tag says.
fn major(image: &ImageRef) -> Option<String> {
    let tag = image.tag.as_deref()?;
    let digits: String = tag.trim_start_matches('v').chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

/// The same named volume in another place of the same service.
fn targets(a: &Service, b: &Service, other: &str, said: &mut Vec<Span>, cx: &mut Cx<'_>) {
    let volumes = |s: &Service| -> Vec<ServiceMount> {
        s.mounts.iter().filter(|m| m.kind == MountKind::Volume && m.source.is_some()).cloned().collect()
    };
    let (ours, theirs) = (volumes(b), volumes(a));
    for mount in &ours {
        let named = |m: &&ServiceMount| m.source.as_ref().map(|s| &s.value) == mount.source.as_ref().map(|s| &s.value);
        let same: Vec<_> = theirs.iter().filter(named).collect();
        let ([there], 1) = (same.as_slice(), ours.iter().filter(named).count()) else { continue };
        let (here, elsewhere) = (files::normalize(&mount.target), files::normalize(&there.target));
        if here == elsewhere || said.contains(&mount.span) {
            continue;
        }
        said.push(mount.span);
        let volume = mount.source.as_ref().map_or("", |s| s.value.as_str());
        cx.report(
            mount.span,
            format!(
                "`{}` has `{volume}` at `{here}` here and at `{elsewhere}` in {other}: at most one of them is where the data lies",
                b.name.value
            ),
        )
        .label(there.span, "the other variant")
        .help("mount it where the image keeps its data, in all variants");
    }
}
