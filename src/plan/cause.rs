//! Why a step runs again: what is the first to differ from the recorded build, and where it stands.

use std::collections::HashMap;

use super::content::{Contents, Tree};
use super::keys::Keys;
use super::recipe::{Base, Fact, Input, Topic, hex};
use super::record::{Record, Recorded, number};
use super::{Cause, Plan, Step};

/// Tells causes.
pub(super) struct Causes<'a> {
    plan: Plan,
    keys: &'a Keys,
    contents: &'a Contents,
    record: &'a Record,
    trees: Vec<Tree>,
}

/// The same cause for a step further down.
pub(super) fn above(cause: Option<&Option<Cause>>) -> Option<Cause> {
    let cause = cause?.as_ref()?;
    Some(Cause { above: true, ..cause.clone() })
}

impl<'a> Causes<'a> {
    pub(super) fn new(plan: &Plan, keys: &'a Keys, contents: &'a Contents, record: &'a Record) -> Causes<'a> {
        let trees = (0..plan.contexts.len()).map(|n| contents.get(n).map(|sent| record.tree(sent)).unwrap_or_default()).collect();
        Causes { plan: plan.clone(), keys, contents, record, trees }
    }

    /// Why a step may run again that reads of a stage which does.
    pub(super) fn depends(&self, step: usize, stage: &str, causes: &[Option<Cause>]) -> Cause {
        let own = self.plan.steps.get(step).map(|step| step.span);
        let span = causes.get(step).and_then(Option::as_ref).map(|cause| cause.span).or(own);
        let span = span.unwrap_or(crate::source::Span::new(crate::source::FileId(0), 0, 0));
        Cause { span, message: format!("depends on what `{stage}` puts out"), above: false }
    }

    /// Why a step runs that starts from one of these file systems and is not in the cache.
    pub(super) fn first(&self, place: usize, roots: &[String]) -> Cause {
        let fallback = || Cause {
            span: crate::source::Span::new(crate::source::FileId(0), 0, 0),
            message: "it was not built before".to_owned(),
            above: false,
        };
        let (Some(step), Some(key)) = (self.plan.steps.get(place), self.keys.steps.get(place)) else { return fallback() };
        let told = |message: String| Cause { span: step.span, message, above: false };
        let (op, files) = (hex(&key.op), hex(&key.files));
        let moved = self.record.steps.iter().find(|old| old.known.op == op && old.known.files == files);
        if let Some(old) = moved {
            return self.root_changed(step, old);
        }
        let alike = |old: &&Recorded| old.kind == step.kind.name();
        let after_same = self.record.steps.iter().filter(alike).filter(|old| roots.contains(&old.known.root));
        let named = self.record.steps.iter().filter(alike).find(|old| old.id == step.id);
        let Some(old) = closest(after_same, step).or(named) else {
            return told("it is new".to_owned());
        };
        if old.known.op == op {
            return told(self.files_changed(step).unwrap_or_else(|| "the files that it copies changed".to_owned()));
        }
        if let Some(cause) = facts_changed(step, old) {
            return cause;
        }
        told("the instruction changed".to_owned())
    }

    fn root_changed(&self, step: &Step, old: &Recorded) -> Cause {
        let own = |message: &str| Cause { span: step.span, message: message.to_owned(), above: false };
        match (&step.recipe.root.base, &old.base) {
            (Base::Image { name, span, .. }, Some(before)) if name != before => {
                Cause { span: *span, message: format!("the base image is {name} now, and was {before}"), above: false }
            }
            (Base::Image { name, span, .. }, Some(_)) => {
                Cause { span: *span, message: format!("the base image {name} is another one now"), above: false }
            }
            (Base::Image { .. } | Base::Scratch, None) => own("a step above it is gone"),
            _ => own("the steps above it were moved, added or taken away"),
        }
    }

    /// The first file that differs.
    fn files_changed(&self, step: &Step) -> Option<String> {
        let mut found: Vec<(String, &str)> = Vec::new();
        for input in &step.recipe.inputs {
            let Input::Context { context, paths } = input else { continue };
            let (now, then) = (&self.contents.get(*context)?.tree, self.trees.get(*context)?);
            found.extend(paths.iter().flat_map(|path| now.changes(then, path)));
        }
        found.dedup();
        let (path, what) = found.first()?;
        Some(match found.len() - 1 {
            0 => format!("{path} {what}"),
            more => format!("{path} {what}, and {more} more"),
        })
    }
}

/// Of several recorded steps the one at the same place, or else the one whose instruction is most like.
fn closest<'r>(steps: impl Iterator<Item = &'r Recorded>, step: &Step) -> Option<&'r Recorded> {
    let numbers: Vec<String> = step.recipe.facts.iter().map(number).collect();
    let like = |old: &Recorded| old.facts.iter().filter(|(_, _, value)| numbers.contains(value)).count();
    steps.max_by_key(|old| (old.id == step.id, like(old)))
}

