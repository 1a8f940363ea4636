//! What a builder's cache holds after a build: the key of every step, and enough of each to say later what changed.
//! Values are in it only as numbers that cannot be turned back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::content::{Contents, Node, Sent, Tree};
use super::keys::{Key, Keys};
use super::recipe::{Base, Fact, Input, hash, hex};
use super::{Plan, StepKind};
use crate::files::Kind;
use crate::source::Sources;

const VERSION: u32 = 1;
/// Steps of earlier builds that are kept: the engine's cache holds those as well.
const EARLIER: usize = 4000;

/// A record of a build.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    version: u32,
    /// The steps of the build.
    pub(super) steps: Vec<Recorded>,
    /// The files that they read, by context.
    contexts: BTreeMap<String, Vec<File>>,
    /// Steps of builds before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) earlier: Vec<Known>,
}

/// A step under which the cache holds a result.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    pub key: String,
    pub op: String,
    pub root: String,
    pub files: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
}

/// A step of the recorded build.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Recorded {
    pub id: String,
    pub file: String,
    pub line: usize,
    pub kind: String,
    #[serde(flatten)]
    pub known: Known,
    /// The image that it starts from, where it is the first on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// What counts: topic, name, and the value's number.
    pub facts: Vec<(String, String, String)>,
}

/// A file of a context: its path, mode, and what it is: `dir`, a link's target after `->`, or its content's number.
type File = (String, u32, String);

impl Record {
    /// The record of a plan whose keys are known.
    pub fn of(plan: &Plan, keys: &Keys, contents: &Contents, sources: &Sources) -> Record {
        let mut record = Record { version: VERSION, ..Record::default() };
        for (step, key) in plan.steps.iter().zip(&keys.steps) {
            let base = match &step.recipe.root.base {
                Base::Image { name, .. } => Some(name.clone()),
                _ => None,
            };
            record.steps.push(Recorded {
                id: step.id.clone(),
                file: sources.path(step.span.file).to_owned(),
                line: sources.line(step.span),
                kind: step.kind.name().to_owned(),
                known: Known::of(key),
                base,
                facts: step.recipe.facts.iter().map(|fact| (fact.topic.word().to_owned(), fact.name.clone(), number(fact))).collect(),
            });
        }
        record.contexts = used(plan, contents);
        record
    }

    /// Reads a record; an error is a text for the user.
    pub fn parse(text: &str) -> Result<Record, String> {
        let record: Record = serde_json::from_str(text).map_err(|error| format!("is no record of a plan: {error}"))?;
        if record.version != VERSION {
            return Err(format!("was written by another version of stacklint (format {})", record.version));
        }
        Ok(record)
    }

    /// The text of a record's file.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// Adds what a record of builds before holds: a builder forgets nothing by the next build.
    pub fn after(mut self, before: Record) -> Record {
        let own: BTreeSet<&str> = self.steps.iter().map(|step| step.known.key.as_str()).collect();
        let mut seen = BTreeSet::new();
        let all = before.steps.into_iter().map(|step| step.known).chain(before.earlier);
        let kept = all.filter(|known| !own.contains(known.key.as_str()) && seen.insert(known.key.clone()));
        self.earlier = kept.take(EARLIER).collect();
        self
    }

    /// The recorded files of a context; where its ignore file is another one now, those of the same folder.
    pub(super) fn tree(&self, sent: &Sent) -> Tree {
        let same_folder = || self.contexts.iter().find(|(name, _)| name.lines().next() == Some(&sent.dir)).map(|(_, files)| files);
        let files = self.contexts.get(&name(sent)).or_else(same_folder).map_or(&[][..], Vec::as_slice);
        Tree::new(files.iter().map(node).collect())
    }

    /// All that the cache holds.
    pub(super) fn known(&self) -> impl Iterator<Item = &Known> {
        self.steps.iter().map(|step| &step.known).chain(&self.earlier)
    }
}

impl Known {
    pub(super) fn of(key: &Key) -> Known {
        Known {
            key: hex(&key.key),
            op: hex(&key.op),
            root: hex(&key.root),
            files: hex(&key.files),
            inputs: key.inputs.iter().map(|input| hex(input)).collect(),
        }
    }
}

/// A fact's value as a number.
pub(super) fn number(fact: &Fact) -> String {
    hex(hash(&[fact.topic.word().as_bytes(), fact.name.as_bytes(), fact.value.as_bytes()]).get(..8).unwrap_or_default())
}

/// A context's name: its folder and its ignore file.
fn name(sent: &Sent) -> String {
    format!("{}\n{}", sent.dir, sent.ignore.path.as_deref().unwrap_or_default())
}

/// The files that steps read, by context.
fn used(plan: &Plan, contents: &Contents) -> BTreeMap<String, Vec<File>> {
    let mut wanted: BTreeMap<String, (&Sent, BTreeSet<usize>)> = BTreeMap::new();
    for input in plan.steps.iter().filter(|step| step.kind != StepKind::Workdir).flat_map(|step| &step.recipe.inputs) {
        let Input::Context { context, paths } = input else { continue };
        let Some(sent) = contents.get(*context) else { continue };
        let (_, places) = wanted.entry(name(sent)).or_insert_with(|| {
            // Links that were followed lead to the same files only while they are there.
            let links = sent.tree.nodes.iter().enumerate().filter(|(_, node)| node.kind == Kind::Symlink).map(|(place, _)| place);
            (sent, links.flat_map(|place| sent.tree.with_folders(place)).collect())
        });
        let selected = paths.iter().flat_map(|path| sent.tree.select(path)).map(|(_, place)| place);
        places.extend(selected.flat_map(|place| sent.tree.with_folders(place)));
    }
    let files =
        |(sent, places): (&Sent, BTreeSet<usize>)| places.into_iter().filter_map(|place| sent.tree.nodes.get(place)).map(file).collect();
    wanted.into_iter().map(|(name, found)| (name, files(found))).collect()
}

fn file(node: &Node) -> File {
    let what = match (node.kind, &node.link, &node.digest) {
        (Kind::Dir, _, _) => "dir".to_owned(),
        (_, Some(target), _) => format!("->{target}"),
        (_, _, Some(digest)) => hex(digest),
        _ => String::new(),
    };
    (node.path.clone(), node.mode, what)
}

fn node((path, mode, what): &File) -> Node {
    let link = what.strip_prefix("->").map(str::to_owned);
    let kind = match what.as_str() {
        "dir" => Kind::Dir,
        _ if link.is_some() => Kind::Symlink,
        _ => Kind::File,
    };
    Node { path: path.clone(), kind, mode: *mode, link, digest: digest(what) }
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    let mut digest = [0; 32];
    for (n, slot) in digest.iter_mut().enumerate() {
        *slot = u8::from_str_radix(hex.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(digest)
}
