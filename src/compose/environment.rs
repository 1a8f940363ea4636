//! A service's variables and labels: the lines of its files, and what it sets itself over them.

use super::canonical::split_pair;
use super::loader::Loader;
use super::model::{EnvFile, EnvVar, ProblemKind};
use super::substitute::{Env, boolean};
use super::tree::{Data, Entry, Node};
use crate::files;
use crate::source::{At, Span};
use crate::syntax::dotenv::{self, Format};

/// `name=value` lists and mappings.
pub(super) fn variables(node: Option<&Node>) -> Vec<EnvVar> {
    let Some(node) = node else { return Vec::new() };
    let mut out: Vec<EnvVar> = node.entries().iter().map(entry_variable).collect();
    out.extend(node.items().iter().filter_map(item_variable));
    out
}

fn entry_variable(entry: &Entry) -> EnvVar {
    let scalar = entry.value.as_scalar();
    let value = entry.value.any_text();
    let raw = scalar.filter(|s| s.data != Data::Null).map(|s| s.raw.clone().unwrap_or_else(|| s.text.value.clone()));
    EnvVar { name: entry.key.clone(), value, raw, span: entry.key.span.to(entry.value.span), from_file: false }
}

fn item_variable(item: &Node) -> Option<EnvVar> {
    let scalar = item.as_scalar()?;
    let whole = item.any_text()?;
    let Some((name, value)) = split_pair(&whole) else {
        return Some(EnvVar { name: At::new(whole.value.clone(), whole.span), value: None, raw: None, span: item.span, from_file: false });
    };
    let raw = match &scalar.raw {
        Some(raw) => raw.split_once('=').map(|(_, value)| value.to_owned()),
        None => Some(value.value.clone()),
    };
    Some(EnvVar { name, value: Some(value), raw, span: item.span, from_file: false })
}

/// `env_file`, then `environment` over it.
pub(super) fn environment(node: &Node, loader: &mut Loader<'_>) -> (Vec<EnvFile>, Vec<EnvVar>) {
    let own = variables(node.get("environment"));
    let (files, lines) = env_files(node, &own, loader);
    let mut all: Vec<EnvVar> = Vec::with_capacity(lines.len() + own.len());
    for variable in lines.into_iter().map(|(variable, _)| variable).chain(own) {
        replace(&mut all, variable);
    }
    (files, all)
}

/// The lines of a service's env files, in order, each with the entry that names the file.
pub(super) fn env_file_lines(node: &Node, loader: &mut Loader<'_>) -> Vec<(EnvVar, Span)> {
    env_files(node, &variables(node.get("environment")), loader).1
}

fn env_files(node: &Node, own: &[EnvVar], loader: &mut Loader<'_>) -> (Vec<EnvFile>, Vec<(EnvVar, Span)>) {
    if node.items_at("env_file").next().is_none() {
        return (Vec::new(), Vec::new());
    }
    let own: Env = own.iter().filter_map(|v| Some((v.name.value.clone(), v.value.as_ref()?.value.clone()))).collect();
    let mut before = Env::new();
    let mut files = Vec::new();
    let mut lines = Vec::new();
    for item in node.items_at("env_file") {
        let Some((file, found)) = env_file(item, &own, &before, loader) else { continue };
        files.push(file);
        for variable in found {
            if let Some(value) = &variable.value {
                before.insert(variable.name.value.clone(), value.value.clone());
            }
            lines.push((variable, item.span));
        }
    }
    (files, lines)
}

fn replace(all: &mut Vec<EnvVar>, variable: EnvVar) {
    match all.iter_mut().find(|v| v.name.value == variable.name.value) {
        Some(slot) => *slot = variable,
        None => all.push(variable),
    }
}

fn env_file(item: &Node, own: &Env, before: &Env, loader: &mut Loader<'_>) -> Option<(EnvFile, Vec<EnvVar>)> {
    let path_node = item.get("path")?;
    let path = path_node.any_text()?;
    let scalar = path_node.as_scalar()?;
    let resolved = scalar.path.clone().unwrap_or_else(|| path.value.clone());
    let required = item.get("required").is_none_or(|r| match r.as_scalar().map(|s| s.data) {
        Some(Data::Bool(required)) => required,
        _ => r.as_str().and_then(boolean) != Some(false),
    });
    let mut file = EnvFile { path, resolved: resolved.clone(), required, file: None };
    if scalar.unset || !matches!(loader.files.kind(&resolved), Some(files::Kind::File)) {
        return Some((file, Vec::new()));
    }
    let Some(id) = loader.read(&resolved, None) else { return Some((file, Vec::new())) };
    file.file = Some(id);
    let raw = item.get("format").and_then(Node::as_str) == Some("raw");
    let env = std::rc::Rc::clone(&loader.env);
    let lookup = |name: &str| env.get(name).or_else(|| own.get(name)).cloned();
    let format = if raw { Format::Raw } else { Format::Compose };
    let parsed = dotenv::parse_after(loader.sources.get(id), format, &lookup, before.clone());
    for error in parsed.errors {
        loader.problems.fatal(ProblemKind::Invalid, error.span, &error.message).help = error.help;
    }
    Some((file, parsed.variables.into_iter().map(from_env_file).collect()))
}

fn from_env_file(line: dotenv::Variable) -> EnvVar {
    EnvVar { name: line.name, value: line.value, raw: Some(line.raw), span: line.span, from_file: true }
}

/// The lines of a service's label files, each with the entry that names the file.
pub(super) fn label_lines(model: &Node, service: &str, loader: &mut Loader<'_>) -> Vec<(EnvVar, Span)> {
    let mut lines: Vec<(EnvVar, Span)> = Vec::new();
    for item in model.at(&["services", service, "label_file"]).map_or(&[][..], Node::items) {
        let Some(scalar) = item.as_scalar().filter(|s| loader.strict || !s.unset) else { continue };
        let Some(path) = scalar.path.clone() else {
            loader.problems.fatal(ProblemKind::EnvFileMissing, item.span, "`label_file` names no file");
            continue;
        };
        let Some(id) = loader.read(&path, Some((item.span, ProblemKind::EnvFileMissing))) else { continue };
        let known = |name: &str| lines.iter().rev().find(|(v, _)| v.name.value == name).and_then(|(v, _)| v.value.as_ref());
        let parsed = dotenv::parse(loader.sources.get(id), Format::Compose, &|name| known(name).map(|t| t.value.clone()));
        for error in parsed.errors {
            loader.problems.fatal(ProblemKind::Invalid, error.span, &error.message).help = error.help;
        }
        lines.extend(parsed.variables.into_iter().filter(|v| v.value.is_some()).map(|v| (from_env_file(v), item.span)));
    }
    lines
}