/// The first thing that differs between a step and its record, told where it stands.
fn facts_changed(step: &Step, old: &Recorded) -> Option<Cause> {
    let told = |fact: &Fact, what: &str| Cause { span: fact.span, message: describe(fact.topic, &fact.name, what), above: false };
    let before: HashMap<(&str, &str), Vec<&str>> = old.facts.iter().fold(HashMap::new(), |mut all, (topic, name, value)| {
        all.entry((topic.as_str(), name.as_str())).or_insert_with(Vec::new).push(value.as_str());
        all
    });
    let mut order: Vec<&Fact> = step.recipe.facts.iter().collect();
    order.sort_by_key(|fact| !matches!(fact.topic, Topic::Command | Topic::Source | Topic::Heredoc));
    for fact in order {
        match before.get(&(fact.topic.word(), fact.name.as_str())) {
            None => return Some(told(fact, "is new")),
            Some(values) if !values.contains(&number(fact).as_str()) => return Some(told(fact, "changed")),
            Some(_) => {}
        }
    }
    let now: Vec<(&str, &str)> = step.recipe.facts.iter().map(|fact| (fact.topic.word(), fact.name.as_str())).collect();
    let gone = old.facts.iter().find(|(topic, name, _)| !now.contains(&(topic.as_str(), name.as_str())));
    let message = match gone {
        Some((topic, name, _)) if topic == "variable" => format!("variable {name} is gone"),
        Some((topic, name, _)) if topic == "mount" => format!("the mount at {name} is gone"),
        Some((topic, _, _)) if topic == "source" => "a source is gone".to_owned(),
        Some(_) => "the instruction changed".to_owned(),
        None if step.recipe.facts.iter().any(|fact| matches!(fact.topic, Topic::Variable | Topic::Argument)) => {
            "the order of its variables changed".to_owned()
        }
        None => "the order of its words changed".to_owned(),
    };
    Some(Cause { span: step.span, message, above: false })
}

fn describe(topic: Topic, name: &str, what: &str) -> String {
    match topic {
        Topic::Variable if name.is_empty() => "the base image's variables stand elsewhere now".to_owned(),
        Topic::Variable => format!("variable {name} {what}"),
        Topic::Argument => format!("argument {name} {what}"),
        Topic::Mount => format!("the mount at {name} {what}"),
        Topic::Heredoc => format!("the text of {name} {what}"),
        Topic::Kind | Topic::Command => "the instruction changed".to_owned(),
        Topic::Shell => format!("the shell {what}"),
        Topic::User => format!("the user {what}"),
        Topic::Folder => format!("the working folder {what}"),
        Topic::Secret => format!("a secret mount {what}"),
        Topic::Ssh => format!("an ssh mount {what}"),
        Topic::Network => format!("the network {what}"),
        Topic::Security => format!("the security mode {what}"),
        Topic::Device => format!("a device {what}"),
        Topic::Host => format!("an extra host {what}"),
        Topic::Hostname => format!("the host name {what}"),
        Topic::Ulimit => format!("a limit {what}"),
        Topic::SharedMemory => format!("the shared memory's size {what}"),
        Topic::Platform => format!("the platform {what}"),
        Topic::Source => format!("a source's name {what}"),
        Topic::Destination => format!("the destination {what}"),
        Topic::Owner => format!("--chown {what}"),
        Topic::Mode => format!("--chmod {what}"),
        Topic::Exclude => format!("--exclude {what}"),
        Topic::Parents => format!("--parents {what}"),
        Topic::Checksum => format!("--checksum {what}"),
        Topic::Epoch => format!("SOURCE_DATE_EPOCH {what}"),
    }
}
