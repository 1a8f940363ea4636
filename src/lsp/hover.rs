//! What a place means: the page of the rule that found something there, a stage's base, a variable's value, what Compose
//! makes of a key.

use serde_json::{Value, json};

use super::Asked;
use super::navigate::{stage_name, touches, unit_at, variable};
use crate::compose;
use crate::files::Disk;
use crate::plan::looks_secret;
use crate::rule::Registry;
use crate::source::{Sources, Span};
use crate::stack::{Base, DockerfileUnit};
use crate::syntax::yaml::Node;

/// The page of a rule may be long; editors show what fits.
const LONGEST: usize = 6_000;
/// How deep a key may stand.
const DEPTH: usize = 32;

pub(super) fn hover(asked: &Asked<'_>) -> Value {
    let Some(place) = asked.place() else { return Value::Null };
    let here = asked.checked.diagnostics.iter().filter(|d| touches(d.primary, place));
    let mut parts: Vec<String> = here.filter_map(|d| page(d.rule, asked.checked.registry)).collect();
    parts.dedup();
    parts.extend(stage(asked, place));
    parts.extend(variable_value(asked, place));
    parts.extend(key(asked, place));
    if parts.is_empty() {
        return Value::Null;
    }
    json!({"contents": {"kind": "markdown", "value": parts.join("\n\n---\n\n")}})
}

fn page(rule: &str, registry: &Registry) -> Option<String> {
    let info = registry.find(rule)?;
    let body: String = info.page().body.trim().chars().take(LONGEST).collect();
    let url = info.url();
    let name = if url.is_empty() { info.name.to_owned() } else { format!("[{}]({url})", info.name) };
    Some(format!("**{name}** · {} · {}\n\n{}\n\n{body}", info.category, info.severity.name(), info.page().meta.summary))
}

/// What the stage under the cursor is made from, down to the image.
fn stage(asked: &Asked<'_>, place: Span) -> Option<String> {
    let unit = unit_at(&asked.checked.stack, place)?;
    let need = unit.stages.iter().flat_map(|stage| &stage.needs).find(|need| touches(need.span, place)).map(|need| need.stage);
    let own = || unit.ast.stages.iter().position(|stage| stage.name.as_ref().is_some_and(|name| touches(name.span, place)));
    let n = need.or_else(own)?;
    let links: Vec<String> = unit.chain(n).iter().filter_map(|&n| link(asked, unit, n)).collect();
    Some(links.join("\n"))
}

fn link(asked: &Asked<'_>, unit: &DockerfileUnit, n: usize) -> Option<String> {
    let stage = unit.stages.get(n)?;
    let line = asked.checked.stack.sources.line(stage_name(unit, n)?);
    let name = stage.name.clone().unwrap_or_else(|| n.to_string());
    let from = match &stage.base {
        Base::Image(image) => image.text.clone(),
        Base::Stage(parent) => unit.stages.get(*parent)?.name.clone().unwrap_or_else(|| parent.to_string()),
        _ => stage.image.value.clone(),
    };
    Some(format!("stage `{name}`, line {line}: FROM `{from}`  "))
}

fn variable_value(asked: &Asked<'_>, place: Span) -> Option<String> {
    let stack = &asked.checked.stack;
    let set = variable(stack, unit_at(stack, place)?, place)?;
    let word = if set.arg { "ARG" } else { "ENV" };
    let line = stack.sources.line(set.span);
    Some(match &set.value {
        Some(_) if looks_secret(&set.name) => format!("`{}`: a secret, set by {word} on line {line}", set.name),
        Some(value) => format!("`{}` is `{}`, set by {word} on line {line}", set.name, asked.checked.masks.hide(value)),
        None => format!("`{}` is set by {word} on line {line}; its value is given when the image is built", set.name),
    })
}

/// What Compose makes of the key under the cursor, once files are merged and variables replaced.
fn key(asked: &Asked<'_>, place: Span) -> Option<String> {
    let stack = &asked.checked.stack;
    let root = stack.yaml.get(&place.file)?.documents.first()?;
    let path = path_to(root, place)?;
    let project = stack.projects.iter().find(|project| project.files.contains(&place.file))?;
    let disk = Disk::new(&asked.folder.root);
    let files = asked.folder.files(&disk, &asked.server.open);
    let wanted = compose::Request {
        files: project.files.iter().map(|file| stack.sources.path(*file).to_owned()).collect(),
        root: asked.folder.root.to_string_lossy().replace('\\', "/"),
        canonical: true,
        all_profiles: true,
        ..compose::Request::default()
    };
    let json = compose::load(&wanted, &files, &mut Sources::new()).json?;
    let mut value = &json;
    let mut walked = Vec::new();
    for name in &path {
        let Some(inner) = value.get(name) else { break };
        value = inner;
        walked.push(name.as_str());
        if !value.is_object() {
            break;
        }
    }
    // A whole service, or all of them, is what stands there already.
    if walked.len() < 3 {
        return None;
    }
    let shown = shown(value, walked.last().copied().unwrap_or_default(), DEPTH);
    let text = serde_yaml::to_string(&shown).ok()?;
    Some(format!("`{}` as Compose resolves it:\n\n```yaml\n{}\n```", walked.join("."), asked.checked.masks.hide(text.trim_end())))
}

/// A value without what must stay secret.
fn shown(value: &Value, name: &str, depth: usize) -> Value {
    match value {
        Value::String(_) if looks_secret(name) => json!("•••"),
        Value::Object(map) if depth > 0 => map.iter().map(|(key, value)| (key.clone(), shown(value, key, depth - 1))).collect(),
        other => other.clone(),
    }
}

/// The keys that lead to a place in a tree of mappings.
fn path_to(root: &Node, place: Span) -> Option<Vec<String>> {
    let mut path = Vec::new();
    let mut node = root;
    for _ in 0..DEPTH {
        let Some(entry) = node.entries().iter().find(|entry| touches(entry.key.span.to(entry.value.span), place)) else { break };
        path.push(entry.key.as_str()?.to_owned());
        if touches(entry.key.span, place) {
            break;
        }
        node = &entry.value;
    }
    (!path.is_empty()).then_some(path)
}
