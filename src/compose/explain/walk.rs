//! The walk over the model that finds them.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::candidate::{Candidate, Here};
use super::contribution::{Contribution, Explained, Explanation, Source, Variable, VariableSource};
use crate::compose::environment::{env_file_lines, label_lines};
use crate::compose::loader::Loader;
use crate::compose::model::EnvVar;
use crate::compose::request::Request;
use crate::compose::tree::{Data, Made, Node, StepKind};
use crate::source::Span;

/// What explaining needs.
struct Walk<'a, 'b, 'l> {
    loader: &'b mut Loader<'l>,
    request: &'b Request,
    model: &'a Node,
    json: &'b Json,
    /// The lines of env files (true) and label files (false) of services.
    lines: BTreeMap<(String, bool), Vec<(EnvVar, Span)>>,
    found: Vec<Explanation>,
}

impl<'a> Walk<'a, '_, '_> {
    fn value(&mut self, value: &Json, here: &Here<'a>, keys: &mut Vec<String>) {
        let scalar = here.wins.as_ref().is_some_and(|w| w.node.as_scalar().is_some_and(|s| s.data != Data::Null));
        match value {
            Json::Object(map) if !map.is_empty() => self.children(value, here, keys),
            Json::Array(items) if !items.is_empty() && !scalar => self.children(value, here, keys),
            _ => self.leaf(value, here, keys),
        }
    }

    fn children(&mut self, value: &Json, here: &Here<'a>, keys: &mut Vec<String>) {
        let names: Vec<String> = match value {
            Json::Object(map) => map.keys().cloned().collect(),
            Json::Array(items) => (0..items.len()).map(|i| i.to_string()).collect(),
            _ => Vec::new(),
        };
        for name in names {
            let Some(inner) = step(value, &name) else { continue };
            let below = here.child(&name);
            keys.push(name);
            // commands that are not set are printed as null
            if !(inner.is_null() && matches!(keys.as_slice(), [_, _, key] if key == "command" || key == "entrypoint")) {
                self.value(inner, &below, keys);
            }
            keys.pop();
        }
    }

    fn leaf(&mut self, value: &Json, here: &Here<'a>, keys: &[String]) {
        let mut contributions = self.removed(keys);
        contributions.extend(self.lines_of_files(keys));
        contributions.extend(here.lost.iter().map(|c| self.contribution(c, keys)));
        let is_name = matches!(keys, [name] if name == "name");
        let elsewhere = is_name || (!contributions.is_empty() && is_variable(keys));
        if let Some(winner) = here.wins.as_ref().filter(|w| !(w.whole && elsewhere)) {
            let own = self.contribution(winner, keys);
            contributions.push(Contribution { value: value.clone(), ..own });
        }
        if is_name {
            contributions.extend(self.given_name(value, contributions.is_empty()));
        }
        if let Some(last) = contributions.last_mut() {
            last.wins = last.removed_by.is_none();
        }
        self.found.push(Explanation { path: keys.join("."), value: value.clone(), contributions });
    }

    /// A path that the printed model does not have: a value that says nothing, or one that was taken away.
    fn silent(&mut self, keys: &[String]) {
        let here = keys.iter().try_fold(Here::new(self.model), |here, key| {
            let next = here.child(key);
            next.wins.as_ref().is_some_and(|w| !w.whole).then_some(next)
        });
        let value = here.as_ref().and_then(|h| h.wins.as_ref()).map_or(Json::Null, Candidate::value);
        let service = keys.first().filter(|top| *top == "services").and(keys.get(1));
        let active = service.is_none_or(|name| self.json.pointer("/services").and_then(|s| s.get(name)).is_some());
        if here.is_some() && active {
            self.leaf(&value, &here.unwrap_or_default(), keys);
            return;
        }
        let contributions = self.removed(keys);
        if !contributions.is_empty() {
            self.found.push(Explanation { path: keys.join("."), value: Json::Null, contributions });
        }
    }

