//! Lists in which a later entry takes the place of an earlier one with the same name, target or port.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::keypaths::{KeyPaths, Place};
use super::model::ProblemKind;
use super::problems::Problems;
use super::short;
use super::tree::{Data, Node, Scalar, Value};

#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Name,
    Volume,
    Device,
    EnvFile,
    Text,
    Port,
    Config,
    Secret,
}

const UNIQUE: &[(&str, By)] = &[
    ("networks.*.labels", By::Name),
    ("networks.*.ipam.options", By::Name),
    ("services.*.annotations", By::Name),
    ("services.*.build.args", By::Name),
    ("services.*.build.additional_contexts", By::Name),
    ("services.*.build.tags", By::Name),
    ("services.*.build.labels", By::Name),
    ("services.*.cap_add", By::Name),
    ("services.*.cap_drop", By::Name),
    ("services.*.configs", By::Config),
    ("services.*.deploy.labels", By::Name),
    ("services.*.dns", By::Name),
    ("services.*.dns_opt", By::Name),
    ("services.*.dns_search", By::Name),
    ("services.*.environment", By::Name),
    ("services.*.env_file", By::EnvFile),
    ("services.*.expose", By::Text),
    ("services.*.labels", By::Name),
    ("services.*.links", By::Name),
    ("services.*.networks.*.aliases", By::Name),
    ("services.*.networks.*.link_local_ips", By::Name),
    ("services.*.ports", By::Port),
    ("services.*.profiles", By::Name),
    ("services.*.secrets", By::Secret),
    ("services.*.sysctls", By::Name),
    ("services.*.tmpfs", By::Name),
    ("services.*.volumes", By::Volume),
    ("services.*.devices", By::Device),
];

/// Those of them whose items a long form replaces.
const LONG: [&str; 7] = [
    "services.*.configs",
    "services.*.devices",
    "services.*.dns",
    "services.*.env_file",
    "services.*.ports",
    "services.*.secrets",
    "services.*.volumes",
];

static PLACES: LazyLock<KeyPaths<By>> = LazyLock::new(|| KeyPaths::new(UNIQUE));
static LONG_PLACES: LazyLock<KeyPaths<By>> = LazyLock::new(|| {
    let long = UNIQUE.iter().filter(|(path, _)| LONG.contains(path));
    KeyPaths::new(&long.copied().collect::<Vec<_>>())
});

pub(super) fn enforce(model: &mut Node) {
    below(model, PLACES.top());
}

/// The same once more after short forms became long ones: what was left alone then has no two of a kind.
pub(super) fn enforce_long(model: &mut Node) {
    below(model, LONG_PLACES.top());
}

fn below(node: &mut Node, place: Place<'_, By>) {
    match &mut node.value {
        _ if place.is_bare() => {}
        Value::Map(entries) => entries.iter_mut().for_each(|entry| below(&mut entry.value, place.below(&entry.key.value))),
        Value::Seq(items) => {
            if let Some(by) = place.holds() {
                dedupe(items, by);
            }
        }
        Value::Scalar(_) => {}
    }
}

/// Items of a text that no schema has seen, of which Compose can make no name, target or port.
pub(super) fn misfits(model: &Node, strict: bool, problems: &mut Problems) {
    unfit(model, PLACES.top(), strict, problems);
}

fn unfit(node: &Node, place: Place<'_, By>, strict: bool, problems: &mut Problems) {
    match &node.value {
        _ if place.is_bare() => {}
        Value::Map(entries) => entries.iter().for_each(|entry| unfit(&entry.value, place.below(&entry.key.value), strict, problems)),
        Value::Seq(items) => {
            let Some(by) = place.holds() else { return };
            for item in items.iter().filter(|item| !fits(item, by) && (strict || !item.unset())) {
                let message = match item.is_map() {
                    true => format!("this entry has no {}", if by == By::EnvFile { "`path`" } else { "`target`" }),
                    false => format!("an entry of this list is a string, not {}", item.kind()),
                };
                problems.fatal(ProblemKind::Schema, item.span, &message).fatal = strict;
            }
        }
        Value::Scalar(_) => {}
    }
}

