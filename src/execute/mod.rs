//! Runs a plan on Docker's engine. This folder is the only one that names the engine's client and its runtime.

mod backend;
mod buildkit;
mod classic;
mod context_tar;
mod credentials;
mod dial;
mod disk;
mod engine;
mod excerpt;
mod explain;
mod host;
mod interrupt;
mod logins;
mod nodes;
mod progress;
mod push;
mod reader;
pub mod report;
mod rewrite;
mod schedule;
mod ssh;
mod table;
mod tls;
mod transport;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backend::Order;
pub(crate) use backend::{StepEvent, StepState};
pub use context_tar::Sent;
pub use engine::Engine;
pub use host::{Host, TlsFiles};
pub use progress::Style;
pub use schedule::{Build, Report, run};
pub use table::table;

use crate::plan::{Image, Input, Plan, input};
use crate::source::{Sources, Span};
use crate::stack::context::Ignore;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Job<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What it was made from.
    pub input: &'a Input<'a>,
    /// The texts.
    pub sources: &'a Sources,
    /// The ignore file of each image, by its place in the plan.
    pub ignores: &'a BTreeMap<usize, Ignore>,
    /// The folder that relative paths count from.
    pub root: PathBuf,
    /// How.
    pub options: Options,
}

impl Job<'_> {
    /// Where the result of an image goes instead of the engine.
    fn output(&self, image: usize) -> Option<&Output> {
        self.options.output.as_ref().filter(|(place, _)| *place == image).map(|(_, output)| output)
    }

    /// Where an image's build is asked for, as the beginning of a line.
    fn place(&self, image: &Image) -> String {
        self.asked(image).and_then(|build| build.span).map_or_else(String::new, |span| self.line(span))
    }

    /// Where the entry of `cache_to` of this number stands, as the beginning of a line.
    fn cache_place(&self, image: &Image, number: usize) -> String {
        let span = self.asked(image).and_then(|build| build.places.cache_to.get(number));
        span.map_or_else(|| self.place(image), |span| self.line(*span))
    }

    /// Where the entry of `additional_contexts` of this name stands, as the beginning of a line.
    fn context_place(&self, image: &Image, name: &str) -> String {
        let places = self.asked(image).map_or(&[][..], |build| &build.places.contexts);
        let span = places.iter().find(|(context, _)| context == name).map(|(_, span)| *span);
        span.map_or_else(|| self.place(image), |span| self.line(span))
    }

    fn asked(&self, image: &Image) -> Option<&input::Build> {
        self.input.builds.iter().filter(|build| build.service).find(|build| image.services.contains(&build.name))
    }

    fn line(&self, span: Span) -> String {
        format!("{}:{}: ", self.sources.path(span.file), self.sources.line(span))
    }
}

/// Which of the engine's builders is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builder {
    /// BuildKit where the engine has it.
    Auto,
    /// BuildKit, or nothing.
    BuildKit,
    /// The classic builder.
    Classic,
}

/// How a plan is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// What builds.
    pub builder: Builder,
    /// At most so many builds at once; `None` for all that are ready.
    pub parallel: Option<usize>,
    /// Go on with what does not depend on a failed build.
    pub keep_going: bool,
    /// Take nothing from the cache.
    pub no_cache: bool,
    /// Ask the registry for newer base images.
    pub pull: bool,
    /// Send the images to their registries.
    pub push: bool,
    /// An image, by its place, whose result goes elsewhere than into the engine.
    pub output: Option<(usize, Output)>,
    /// How progress is shown.
    pub style: Style,
}

/// Where the result of a build goes instead of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// The image's files, into a folder.
    Folder(PathBuf),
    /// One file, or standard output.
    Archive {
        /// What it holds.
        kind: Archive,
        /// Its path; `None` for standard output.
        dest: Option<PathBuf>,
    },
}

/// What an archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Archive {
    /// The image's files.
    Tar,
    /// The image, as OCI has it.
    Oci,
    /// The image, as `docker load` takes it.
    Docker,
}

/// What became of one image, or of a stage that several images share.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// It is there.
    Built(Built),
    /// Its build failed.
    Failed(Failure),
    /// Another build failed, or the user stopped the run, while it was running or waiting.
    Cancelled,
    /// What it is made from was not built.
    Skipped {
        /// The build that it waited for.
        because: String,
    },
}

/// A finished build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Built {
    /// The image's digest in the engine.
    pub image: String,
    /// How long it took.
    pub time: Duration,
    /// Steps that were executed or found in the cache.
    pub steps: usize,
    /// Steps found in the cache.
    pub cached: usize,
    /// What became of the steps of the plan, by their places.
    pub ran: BTreeMap<usize, Ran>,
    /// What of the build context was sent for it.
    pub sent: Sent,
    /// The names under which it was sent to a registry.
    pub pushed: Vec<Pushed>,
}

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It was found in the cache.
    Cached,
    /// It was executed, and took so long.
    Executed(Duration),
}

/// A name of an image in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// The name, with its tag.
    pub name: String,
    /// The digest by which the registry knows it.
    pub digest: String,
}

/// A failed build.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failure {
    /// The Dockerfile's line, where the failure has one.
    pub line: Option<usize>,
    /// What went wrong.
    pub message: String,
    /// The exit code of the command, where one ran.
    pub exit_code: Option<i64>,
    /// The last lines that the step printed.
    pub output: Vec<String>,
    /// What to do, where it is known.
    pub help: Option<String>,
    /// What the builder was at, where that is no instruction.
    pub step: Option<String>,
    /// The engine went away: the build may have failed or not.
    pub lost: bool,
}

/// How many of a step's last lines a failure shows.
const TAIL: usize = 20;

/// Something that happens while a plan runs.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// The build in which it happens.
    pub node: usize,
    /// What happens.
    pub what: What,
}

/// What happens in a build.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Started,
    Step(StepEvent),
    /// A line that the step printed.
    Log {
        step: Arc<str>,
        text: String,
    },
    /// Something that the builder did for the step.
    Note {
        step: Arc<str>,
        text: String,
    },
    Ended(Outcome),
}