    /// What says the project's name other than its files.
    fn given_name(&self, value: &Json, nowhere: bool) -> Option<Contribution> {
        let variable = "COMPOSE_PROJECT_NAME";
        let place = self.loader.env_places.get(variable).copied();
        let source = match self.request.project_name {
            Some(_) => Source::CommandLine,
            None if self.request.environment.get(variable).is_some_and(|n| !n.is_empty()) => Source::Environment,
            None if place.is_some() => Source::EnvFile,
            None if nowhere => Source::Default,
            None => return None,
        };
        let span = place.filter(|_| source == Source::EnvFile);
        Some(Contribution { value: value.clone(), span, ..Contribution::from(source) })
    }

    /// What a `!reset` or `!override` took away at a path.
    fn removed(&mut self, keys: &[String]) -> Vec<Contribution> {
        let removed = std::mem::take(&mut self.loader.resets.removed);
        let mut all = Vec::new();
        for one in removed.iter().filter(|r| keys.starts_with(&r.path)) {
            let root = Candidate::new(&one.value);
            let start = Here { lost: root.past().collect(), wins: Some(root) };
            let rest = keys.get(one.path.len()..).unwrap_or_default();
            let Here { mut lost, wins } = rest.iter().fold(start, |here, key| {
                let lost = here.lost.iter().chain(&here.wins).filter_map(|c| c.lost_child(key)).collect();
                Here { lost, wins: None }
            });
            lost.extend(wins);
            all.extend(lost.iter().map(|c| Contribution { removed_by: Some(one.by), ..self.contribution(c, keys) }));
        }
        self.loader.resets.removed = removed;
        all
    }

    /// The lines of env files that set a variable, and those of label files that set a label.
    fn lines_of_files(&mut self, keys: &[String]) -> Vec<Contribution> {
        let [top, service, kind, name] = keys else { return Vec::new() };
        if top != "services" || !is_variable(keys) {
            return Vec::new();
        }
        let environment = kind == "environment";
        let key = (service.clone(), environment);
        if !self.lines.contains_key(&key) {
            let lines = match (environment, self.model.at(&["services", service])) {
                (true, Some(node)) => env_file_lines(node, self.loader),
                (false, Some(_)) => label_lines(self.model, service, self.loader),
                (_, None) => Vec::new(),
            };
            self.lines.insert(key.clone(), lines);
        }
        let lines = self.lines.get(&key).into_iter().flatten().filter(|(v, _)| v.name.value == *name);
        lines.map(|(variable, asked)| file_line(variable, *asked)).collect()
    }

    fn contribution(&self, candidate: &Candidate<'a>, keys: &[String]) -> Contribution {
        let node = candidate.node;
        let named = candidate.name.as_deref();
        let bare = named.filter(|name| self.loader.sources.slice(node.span).trim_matches(['"', '\'']) == *name);
        let mut variables = self.variables(node);
        if let Some(name) = bare.or(if node.is_null() && is_variable(keys) { keys.last().map(String::as_str) } else { None }) {
            variables.push(Variable { name: name.to_owned(), from: self.variable_source(name) });
        }
        let source = match candidate.made {
            Made::Written => Source::Written,
            Made::Short => Source::ShortForm,
            Made::Default => Source::Default,
        };
        Contribution {
            value: candidate.value(),
            span: Some(node.span).filter(|_| source != Source::Default),
            via: candidate.via.iter().map(|s| (s.kind, s.span)).collect(),
            raw: candidate.raw(),
            variables,
            ..Contribution::from(source)
        }
    }

    fn variables(&self, node: &Node) -> Vec<Variable> {
        if node.as_scalar().is_none_or(|s| s.raw.is_none()) {
            return Vec::new();
        }
        let mut seen: Vec<(&str, Span)> = Vec::new();
        let mut all = Vec::new();
        for used in self.loader.variables.iter().filter(|u| node.span.contains(u.span)) {
            if seen.contains(&(&used.name, used.span)) {
                continue;
            }
            seen.push((&used.name, used.span));
            let from = match (used.from, used.set) {
                (Some(span), _) => VariableSource::File(span),
                (None, true) => VariableSource::Environment,
                (None, false) if used.has_default => VariableSource::Default,
                (None, false) => VariableSource::Unset,
            };
            all.push(Variable { name: used.name.clone(), from });
        }
        all
    }

