//! What builds: the engine's BuildKit, its classic builder, or a BuildKit daemon.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::nodes::Node;
use super::{Built, Event, Failure, Job, What};

/// What a backend does by itself, so that a run need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caps {
    /// Equal steps of builds that run at the same time are executed once.
    pub merges: bool,
}

/// A build that was asked for.
#[derive(Clone, Copy)]
pub(super) struct Order<'a> {
    /// What the node is part of.
    pub job: &'a Job<'a>,
    /// The build.
    pub node: &'a Node,
    /// The images of the nodes that are built already.
    pub images: &'a BTreeMap<usize, String>,
}

/// A build that runs; dropping it stops the build in the engine, too.
pub(super) type Solving = Pin<Box<dyn Future<Output = Result<Built, Failure>> + Send>>;

/// Builds one node after the other, or many at once.
pub(super) trait Backend: Send + Sync {
    /// What it does by itself.
    fn caps(&self) -> Caps;

    /// Says before anything runs what of a job it cannot do, as a text for the user; else what it will overlook.
    fn refuse<'a>(&'a self, job: &'a Job<'a>) -> Pin<Box<dyn Future<Output = Result<Vec<String>, String>> + 'a>>;

    /// Starts a build.
    fn solve(&self, order: Order<'_>, events: Events) -> Solving;
}

/// Where a build tells what happens in it.
#[derive(Clone, Debug)]
pub(super) struct Events {
    node: usize,
    to: UnboundedSender<Event>,
}

impl Events {
    pub(super) fn new(node: usize, to: &UnboundedSender<Event>) -> Events {
        Events { node, to: to.clone() }
    }

    /// The id of a step that only this build has.
    pub(super) fn step_id(&self, number: usize) -> Arc<str> {
        format!("{}.{number}", self.node).into()
    }

    /// Tells it; nobody listens any more once a run has ended.
    pub(super) fn tell(&self, what: What) {
        let _ = self.to.send(Event { node: self.node, what });
    }
}

/// A step of a build, as its builder tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StepEvent {
    /// Steps of the same id are one, whichever build tells of it.
    pub id: Arc<str>,
    /// What the builder calls it: `[build 2/3] RUN make`.
    pub name: String,
    /// The instruction's line in the Dockerfile, where it is one.
    pub line: Option<usize>,
    /// The instruction, where it is one.
    pub instruction: Option<String>,
    /// What happened to it.
    pub state: StepState,
}

/// What happened to a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum StepState {
    /// It began.
    Running,
    /// It was found in the cache.
    Cached,
    /// It was executed.
    Done(Duration),
    /// It failed.
    Failed(String),
    /// It was stopped.
    Cancelled,
}

/// Values that are shown nowhere.
#[derive(Clone, Debug, Default)]
pub(super) struct Mask(Vec<String>);

impl Mask {
    /// Hides these values, and the longer lines of those that have several; what is shorter than three characters
    /// would tear up every text.
    pub(super) fn new(values: impl Iterator<Item = String>) -> Mask {
        let mut all: Vec<String> = Vec::new();
        for value in values {
            all.extend(value.lines().map(str::trim).filter(|line| line.chars().count() > 7).map(str::to_owned));
            all.push(value.trim().to_owned());
        }
        all.retain(|value| value.chars().count() > 2);
        all.sort_by_key(|value| std::cmp::Reverse(value.len()));
        all.dedup();
        Mask(all)
    }

    /// The text with dots where a value stood.
    pub(super) fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), "***"))
    }
}