fn fits(item: &Node, by: By) -> bool {
    let data = item.as_scalar().map(|s| s.data);
    let string = |name: &str| item.get(name).is_some_and(|field| field.as_str().is_some());
    match by {
        By::Name => data == Some(Data::Str),
        By::Text => matches!(data, Some(Data::Str | Data::Int(_))),
        By::Volume | By::Device => !item.is_map() || string("target"),
        By::Port => !item.is_map() || item.get("target").is_some(),
        By::EnvFile => !item.is_map() || string("path"),
        By::Config | By::Secret if item.is_map() => item.get("target").is_none_or(|target| target.as_str().is_some()),
        By::Config | By::Secret => data == Some(Data::Str),
    }
}

fn dedupe(items: &mut Vec<Node>, by: By) {
    if items.len() < 2 || all_differ(items, by) {
        return;
    }
    let mut places: HashMap<String, usize> = HashMap::with_capacity(items.len());
    let mut out: Vec<Node> = Vec::with_capacity(items.len());
    for item in std::mem::take(items) {
        match key(&item, by).map(Cow::into_owned) {
            None => out.push(item),
            Some(key) => match places.get(&key).and_then(|&i| out.get_mut(i)) {
                Some(slot) => {
                    let old = std::mem::replace(slot, Node::null(item.span));
                    *slot = item.replacing(old);
                }
                None => {
                    places.insert(key, out.len());
                    out.push(item);
                }
            },
        }
    }
    *items = out;
}

/// Whether no two of a few items have the same key: nearly all lists are so, and stay as they are.
fn all_differ(items: &[Node], by: By) -> bool {
    let mut keys: Vec<Cow<'_, str>> = Vec::with_capacity(items.len().min(FEW));
    items.len() <= FEW
        && items.iter().filter_map(|item| key(item, by)).all(|key| {
            let new = !keys.contains(&key);
            keys.push(key);
            new
        })
}

/// So many keys are compared with one another.
const FEW: usize = 16;

/// `None` for what has no key: it stays as it is.
fn key(item: &Node, by: By) -> Option<Cow<'_, str>> {
    let text = item.as_scalar().filter(|s| s.data != Data::Null).map(shown);
    let field = |name: &str| item.get(name).and_then(Node::as_scalar).map(shown);
    match (by, text) {
        (By::Name, Some(text)) => part(text, |text| Some(text.split_once('=').map_or(text, |(name, _)| name))),
        (By::Name, None) => None,
        (By::Volume, Some(text)) => part(text, short::volume_target),
        (By::Device, Some(text)) => part(text, |text| text.split(':').nth(1).or(text.split(':').next())),
        (By::Volume | By::Device, None) => field("target"),
        // one that was resolved in another folder is another file
        (By::EnvFile, None) => {
            item.get("path").and_then(Node::as_scalar).map(|s| s.path.as_deref().map_or_else(|| shown(s), Cow::Borrowed))
        }
        (By::EnvFile | By::Text | By::Port, Some(text)) => Some(text),
        (By::Text, None) => None,
        (By::Port, None) => {
            let target = field("target")?;
            // no port and an empty one are two, and so are a number and a text
            let published = match item.get("published").and_then(Node::as_scalar) {
                Some(scalar) if scalar.data == Data::Str => shown(scalar),
                Some(scalar) => format!("number {}", scalar.shown()).into(),
                None => "none".into(),
            };
            let host = field("host_ip").unwrap_or("0.0.0.0".into());
            let protocol = field("protocol").unwrap_or("tcp".into());
            Some([host.as_ref(), ":", &published, ":", &target, "/", &protocol].concat().into())
        }
        (By::Config | By::Secret, text) => {
            let dir = if matches!(by, By::Secret) { "/run/secrets" } else { "" };
            match text {
                Some(name) => Some(format!("{dir}/{name}").into()),
                None => field("target").or_else(|| field("source").map(|name| format!("{dir}/{name}").into())),
            }
        }
    }
}

fn shown(scalar: &Scalar) -> Cow<'_, str> {
    if scalar.data == Data::Str { scalar.text.value.as_str().into() } else { scalar.shown().into() }
}

/// What a function takes out of a text.
fn part<'t>(text: Cow<'t, str>, take: impl for<'a> Fn(&'a str) -> Option<&'a str>) -> Option<Cow<'t, str>> {
    match text {
        Cow::Borrowed(text) => take(text).map(Cow::Borrowed),
        Cow::Owned(text) => take(&text).map(|part| Cow::Owned(part.to_owned())),
    }
}