    fn variable_source(&self, name: &str) -> VariableSource {
        match self.loader.env_places.get(name) {
            Some(span) => VariableSource::File(*span),
            None if self.loader.env.contains_key(name) => VariableSource::Environment,
            None => VariableSource::Unset,
        }
    }
}

impl Loader<'_> {
    /// Explains a key path; `model` is normalised, `json` is what is printed of it.
    pub(in crate::compose) fn explain(&mut self, path: &str, model: &Node, json: &Json, request: &Request) -> Explained {
        let mut walk = Walk { loader: self, request, model, json, lines: BTreeMap::new(), found: Vec::new() };
        let wanted = path.replace('[', ".").replace(']', "");
        let wanted = wanted.trim_matches('.');
        let mut keys = Vec::new();
        let printed = descend(json, wanted, &mut keys);
        match printed {
            Ok(value) => {
                let here = keys.iter().fold(Here::new(model), |here, key| here.child(key));
                walk.value(value, &here, &mut keys);
            }
            Err(missing) => {
                let all: Vec<String> = wanted.split('.').map(str::to_owned).collect();
                walk.silent(&all);
                if walk.found.is_empty() {
                    return unknown(json, model, &keys, &missing);
                }
            }
        }
        Explained::Found(walk.found)
    }
}

fn unknown(json: &Json, model: &Node, keys: &[String], missing: &str) -> Explained {
    let parent = keys.join(".");
    let key = missing.split('.').next().unwrap_or_default().to_owned();
    let at = keys.iter().try_fold(json, |value, key| step(value, key));
    let names = at.and_then(Json::as_object).into_iter().flat_map(|o| o.keys().map(String::as_str));
    let nearest =
        crate::syntax::closest(&key, names).map(|near| if parent.is_empty() { near.to_owned() } else { format!("{parent}.{near}") });
    let inactive = keys == ["services"] && model.at(&["services", &key]).is_some();
    Explained::Unknown { parent, key, nearest, inactive }
}

fn step<'j>(value: &'j Json, key: &str) -> Option<&'j Json> {
    match value {
        Json::Object(map) => map.get(key),
        Json::Array(items) => key.parse::<usize>().ok().and_then(|i| items.get(i)),
        _ => None,
    }
}

/// Follows a path whose keys may hold dots themselves; what could not be followed is given back.
fn descend<'j>(mut value: &'j Json, mut rest: &str, keys: &mut Vec<String>) -> Result<&'j Json, String> {
    while !rest.is_empty() {
        let fits = |key: &str| rest.strip_prefix(key).is_some_and(|r| r.is_empty() || r.starts_with('.'));
        let first = rest.split('.').next().unwrap_or_default();
        let key = match value {
            Json::Object(map) => map.keys().filter(|k| fits(k)).max_by_key(|k| k.len()).map_or(first, String::as_str),
            _ => first,
        };
        let Some(next) = step(value, key) else { return Err(rest.to_owned()) };
        keys.push(key.to_owned());
        rest = rest.get(key.len()..).unwrap_or_default().trim_start_matches('.');
        value = next;
    }
    Ok(value)
}

fn is_variable(keys: &[String]) -> bool {
    matches!(keys, [top, _, key, _] if top == "services" && (key == "environment" || key == "labels"))
}

fn file_line(variable: &EnvVar, asked: Span) -> Contribution {
    Contribution {
        value: variable.value.as_ref().map_or(Json::Null, |t| Json::from(t.value.as_str())),
        span: Some(variable.span),
        via: vec![(StepKind::EnvFile, asked)],
        raw: variable.raw.clone().filter(|_| variable.interpolated()),
        ..Contribution::from(Source::EnvFile)
    }
}
